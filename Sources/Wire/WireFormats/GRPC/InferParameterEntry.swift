import Inference

/// One entry of a `map<string, InferParameter>`.
struct InferParameterEntry {
  private(set) var name = ""
  private(set) var value = Value.none

  enum Value: Equatable {
    case none
    case bool(Bool)
    case integer(Int64)
    case unsigned(UInt64)
    case string(String)
    case number(Double)
  }

  init(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) {
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch field.number {
      case 1:
        try reader.expect(.bytes, field)
        name = try reader.string()
      case 2:
        try reader.expect(.bytes, field)
        try readValue(try reader.slice())
      default: try reader.skip(field)
      }
    }
  }

  private mutating func readValue(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) {
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (1, .varint): value = .bool(try reader.varint() != 0)
      case (2, .varint): value = .integer(Int64(bitPattern: try reader.varint()))
      case (3, .bytes): value = .string(try reader.string())
      case (4, .fixed64): value = .number(Double(bitPattern: try reader.fixed64()))
      case (5, .varint): value = .unsigned(try reader.varint())
      default: try reader.skip(field)
      }
    }
  }

  func bool() throws(InputProblem) -> Bool {
    guard case .bool(let flag) = value else {
      throw .parameter(name, expected: "true or false", got: text)
    }
    return flag
  }

  /// A whole number of 0 or more, however it was written.
  func unsigned() throws(InputProblem) -> UInt64 {
    switch value {
    case .unsigned(let number): return number
    case .integer(let number) where number >= 0: return UInt64(number)
    default: throw .parameter(name, expected: "a whole number of 0 or more", got: text)
    }
  }

  /// For messages.
  var text: String {
    switch value {
    case .none: "no value"
    case .bool(let flag): flag ? "true" : "false"
    case .integer(let number): String(number)
    case .unsigned(let number): String(number)
    case .string(let text): text
    case .number(let number): "\(number)"
    }
  }
}
