package import Inference

/// Failures as the description tells them: from the same tables that answer.
package enum DescribedFailures {
  /// What a request may meet whatever it asks for.
  package static let ofEveryRequest: Set<FailureKind> = [
    .invalidInput, .forbidden, .tooLarge, .headerTooLarge, .mediaUnknown, .clientTooSlow,
    .unavailable,
  ]
  /// What may be wrong with the model that is named.
  package static let ofNamedModels: Set<FailureKind> = [
    .modelUnknown, .versionUnknown, .modelNotReady,
  ]
  /// What may go wrong while it computes.
  package static let ofInference: Set<FailureKind> = [
    .notImplemented, .overloaded, .outOfMemory, .deadlineExceeded, .upstreamFailed, .failed,
  ]

  /// A status with all that it may mean.
  package struct Answer: Sendable {
    package let status: Int
    /// Names one of the document's responses.
    package let reference: JSONValue
  }

  /// The statuses of failures of these kinds, as these dialects answer them, ascending.
  package static func answers(to kinds: Set<FailureKind>, in dialects: [Dialect]) -> [Answer] {
    let forms = dialects.reduce(into: [Form]()) { forms, dialect in
      let form = Form(dialect)
      if !forms.contains(form) { forms.append(form) }
    }
    var statuses: Set<Int> = []
    for dialect in dialects {
      for failure in FailureExamples.all where kinds.contains(FailureKind(failure)) {
        statuses.insert(DialectFailures.statusCode(for: failure, in: dialect))
      }
    }
    let name = forms.map(\.rawValue).joined(separator: "Or")
    return statuses.sorted().map {
      Answer(status: $0, reference: ["$ref": .string("#/components/responses/\(name)\($0)")])
    }
  }

  /// How a dialect writes a failure.
  private enum Form: String, CaseIterable {
    case error = "Error"
    case mlflow = "MLflowError"
    case torchServe = "TorchServeError"

    init(_ dialect: Dialect) {
      switch dialect {
      case .mlflow: self = .mlflow
      case .torchServe: self = .torchServe
      case .openInference, .vision, .embedded, .grpc, .kserve, .vertex, .predict, .tensorFlow,
        .sageMaker:
        self = .error
      }
    }
  }

  /// The responses that `answers` refers to, by their names: `MLflowErrorOrError404`.
  static func response(named name: String) -> JSONValue {
    let parts = name.dropLast(3).split(separator: "Or").map(String.init)
    let schemas = Form.allCases.filter { form in parts.contains(form.rawValue) }
    let status = Int(name.suffix(3)) ?? 0
    let schema = ElementSchemas.any(of: schemas.map { ElementSchemas.reference($0.rawValue) })
    var response: JSONValue = [
      "description": .string(meaning(of: status)),
      "content": ["application/json": ["schema": schema]],
    ]
    if [429, 503].contains(status) { response = response.adding("headers", retryAfter) }
    return response
  }

  private static let retryAfter: JSONValue = [
    "Retry-After": [
      "description": "Seconds, where waiting will help.",
      "schema": ["type": "integer", "minimum": 1],
    ]
  ]

  private static func meaning(of status: Int) -> String {
    switch status {
    case 400: "The request makes no sense; the answer says why."
    case 401: "A key is asked for."
    case 403: "Not for this client: host, origin, a restricted group, or management from afar."
    case 404: "No such model, version or address."
    case 408: "The client sent too slowly."
    case 409: "It exists already."
    case 413: "The body, or a photo in it, is too large."
    case 415: "This content type, encoding or kind of photo is not taken."
    case 429: "The queue is full."
    case 431: "The headers are too large."
    case 499: "The client went away."
    case 500: "The model failed, or the server did."
    case 501: "This model, or this server, does not do that."
    case 502: "A server behind the model did not answer."
    case 503: "Not now: the model or the server is not ready."
    case 504: "No answer within the time that the request allowed."
    case 507: "Memory does not suffice."
    default: "A failure."
    }
  }
}
