import WireFormats

/// One method of one address: what it takes and what it answers.
struct DescribedOperation {
  /// A body in one media type.
  struct Content {
    let mediaType: String
    let schema: JSONValue
    var examples: [JSONValue.Member] = []

    /// JSON after one of the document's schemas.
    static func json(_ name: String, examples: [JSONValue.Member] = []) -> Content {
      Content(
        mediaType: "application/json", schema: ElementSchemas.reference(name), examples: examples)
    }

    static func json(of schema: JSONValue, examples: [JSONValue.Member] = []) -> Content {
      Content(mediaType: "application/json", schema: schema, examples: examples)
    }

    static func text(_ mediaType: String) -> Content {
      Content(mediaType: mediaType, schema: ["type": "string"])
    }

    static func bytes(_ mediaType: String, _ schema: String = "Binary") -> Content {
      Content(mediaType: mediaType, schema: ElementSchemas.reference(schema))
    }

    var document: JSONValue.Member {
      var members = [JSONValue.Member("schema", schema)]
      if !examples.isEmpty {
        members.append(
          .init("examples", .object(examples.map { .init($0.key, ["value": $0.value]) })))
      }
      return .init(mediaType, .object(members))
    }
  }

  /// An answer to a request that was done, or found as it is.
  struct Answer {
    var status = 200
    let text: String
    var contents: [Content] = []
    var headers: [JSONValue.Member] = []

    var document: JSONValue.Member {
      var members = [JSONValue.Member("description", .string(text))]
      if !headers.isEmpty { members.append(.init("headers", .object(headers))) }
      if !contents.isEmpty {
        members.append(.init("content", .object(contents.map(\.document))))
      }
      return .init(String(status), .object(members))
    }
  }

  /// Of query and headers; those of the path follow from it.
  var parameters: [JSONValue] = []
  var body: [Content] = []
  var isBodyRequired = true
  var answers: [Answer] = []
  /// Beside those that every request may meet.
  var failures: Set<FailureKind> = []

  static func answering(
    _ text: String, _ contents: Content..., failures: Set<FailureKind> = []
  ) -> DescribedOperation {
    DescribedOperation(answers: [Answer(text: text, contents: contents)], failures: failures)
  }

  /// A parameter of the query or a header.
  static func parameter(
    _ name: String, in place: String, _ schema: JSONValue, _ text: String
  ) -> JSONValue {
    [
      "name": .string(name), "in": .string(place), "description": .string(text), "schema": schema,
    ]
  }

  /// The bodies as OpenAPI has them.
  var requestBody: JSONValue? {
    guard !body.isEmpty else { return nil }
    return [
      "required": .bool(isBodyRequired), "content": .object(body.map(\.document)),
    ]
  }
}
