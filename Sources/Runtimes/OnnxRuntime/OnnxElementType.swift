import Inference

/// The numbers of `ONNXTensorElementDataType` beside our datatypes.
enum OnnxElementType {
  static let int64: Int32 = 7
  static let string: Int32 = 8

  static func code(of datatype: Datatype) -> Int32 {
    switch datatype {
    case .float32: 1
    case .uint8: 2
    case .int8: 3
    case .uint16: 4
    case .int16: 5
    case .int32: 6
    case .int64: int64
    case .bytes: string
    case .bool: 9
    case .float16: 10
    case .float64: 11
    case .uint32: 12
    case .uint64: 13
    case .bfloat16: 16
    }
  }

  /// `nil` for the types that the Open Inference Protocol does not have: complex numbers, eight-bit
  /// floats, four-bit integers.
  static func datatype(of code: Int32) -> Datatype? {
    Datatype.allCases.first { Self.code(of: $0) == code }
  }
}

/// The numbers of `ONNXType`.
enum OnnxValueKind {
  static let tensor: Int32 = 1
  static let sequence: Int32 = 2
  static let map: Int32 = 3

  static func name(of kind: Int32) -> String {
    switch kind {
    case tensor: "tensor"
    case sequence: "sequence"
    case map: "map"
    case 4: "opaque value"
    case 5: "sparse tensor"
    case 6: "optional value"
    default: "value of unknown kind \(kind)"
    }
  }
}
