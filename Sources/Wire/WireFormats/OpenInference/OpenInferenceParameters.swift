import Inference

/// The `parameters` object of a request: those with a meaning here, and the rest for the model.
struct OpenInferenceParameters {
  private(set) var isBinaryOutput: Bool?
  private(set) var priority: UInt32 = 0
  private(set) var timeoutMicroseconds: UInt64?
  /// Parameters that only the model may know.
  private(set) var others: [Parameter] = []
  private var sequenceID: SequenceMark.ID?
  private var isSequenceStart = false
  private var isSequenceEnd = false

  mutating func read(_ scanner: inout JSONScanner) throws(InputProblem) {
    guard scanner.peek() == UInt8(ascii: "{") else {
      throw .fieldOfWrongKind("parameters", expected: "an object")
    }
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      try readMember(key, &scanner)
    }
  }

  /// Reads the value of one parameter.
  mutating func readMember(
    _ key: String, _ scanner: inout JSONScanner
  ) throws(InputProblem) {
    switch key {
    case "sequence_id": sequenceID = try Self.readSequenceID(&scanner)
    case "sequence_start": isSequenceStart = try Self.readBool(key, &scanner)
    case "sequence_end": isSequenceEnd = try Self.readBool(key, &scanner)
    case "binary_data_output": isBinaryOutput = try Self.readBool(key, &scanner)
    case "timeout":
      let timeout = try Self.readUnsigned(key, &scanner)
      timeoutMicroseconds = timeout == 0 ? nil : timeout
    case "priority":
      let value = try Self.readUnsigned(key, &scanner)
      guard let priority = UInt32(exactly: value) else {
        throw .parameter(key, expected: "a whole number below 2^32", got: String(value))
      }
      self.priority = priority
    default:
      others.append(Parameter(name: key, value: try Self.readValue(key, &scanner)))
    }
  }

  /// The sequence that the request belongs to; ids 0 and "" mean none, as in Triton.
  func sequence() throws(InputProblem) -> SequenceMark? {
    guard let id = sequenceID, id != .number(0), id != .text("") else {
      guard isSequenceStart || isSequenceEnd else { return nil }
      throw .missingField("parameters.sequence_id")
    }
    return SequenceMark(id: id, isStart: isSequenceStart, isEnd: isSequenceEnd)
  }
}

extension OpenInferenceParameters {
  /// Takes a parameter of the protocol's binary form.
  mutating func take(_ parameter: InferParameterEntry) throws(InputProblem) {
    switch parameter.name {
    case "sequence_id":
      if case .string(let text) = parameter.value {
        sequenceID = .text(text)
      } else {
        sequenceID = .number(try parameter.unsigned())
      }
    case "sequence_start": isSequenceStart = try parameter.bool()
    case "sequence_end": isSequenceEnd = try parameter.bool()
    // All answers of that form are binary.
    case "binary_data_output": break
    case "timeout":
      let timeout = try parameter.unsigned()
      timeoutMicroseconds = timeout == 0 ? nil : timeout
    case "priority":
      guard let priority = UInt32(exactly: try parameter.unsigned()) else {
        throw .parameter(
          parameter.name, expected: "a whole number below 2^32", got: parameter.text)
      }
      self.priority = priority
    default:
      let value: ParameterValue
      switch parameter.value {
      case .none: return
      case .bool(let flag): value = .bool(flag)
      case .integer(let number): value = .integer(number)
      case .unsigned(let number):
        value = Int64(exactly: number).map { .integer($0) } ?? .number(Double(number))
      case .string(let text): value = .string(text)
      case .number(let number): value = .number(number)
      }
      others.append(Parameter(name: parameter.name, value: value))
    }
  }

  static func readBool(_ key: String, _ scanner: inout JSONScanner) throws(InputProblem) -> Bool {
    if scanner.takeWord("true") { return true }
    if scanner.takeWord("false") { return false }
    throw .parameter(key, expected: "true or false", got: try describeValue(&scanner))
  }

  static func readUnsigned(
    _ key: String, _ scanner: inout JSONScanner
  ) throws(InputProblem) -> UInt64 {
    if isNumberNext(&scanner) {
      let number = try scanner.readNumber()
      if let value = number.integer(as: UInt64.self) { return value }
      throw .parameter(
        key, expected: "a whole number of 0 or more",
        got: String(decoding: number.token.prefix(40), as: UTF8.self))
    }
    throw .parameter(
      key, expected: "a whole number of 0 or more", got: try describeValue(&scanner))
  }

  private static func readSequenceID(
    _ scanner: inout JSONScanner
  ) throws(InputProblem) -> SequenceMark.ID {
    if scanner.peek() == UInt8(ascii: "\"") { return .text(try scanner.readString()) }
    return .number(try readUnsigned("sequence_id", &scanner))
  }

  /// Reads an object of scalars.
  static func readAll(_ scanner: inout JSONScanner) throws(InputProblem) -> [Parameter] {
    guard scanner.peek() == UInt8(ascii: "{") else {
      throw .fieldOfWrongKind("parameters", expected: "an object")
    }
    var parameters: [Parameter] = []
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      parameters.append(Parameter(name: key, value: try readValue(key, &scanner)))
    }
    return parameters
  }

  private static func readValue(
    _ key: String, _ scanner: inout JSONScanner
  ) throws(InputProblem) -> ParameterValue {
    if scanner.peek() == UInt8(ascii: "\"") { return .string(try scanner.readString()) }
    if scanner.takeWord("true") { return .bool(true) }
    if scanner.takeWord("false") { return .bool(false) }
    guard isNumberNext(&scanner) else {
      throw .parameter(
        key, expected: "a string, a number, true or false", got: try describeValue(&scanner))
    }
    let number = try scanner.readNumber()
    if let integer = number.integer(as: Int64.self) { return .integer(integer) }
    guard let value = FloatReading().double(number) else {
      throw .parameter(key, expected: "a number within the range of a double", got: "a larger one")
    }
    return .number(value)
  }

  private static func isNumberNext(_ scanner: inout JSONScanner) -> Bool {
    let byte = scanner.peek()
    return byte == UInt8(ascii: "-") || byte &- UInt8(ascii: "0") <= 9
  }

  /// Names the kind of the value at the cursor, once it is known to be one.
  private static func describeValue(_ scanner: inout JSONScanner) throws(InputProblem) -> String {
    let byte = scanner.peek()
    try scanner.skipValue()
    switch byte {
    case UInt8(ascii: "{"): return "an object"
    case UInt8(ascii: "["): return "an array"
    case UInt8(ascii: "\""): return "a string"
    case UInt8(ascii: "n"): return "null"
    case UInt8(ascii: "t"), UInt8(ascii: "f"): return "true or false"
    default: return "a number"
    }
  }
}
