/// Answers the questions of server reflection out of the schemas.
package enum GRPCReflection {
  /// A `ServerReflectionResponse` to a `ServerReflectionRequest`, both as documents.
  package static func answer(to request: JSONValue) -> JSONValue {
    .object([
      .init("valid_host", request["host"] ?? .string("")),
      .init("original_request", request), found(for: request),
    ])
  }

  private static func found(for request: JSONValue) -> JSONValue.Member {
    if request["list_services"] != nil { return services }
    if case .string(let name) = request["file_by_filename"] {
      return files(GRPCSchemas.files.first { $0.fileName == name }, name)
    }
    if case .string(let symbol) = request["file_containing_symbol"] {
      return files(GRPCSchemas.files.first { $0.declares(symbol) }, symbol)
    }
    if case .string(let type) = request["all_extension_numbers_of_type"] {
      let isKnown = GRPCSchemas.files.contains { $0.messages[type] != nil }
      guard isKnown else { return notFound(type) }
      return .init(
        "all_extension_numbers_response", .object([.init("base_type_name", .string(type))]))
    }
    return notFound("an extension")
  }

  private static var services: JSONValue.Member {
    let names = GRPCSchemas.files.flatMap(\.services).map(\.fullName)
    return .init(
      "list_services_response",
      .object([
        .init("service", .array(names.map { .object([.init("name", .string($0))]) }))
      ]))
  }

  /// A file and those that it imports, which clients need first.
  private static func files(_ file: ProtobufSchema?, _ name: String) -> JSONValue.Member {
    guard let file else { return notFound(name) }
    let needed = imports(of: file)
    let all = GRPCSchemas.files.filter { needed.contains($0.fileName) } + [file]
    let encoded = all.map { schema in
      JSONValue.string(ProtobufDescriptors.file(schema).withUnsafeBytes { Base64.encode($0) })
    }
    return .init(
      "file_descriptor_response", .object([.init("file_descriptor_proto", .array(encoded))]))
  }

  /// What a file imports, and what that imports in turn.
  private static func imports(of file: ProtobufSchema) -> Set<String> {
    GRPCSchemas.files.filter { file.imports.contains($0.fileName) }.reduce(into: []) {
      $0.formUnion(imports(of: $1).union([$1.fileName]))
    }
  }

  private static func notFound(_ name: String) -> JSONValue.Member {
    .init(
      "error_response",
      .object([
        .init("error_code", .integer(Int64(GRPCStatus.notFound.rawValue))),
        .init("error_message", .string("not found: \(name.prefix(200))")),
      ]))
  }
}

extension ProtobufSchema {
  /// Whether a message, a field of one, an enumeration, a service or a method of that full name is
  /// declared here.
  fileprivate func declares(_ symbol: String) -> Bool {
    if messages[symbol] != nil || enumerations[symbol] != nil { return true }
    guard let dot = symbol.lastIndex(of: ".") else { return false }
    let (outer, name) = (String(symbol[..<dot]), symbol.lastPart)
    return services.contains { service in
      service.fullName == symbol
        || (service.fullName == outer && service.methods.contains { $0.name == name })
    } || (messages[outer]?.fields.contains { $0.name == name } ?? false)
  }
}
