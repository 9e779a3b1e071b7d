package import Inference

/// Turns protobuf messages into JSON documents and back, by their schemas.
///
/// It is protobuf's own JSON mapping with the names of the schema and whole numbers as numbers (as
/// text beyond 64 bits with a sign). So a call that has an address in REST, too, is one document in
/// both. For messages of moderate size: a document takes some twenty times the memory of its bytes.
package struct ProtobufDocuments: Sendable {
  let messages: [String: ProtobufSchema.Message]
  let enumerations: [String: ProtobufSchema.Enumeration]

  package init(_ schemas: [ProtobufSchema]) {
    messages = schemas.reduce(into: [:]) { $0.merge($1.messages) { first, _ in first } }
    enumerations = schemas.reduce(into: [:]) { $0.merge($1.enumerations) { first, _ in first } }
  }

  /// Nesting that is enough for any honest message.
  package static let depthMax = 32

  func message(_ name: String) -> ProtobufSchema.Message {
    guard let message = messages[name] else { preconditionFailure("no message \(name)") }
    return message
  }
}

// MARK: - Document to bytes

extension ProtobufDocuments {
  /// The message of that full name with the document's values. Members that the message does not
  /// have are left out; a value of the wrong kind throws.
  package func encode(
    _ document: JSONValue, as name: String
  ) throws(InputProblem) -> [UInt8] {
    guard case .object(let members) = document else {
      throw .fieldOfWrongKind(name.lastPart, expected: "an object")
    }
    let values = Dictionary(members.map { ($0.key, $0.value) }) { $1 }
    var output = ProtobufBytes()
    for field in message(name).fields.sorted(by: { $0.number < $1.number }) {
      guard let value = values[field.name], value != .null else { continue }
      try encode(value, field, into: &output)
    }
    return output.bytes
  }

  private func encode(
    _ value: JSONValue, _ field: ProtobufSchema.Field, into output: inout ProtobufBytes
  ) throws(InputProblem) {
    switch (field.kind, value) {
    case (.map(let key, let kind), .object(let members)):
      for member in members.sorted(by: { Self.isBefore($0.key, $1.key, key) }) {
        var entry = ProtobufBytes()
        try encode(.string(member.key), field.part(1, key), into: &entry)
        try encode(member.value, field.part(2, kind), into: &entry)
        output.append(field: field.number, bytes: entry.bytes)
      }
    case (.map, _): throw .fieldOfWrongKind(field.name, expected: "an object")
    case (_, .array(let elements)) where field.isRepeated:
      try encode(elements, field, into: &output)
    case (_, _) where field.isRepeated:
      throw .fieldOfWrongKind(field.name, expected: "an array")
    case (.message(let name), _):
      output.append(field: field.number, bytes: try encode(value, as: name))
    case (.string, .string(let text)):
      if !text.isEmpty || field.isPresenceKept { output.append(field: field.number, text: text) }
    case (.bytes, .string(let text)):
      let bytes = try Self.bytes(ofBase64: text)
      if !bytes.isEmpty || field.isPresenceKept { output.append(field: field.number, bytes: bytes) }
    default:
      var number = ProtobufBytes()
      let isDefault = try append(value, field, to: &number)
      if isDefault && !field.isPresenceKept { return }
      output.append(field: field.number, field.kind.wireType)
      output.append(raw: number.bytes)
    }
  }

  private func encode(
    _ elements: [JSONValue], _ field: ProtobufSchema.Field, into output: inout ProtobufBytes
  ) throws(InputProblem) {
    if field.kind.wireType == .bytes {
      for element in elements { try encode(element, field.element, into: &output) }
    } else if !elements.isEmpty {
      var packed = ProtobufBytes()
      for element in elements { _ = try append(element, field, to: &packed) }
      output.append(field: field.number, bytes: packed.bytes)
    }
  }

