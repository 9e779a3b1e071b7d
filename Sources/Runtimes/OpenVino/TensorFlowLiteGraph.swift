import Inference

/// Whether a TensorFlow Lite file computes on eight-bit integers: what its operators are.
///
/// Reads the FlatBuffers tables of `schema.fbs`; whatever points outside the file ends the reading.
struct TensorFlowLiteGraph {
  private let bytes: UnsafeRawBufferPointer

  /// `DEQUANTIZE` and `QUANTIZE` of `BuiltinOperator`.
  private static let quantising: [UInt32] = [6, 114]
  /// `UINT8` and `INT8` of `TensorType`.
  private static let eightBit: [UInt8] = [3, 9]

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// An operator to or from eight bits, or an input of the graph that is quantised itself.
  var isQuantised: Bool {
    guard let root = follow(0) else { return false }
    let quantises = tables(of: root, field: 1).contains { code in
      let old = UInt32(scalar(of: code, field: 0, as: UInt8.self) ?? 0)
      let new = scalar(of: code, field: 3, as: UInt32.self) ?? 0
      return Self.quantising.contains(max(old, new))
    }
    return quantises || tables(of: root, field: 2).contains(where: hasQuantisedTensors)
  }

  /// `SubGraph.tensors`, of which `type` is field 1 and `quantization` field 4.
  private func hasQuantisedTensors(_ graph: Int) -> Bool {
    tables(of: graph, field: 0).contains { tensor in
      Self.eightBit.contains(scalar(of: tensor, field: 1, as: UInt8.self) ?? 0)
        && place(of: tensor, field: 4) != nil
    }
  }

  // MARK: FlatBuffers

  private func load<Number: FixedWidthInteger & BitwiseCopyable>(
    _ place: Int, as type: Number.Type
  ) -> Number? {
    guard place >= 0, place <= bytes.count - MemoryLayout<Number>.size else { return nil }
    return Number(littleEndian: bytes.loadUnaligned(fromByteOffset: place, as: type))
  }

  /// Where the offset that is stored at a place leads.
  private func follow(_ place: Int) -> Int? {
    load(place, as: UInt32.self).map { place + Int($0) }
  }

  private func place(of table: Int, field: Int) -> Int? {
    guard let back = load(table, as: Int32.self) else { return nil }
    let fields = table - Int(back)
    guard let size = load(fields, as: UInt16.self), Int(size) >= 6 + 2 * field,
      let offset = load(fields + 4 + 2 * field, as: UInt16.self), offset > 0
    else { return nil }
    return table + Int(offset)
  }

  private func scalar<Number: FixedWidthInteger & BitwiseCopyable>(
    of table: Int, field: Int, as type: Number.Type
  ) -> Number? {
    place(of: table, field: field).flatMap { load($0, as: type) }
  }

  private func tables(of table: Int, field: Int) -> [Int] {
    guard let vector = place(of: table, field: field).flatMap(follow),
      let count = load(vector, as: UInt32.self), Int(count) <= bytes.count / 4
    else { return [] }
    return (0..<Int(count)).compactMap { follow(vector + 4 + 4 * $0) }
  }
}
