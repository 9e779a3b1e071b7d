/// The whole description in OpenAPI 3.1, as JSON bytes.
package struct DescriptionDocument {
  package var title = "Apus"
  package var version: String
  package var text: String
  package var tags: [(name: String, text: String)] = []
  /// A path item for each path.
  package var paths: [JSONValue.Member] = []
  /// What paths refer to under `#/components/parameters`.
  package var parameters: [JSONValue.Member] = []
  package var securitySchemes: [JSONValue.Member] = []
  /// What OpenAPI has no place for, under `x-apus`.
  package var others: JSONValue = [:]

  package init(version: String, text: String) {
    self.version = version
    self.text = text
  }

  package var bytes: [UInt8] {
    var writer = JSONWriter(reservedByteCount: 64 << 10)
    writer.write(raw: "{\"openapi\":\"3.1.0\",\"info\":")
    writer.write([
      "title": .string(title), "version": .string(version), "description": .string(text),
    ])
    writer.write(raw: ",\"servers\":[{\"url\":\"/\"}],\"tags\":")
    writer.write(
      .array(tags.map { ["name": .string($0.name), "description": .string($0.text)] }))
    writer.write(raw: ",\"paths\":")
    writer.write(.object(paths))
    writer.write(raw: ",\"components\":{\"schemas\":{")
    for (place, schemas) in SharedSchemas.all.enumerated() {
      if place > 0 { writer.write(raw: ",") }
      writer.write(raw: schemas)
    }
    writer.write(raw: "},\"responses\":")
    writer.write(.object(responses))
    writer.write(raw: ",\"parameters\":")
    writer.write(.object(parameters))
    writer.write(raw: ",\"securitySchemes\":")
    writer.write(.object(securitySchemes))
    writer.write(raw: "},\"x-apus\":")
    writer.write(others)
    writer.write(raw: "}")
    return writer.bytes
  }

  /// The responses that the paths refer to.
  private var responses: [JSONValue.Member] {
    var names: Set<String> = []
    for path in paths { Self.collect(from: path.value, into: &names) }
    return names.sorted().map { .init($0, DescribedFailures.response(named: $0)) }
  }

  private static let prefix = "#/components/responses/"

  private static func collect(from path: JSONValue, into names: inout Set<String>) {
    guard case .object(let operations) = path else { return }
    for operation in operations {
      guard case .object(let responses)? = operation.value["responses"] else { continue }
      for response in responses {
        guard case .string(let name)? = response.value["$ref"] else { continue }
        names.insert(String(name.dropFirst(prefix.count)))
      }
    }
  }
}