  /// Appends a number without its field; says whether it is the one that goes without saying.
  private func append(
    _ value: JSONValue, _ field: ProtobufSchema.Field, to output: inout ProtobufBytes
  ) throws(InputProblem) -> Bool {
    switch field.kind {
    case .float:
      let number = Float(try Self.double(value, field.name))
      output.append(fixed32: number.bitPattern)
      return number.bitPattern == 0
    case .double:
      let number = try Self.double(value, field.name)
      output.append(fixed64: number.bitPattern)
      return number.bitPattern == 0
    default:
      let number = try whole(value, field)
      output.append(varint: number)
      return number == 0
    }
  }

  private static func double(_ value: JSONValue, _ name: String) throws(InputProblem) -> Double {
    switch value {
    case .integer(let number): return Double(number)
    case .number(let number): return number
    case .string(let text) where ["NaN", "Infinity", "-Infinity"].contains(text):
      return text == "NaN" ? .nan : text == "Infinity" ? .infinity : -.infinity
    default: throw .fieldOfWrongKind(name, expected: "a number")
    }
  }

  /// The bits of a whole number, a truth value or an enumeration's value.
  private func whole(
    _ value: JSONValue, _ field: ProtobufSchema.Field
  ) throws(InputProblem) -> UInt64 {
    switch (field.kind, value) {
    case (.bool, .bool(let flag)): return flag ? 1 : 0
    // A map's key is text in JSON.
    case (.bool, .string("true")): return 1
    case (.bool, .string("false")): return 0
    case (.enumeration(let name), .string(let text)):
      if let found = enumerations[name]?.values.first(where: { $0.name == text }) {
        return UInt64(bitPattern: Int64(found.number))
      }
    case (.enumeration, .integer(let number)), (.int32, .integer(let number)):
      if let number = Int32(exactly: number) { return UInt64(bitPattern: Int64(number)) }
    case (.int64, .integer(let number)): return UInt64(bitPattern: number)
    case (.uint32, .integer(let number)):
      if let number = UInt32(exactly: number) { return UInt64(number) }
    case (.uint64, .integer(let number)):
      if let number = UInt64(exactly: number) { return number }
    case (.int64, .string(let text)), (.int32, .string(let text)):
      if let number = Int64(text) { return UInt64(bitPattern: number) }
    case (.uint64, .string(let text)), (.uint32, .string(let text)):
      if let number = UInt64(text) { return number }
    default: break
    }
    throw .fieldOfWrongKind(field.name, expected: field.kind.expectation)
  }

  private static func bytes(ofBase64 text: String) throws(InputProblem) -> [UInt8] {
    var text = text
    let decoded = text.withUTF8 { utf8 in
      Result { () throws(InputProblem) in try Base64.decode(utf8) }
    }
    return try decoded.get()
  }

  /// Keys in their own order: numbers as numbers.
  private static func isBefore(
    _ left: String, _ right: String, _ kind: ProtobufSchema.Kind
  ) -> Bool {
    if kind != .string, let left = Int64(left), let right = Int64(right) { return left < right }
    return left.utf8.lexicographicallyPrecedes(right.utf8)
  }
}

extension ProtobufSchema.Field {
  /// A value that is the default is written all the same: one of a choice, or an element.
  fileprivate var isPresenceKept: Bool { choice != nil }

  /// One element of this repeated field, of which none is left out.
  fileprivate var element: ProtobufSchema.Field {
    ProtobufSchema.Field(name: name, number: number, kind: kind, isRepeated: false, choice: 0)
  }

  /// The key or the value of a map's entry, which are always written.
  func part(_ number: Int, _ kind: ProtobufSchema.Kind) -> ProtobufSchema.Field {
    ProtobufSchema.Field(
      name: "\(name)'s \(number == 1 ? "key" : "value")", number: number, kind: kind,
      isRepeated: false, choice: 0)
  }
}

extension ProtobufSchema.Kind {
  var wireType: ProtobufWireType {
    switch self {
    case .double: .fixed64
    case .float: .fixed32
    case .int64, .uint64, .int32, .uint32, .bool, .enumeration: .varint
    case .string, .bytes, .message, .map: .bytes
    }
  }

  fileprivate var expectation: String {
    switch self {
    case .bool: "true or false"
    case .enumeration: "the name of one of its values"
    default: "a whole number in its range"
    }
  }
}
