package import Inference

/// A JSON document in memory; for small documents whose shape is not known beforehand.
package indirect enum JSONValue: Sendable, Equatable {
  case null
  case bool(Bool)
  /// Written without fraction and exponent, and within 64 bits.
  case integer(Int64)
  case number(Double)
  case string(String)
  case array([JSONValue])
  /// Members in the order in which they stand; no key twice.
  case object([Member])

  package struct Member: Sendable, Equatable {
    package let key: String
    package let value: JSONValue

    package init(_ key: String, _ value: JSONValue) {
      self.key = key
      self.value = value
    }
  }

  /// Nesting that is enough for any honest document.
  package static let depthMax = 64

  /// Reads one document; the bytes must hold nothing else. A key that comes twice in one object is
  /// refused, and so is a number that overflows a double.
  package init(
    parsing bytes: UnsafeRawBufferPointer, depthMax: Int = JSONValue.depthMax
  ) throws(InputProblem) {
    self = try JSONScanner.scanning(bytes, depthMax: depthMax) {
      (scanner) throws(InputProblem) in try JSONValue(&scanner)
    }
  }

  init(_ scanner: inout JSONScanner) throws(InputProblem) {
    switch scanner.peek() {
    case UInt8(ascii: "{"): self = try Self.object(&scanner)
    case UInt8(ascii: "["):
      var elements: [JSONValue] = []
      try scanner.readArray { (scanner) throws(InputProblem) in
        elements.append(try JSONValue(&scanner))
      }
      self = .array(elements)
    case UInt8(ascii: "\""): self = .string(try scanner.readString())
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"):
      self = try Self.number(&scanner)
    default:
      if scanner.takeWord("true") {
        self = .bool(true)
      } else if scanner.takeWord("false") {
        self = .bool(false)
      } else if scanner.takeWord("null") {
        self = .null
      } else {
        throw scanner.unexpected("a value")
      }
    }
  }

  private static func object(_ scanner: inout JSONScanner) throws(InputProblem) -> JSONValue {
    var members: [Member] = []
    var keys: Set<String> = []
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      guard keys.insert(key).inserted else { throw .fieldOfWrongKind(key, expected: "given once") }
      members.append(Member(key, try JSONValue(&scanner)))
    }
    return .object(members)
  }

  private static func number(_ scanner: inout JSONScanner) throws(InputProblem) -> JSONValue {
    let number = try scanner.readNumber()
    if let integer = number.integer(as: Int64.self) { return .integer(integer) }
    guard let value = FloatReading().double(number) else {
      throw scanner.unexpected("a number within the range of a double before this place")
    }
    return .number(value)
  }

  /// The member of that key, where this is an object that has it.
  package subscript(key: String) -> JSONValue? {
    guard case .object(let members) = self else { return nil }
    return members.first { $0.key == key }?.value
  }
}

extension JSONValue {
  /// A whole number of 64 bits, also one that is written with a fraction of nothing: `3.0`.
  package var whole: Int64? {
    switch self {
    case .integer(let integer): integer
    case .number(let number): Int64(exactly: number)
    default: nil
    }
  }

  /// The document as JSON text, without white space.
  package var bytes: [UInt8] {
    var writer = JSONWriter()
    writer.write(self)
    return writer.bytes
  }
}
