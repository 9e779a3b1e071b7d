package import Inference

// Bytes to document.

extension ProtobufDocuments {
  /// The document of a message. Fields that the schema does not have are read over, as are values of
  /// another type than the field's; text that is not UTF-8 throws, and so does what is nested too
  /// deep.
  package func decode(
    _ bytes: UnsafeRawBufferPointer, as name: String, depthMax: Int = ProtobufDocuments.depthMax
  ) throws(InputProblem) -> JSONValue {
    guard depthMax > 0 else { throw .nestedTooDeep(.protobuf, limit: Self.depthMax) }
    let message = message(name)
    var found = FoundFields(fieldCount: message.fields.count)
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      guard let place = message.fields.firstIndex(where: { $0.number == field.number }),
        message.fields[place].takes(field.wireType)
      else {
        try reader.skip(field)
        continue
      }
      found.clearOthers(than: place, of: message)
      try read(&reader, field, message.fields[place], into: &found, place, depthMax)
    }
    return .object(try members(of: message, found, depthMax))
  }

  /// What was found so far, by the places of the fields.
  private struct FoundFields {
    var values: [[JSONValue]]
    /// Messages that come once, joined where they came more often: that merges them.
    var parts: [[UInt8]?]
    var entries: [[(key: JSONValue, value: JSONValue)]]

    init(fieldCount: Int) {
      values = Array(repeating: [], count: fieldCount)
      parts = Array(repeating: nil, count: fieldCount)
      entries = Array(repeating: [], count: fieldCount)
    }

    /// Of a choice the last value counts.
    mutating func clearOthers(than place: Int, of message: ProtobufSchema.Message) {
      guard let choice = message.fields[place].choice else { return }
      for (other, field) in message.fields.enumerated()
      where other != place && field.choice == choice {
        values[other] = []
        parts[other] = nil
      }
    }
  }

  private func read(
    _ reader: inout ProtobufReader, _ met: ProtobufReader.Field, _ field: ProtobufSchema.Field,
    into found: inout FoundFields, _ place: Int, _ depthMax: Int
  ) throws(InputProblem) {
    switch field.kind {
    case .map(let key, let kind):
      found.entries[place].append(try entry(try reader.slice(), field, key, kind, depthMax))
    case .message(let name):
      let slice = try reader.slice()
      if field.isRepeated {
        found.values[place].append(try decode(slice, as: name, depthMax: depthMax - 1))
      } else {
        // Never copied, only lengthened: a client may send a message in any number of parts.
        var joined = found.parts[place] ?? []
        found.parts[place] = nil
        joined.append(contentsOf: slice)
        found.parts[place] = joined
      }
    case let kind:
      var values: [JSONValue] = []
      if met.wireType == .bytes && kind.wireType != .bytes {
        var packed = ProtobufReader(try reader.slice())
        while !packed.isAtEnd { values.append(try scalar(&packed, kind)) }
      } else {
        values.append(try scalar(&reader, kind))
      }
      if field.isRepeated {
        found.values[place] += values
      } else if let last = values.last {
        found.values[place] = [last]
      }
    }
  }

  private func scalar(
    _ reader: inout ProtobufReader, _ kind: ProtobufSchema.Kind
  ) throws(InputProblem) -> JSONValue {
    switch kind {
    case .double: return Self.number(Double(bitPattern: try reader.fixed64()))
    case .float: return Self.number(Double(Float(bitPattern: try reader.fixed32())))
    case .int64: return .integer(Int64(bitPattern: try reader.varint()))
    case .uint64:
      let value = try reader.varint()
      return Int64(exactly: value).map { .integer($0) } ?? .string(String(value))
    case .int32: return .integer(Int64(Int32(truncatingIfNeeded: try reader.varint())))
    case .uint32: return .integer(Int64(UInt32(truncatingIfNeeded: try reader.varint())))
    case .bool: return .bool(try reader.varint() != 0)
    case .string: return .string(try reader.string())
    case .bytes: return .string(Base64.encode(try reader.slice()))
    case .enumeration(let name):
      let number = Int32(truncatingIfNeeded: try reader.varint())
      let value = enumerations[name]?.values.first { $0.number == number }
      return value.map { .string($0.name) } ?? .integer(Int64(number))
    case .message, .map: preconditionFailure("\(kind) is no scalar")
    }
  }

  private static func number(_ value: Double) -> JSONValue {
    if value.isNaN { return .string("NaN") }
    if value.isInfinite { return .string(value < 0 ? "-Infinity" : "Infinity") }
    return .number(value)
  }

  private func entry(
    _ bytes: UnsafeRawBufferPointer, _ field: ProtobufSchema.Field, _ key: ProtobufSchema.Kind,
    _ kind: ProtobufSchema.Kind, _ depthMax: Int
  ) throws(InputProblem) -> (key: JSONValue, value: JSONValue) {
    guard depthMax > 0 else { throw .nestedTooDeep(.protobuf, limit: Self.depthMax) }
    let parts = [field.part(1, key), field.part(2, kind)]
    let message = ProtobufSchema.Message(fullName: field.name, fields: parts)
    var found = FoundFields(fieldCount: 2)
    var reader = ProtobufReader(bytes)
    while let met = try reader.next() {
      guard met.number <= 2, parts[met.number - 1].takes(met.wireType) else {
        try reader.skip(met)
        continue
      }
      try read(&reader, met, parts[met.number - 1], into: &found, met.number - 1, depthMax)
    }
    let members = try members(of: message, found, depthMax)
    return (
      members.first { $0.key == parts[0].name }?.value ?? key.fallback,
      members.first { $0.key == parts[1].name }?.value ?? kind.fallback
    )
  }

  private func members(
    of message: ProtobufSchema.Message, _ found: FoundFields, _ depthMax: Int
  ) throws(InputProblem) -> [JSONValue.Member] {
    var members: [JSONValue.Member] = []
    for (place, field) in message.fields.enumerated() {
      if let bytes = found.parts[place], case .message(let name) = field.kind {
        let value = bytes.withUnsafeBytes { bytes in
          Result { () throws(InputProblem) in
            try decode(bytes, as: name, depthMax: depthMax - 1)
          }
        }
        members.append(.init(field.name, try value.get()))
      } else if case .map = field.kind {
        if !found.entries[place].isEmpty {
          members.append(.init(field.name, Self.object(of: found.entries[place])))
        }
      } else if field.isRepeated {
        if !found.values[place].isEmpty {
          members.append(.init(field.name, .array(found.values[place])))
        }
      } else if let value = found.values[place].last {
        members.append(.init(field.name, value))
      }
    }
    return members
  }

  /// Of a key that came twice the last value counts.
  private static func object(of entries: [(key: JSONValue, value: JSONValue)]) -> JSONValue {
    var places: [String: Int] = [:]
    var members: [JSONValue.Member] = []
    for entry in entries {
      let key: String =
        switch entry.key {
        case .string(let text): text
        case .integer(let number): String(number)
        case .bool(let flag): flag ? "true" : "false"
        default: ""
        }
      if let place = places[key] {
        members[place] = .init(key, entry.value)
      } else {
        places[key] = members.count
        members.append(.init(key, entry.value))
      }
    }
    return .object(members)
  }
}

extension ProtobufSchema.Field {
  /// Whether a value of that type may be this field's; numbers that repeat come packed or not.
  fileprivate func takes(_ wireType: ProtobufWireType) -> Bool {
    wireType == kind.wireType || (isRepeated && wireType == .bytes)
  }
}

extension ProtobufSchema.Kind {
  /// What a map's entry has that leaves its key or value out.
  fileprivate var fallback: JSONValue {
    switch self {
    case .string, .bytes: .string("")
    case .bool: .bool(false)
    case .message, .map: .object([])
    case .double, .float: .number(0)
    case .int64, .uint64, .int32, .uint32, .enumeration: .integer(0)
    }
  }
}
