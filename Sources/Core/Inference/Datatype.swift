/// The element type of a tensor, as the Open Inference Protocol V2 names it.
///
/// Raw values are ours alone and stay inside the process; names on the wire come from `name`.
package enum Datatype: UInt8, Sendable, Hashable, CaseIterable {
  case bool
  case uint8, uint16, uint32, uint64
  case int8, int16, int32, int64
  case float16, float32, float64
  case bfloat16
  /// Strings or opaque bytes. A tensor of this type holds, for each element in row-major order, a
  /// 4-byte little-endian length followed by that many bytes.
  case bytes

  /// Bytes of one element, or `nil` for `bytes`, whose elements have lengths of their own.
  @inlinable
  package var elementByteCount: Int? {
    switch self {
    case .bool, .uint8, .int8: 1
    case .uint16, .int16, .float16, .bfloat16: 2
    case .uint32, .int32, .float32: 4
    case .uint64, .int64, .float64: 8
    case .bytes: nil
    }
  }

  /// The name in the Open Inference Protocol: `BOOL`, `UINT8`, ..., `FP16`, `FP32`, `FP64`, `BF16`,
  /// `BYTES`.
  package var name: String {
    switch self {
    case .bool: "BOOL"
    case .uint8: "UINT8"
    case .uint16: "UINT16"
    case .uint32: "UINT32"
    case .uint64: "UINT64"
    case .int8: "INT8"
    case .int16: "INT16"
    case .int32: "INT32"
    case .int64: "INT64"
    case .float16: "FP16"
    case .float32: "FP32"
    case .float64: "FP64"
    case .bfloat16: "BF16"
    case .bytes: "BYTES"
    }
  }

  /// The datatype with that Open Inference Protocol name, which is case-sensitive.
  package init?(name: String) {
    guard let match = Datatype.allCases.first(where: { $0.name == name }) else { return nil }
    self = match
  }
}
