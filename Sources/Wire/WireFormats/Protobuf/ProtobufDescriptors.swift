/// Writes a schema as the `FileDescriptorProto` that reflection hands out: field numbers are those of
/// `google/protobuf/descriptor.proto`.
enum ProtobufDescriptors {
  static func file(_ schema: ProtobufSchema) -> [UInt8] {
    var file = ProtobufBytes()
    file.append(field: 1, text: schema.fileName)
    file.append(field: 2, text: schema.package)
    for name in schema.imports { file.append(field: 3, text: name) }
    for name in schema.topMessages {
      file.append(field: 4, bytes: message(name, schema))
    }
    for name in schema.topEnumerations {
      file.append(field: 5, bytes: enumeration(name, schema))
    }
    for service in schema.services { file.append(field: 6, bytes: self.service(service)) }
    file.append(field: 12, text: "proto3")
    return file.bytes
  }

  private static func message(_ name: String, _ schema: ProtobufSchema) -> [UInt8] {
    guard let message = schema.messages[name] else { return [] }
    var output = ProtobufBytes()
    output.append(field: 1, text: name.lastPart)
    for field in message.fields { output.append(field: 2, bytes: self.field(field, of: name)) }
    for inner in message.messages { output.append(field: 3, bytes: self.message(inner, schema)) }
    for field in message.fields {
      if case .map(let key, let value) = field.kind {
        output.append(field: 3, bytes: entry(field, key, value))
      }
    }
    for inner in message.enumerations { output.append(field: 4, bytes: enumeration(inner, schema)) }
    for choice in message.choices {
      var declaration = ProtobufBytes()
      declaration.append(field: 1, text: choice)
      output.append(field: 8, bytes: declaration.bytes)
    }
    return output.bytes
  }

  private static func field(_ field: ProtobufSchema.Field, of message: String) -> [UInt8] {
    var output = ProtobufBytes()
    output.append(field: 1, text: field.name)
    output.append(field: 3, varint: UInt64(field.number))
    var isRepeated = field.isRepeated
    if case .map = field.kind { isRepeated = true }
    output.append(field: 4, varint: isRepeated ? 3 : 1)
    output.append(field: 5, varint: typeNumber(field.kind))
    switch field.kind {
    case .message(let name), .enumeration(let name): output.append(field: 6, text: ".\(name)")
    case .map: output.append(field: 6, text: ".\(message).\(entryName(field.name))")
    default: break
    }
    if let choice = field.choice { output.append(field: 9, varint: UInt64(choice)) }
    output.append(field: 10, text: jsonName(field.name))
    return output.bytes
  }

  /// The message that a map's entries are, which only descriptors know.
  private static func entry(
    _ field: ProtobufSchema.Field, _ key: ProtobufSchema.Kind, _ value: ProtobufSchema.Kind
  ) -> [UInt8] {
    var output = ProtobufBytes()
    output.append(field: 1, text: entryName(field.name))
    for (number, name, kind) in [(1, "key", key), (2, "value", value)] {
      let part = ProtobufSchema.Field(
        name: name, number: number, kind: kind, isRepeated: false, choice: nil)
      output.append(field: 2, bytes: self.field(part, of: ""))
    }
    // `map_entry = true` of the message's options.
    var options = ProtobufBytes()
    options.append(field: 7, varint: 1)
    output.append(field: 7, bytes: options.bytes)
    return output.bytes
  }

  private static func enumeration(_ name: String, _ schema: ProtobufSchema) -> [UInt8] {
    var output = ProtobufBytes()
    output.append(field: 1, text: name.lastPart)
    for value in schema.enumerations[name]?.values ?? [] {
      var entry = ProtobufBytes()
      entry.append(field: 1, text: value.name)
      entry.append(field: 2, varint: UInt64(bitPattern: Int64(value.number)))
      output.append(field: 2, bytes: entry.bytes)
    }
    return output.bytes
  }

  private static func service(_ service: ProtobufSchema.Service) -> [UInt8] {
    var output = ProtobufBytes()
    output.append(field: 1, text: service.fullName.lastPart)
    for method in service.methods {
      var entry = ProtobufBytes()
      entry.append(field: 1, text: method.name)
      entry.append(field: 2, text: ".\(method.input)")
      entry.append(field: 3, text: ".\(method.output)")
      if method.isClientStreaming { entry.append(field: 5, varint: 1) }
      if method.isServerStreaming { entry.append(field: 6, varint: 1) }
      output.append(field: 2, bytes: entry.bytes)
    }
    return output.bytes
  }

  private static func typeNumber(_ kind: ProtobufSchema.Kind) -> UInt64 {
    switch kind {
    case .double: 1
    case .float: 2
    case .int64: 3
    case .uint64: 4
    case .int32: 5
    case .bool: 8
    case .string: 9
    case .message, .map: 11
    case .bytes: 12
    case .uint32: 13
    case .enumeration: 14
    }
  }

  /// `cc_model_filenames` has entries called `CcModelFilenamesEntry`.
  private static func entryName(_ field: String) -> String {
    let camel = jsonName(field)
    return camel.prefix(1).uppercased() + camel.dropFirst() + "Entry"
  }

  /// `model_name` is `modelName`.
  private static func jsonName(_ field: String) -> String {
    let parts = field.split(separator: "_")
    return parts.dropFirst().reduce(parts.first.map(String.init) ?? "") {
      $0 + $1.prefix(1).uppercased() + $1.dropFirst()
    }
  }
}
