import Inference

/// The numbers of `ov_element_type_e` beside our datatypes.
enum OpenVinoElementType {
  static let string: UInt32 = 23

  static func code(of datatype: Datatype) -> UInt32 {
    switch datatype {
    case .bool: 1
    case .bfloat16: 2
    case .float16: 3
    case .float32: 4
    case .float64: 5
    case .int8: 7
    case .int16: 8
    case .int32: 9
    case .int64: 10
    case .uint8: 16
    case .uint16: 17
    case .uint32: 18
    case .uint64: 19
    case .bytes: string
    }
  }

  /// `nil` for the types that the Open Inference Protocol does not have: eight-bit floats, integers
  /// of less than eight bits.
  static func datatype(of code: UInt32) -> Datatype? {
    Datatype.allCases.first { Self.code(of: $0) == code }
  }
}
