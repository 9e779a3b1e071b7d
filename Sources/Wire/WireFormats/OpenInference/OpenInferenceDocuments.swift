package import Inference

/// The small documents of the Open Inference Protocol beside inference, as JSON bytes.
package enum OpenInferenceDocuments {
  /// `GET /v2`. Extensions are named as Triton names them: `binary_tensor_data`, ...
  package static func serverMetadata(version: String, extensions: [String]) -> [UInt8] {
    serverMetadataDocument(version: version, extensions: extensions).bytes
  }

  package static func serverMetadataDocument(version: String, extensions: [String]) -> JSONValue {
    .object([
      .init("name", .string("apus")), .init("version", .string(version)),
      .init("extensions", .array(extensions.map { .string($0) })),
    ])
  }

  /// `GET /v2/models/{model}`; what the model's own file says of itself goes to `parameters`.
  package static func modelMetadata(
    name: String, versions: [Int64], platform: String, signature: ModelSignature
  ) -> [UInt8] {
    modelMetadataDocument(
      name: name, versions: versions, platform: platform, signature: signature
    ).bytes
  }

  package static func modelMetadataDocument(
    name: String, versions: [Int64], platform: String, signature: ModelSignature
  ) -> JSONValue {
    let head: [JSONValue.Member] = [
      .init("name", .string(name)),
      .init("versions", .array(versions.map { .string(String($0)) })),
      .init("platform", .string(platform)),
    ]
    let methods = signature.methods.map { method in
      JSONValue.object([.init("name", .string(method.name))] + members(of: method.signature))
    }
    return .object(
      head + members(of: signature)
        + (methods.isEmpty ? [] : [.init("methods", .array(methods))]))
  }

  private static func members(of signature: ModelSignature) -> [JSONValue.Member] {
    let parameters = signature.metadata.sorted { $0.key < $1.key }
    return [
      .init("inputs", .array(signature.inputs.map(tensorMetadata))),
      .init("outputs", .array(signature.outputs.map(tensorMetadata))),
      .init("parameters", .object(parameters.map { .init($0.key, .string($0.value)) })),
    ]
  }

  private static func tensorMetadata(_ tensor: TensorDescription) -> JSONValue {
    .object([
      .init("name", .string(tensor.name)), .init("datatype", .string(tensor.datatype.name)),
      .init("shape", .array(tensor.metadataShape.map { .integer(Int64($0)) })),
    ])
  }

  /// `GET /v2/health/live`.
  package static func live(_ isLive: Bool) -> [UInt8] {
    JSONValue.object([.init("live", .bool(isLive))]).bytes
  }

  /// `GET /v2/health/ready`, with the reason where the server is not.
  package static func ready(unless reason: String?) -> [UInt8] {
    let why = reason.map { [JSONValue.Member("reason", .string(PublicText.withoutPlaces($0)))] }
    return JSONValue.object([.init("ready", .bool(reason == nil))] + (why ?? [])).bytes
  }

  /// `GET /v2/models/{model}/ready`.
  package static func modelReady(name: String, _ isReady: Bool) -> [UInt8] {
    JSONValue.object([.init("name", .string(name)), .init("ready", .bool(isReady))]).bytes
  }

  /// `GET /v2/models`.
  package static func modelList(names: [String]) -> [UInt8] {
    JSONValue.object([.init("models", .array(names.map { .string($0) }))]).bytes
  }

  /// A failed request's body.
  package static func error(_ message: String) -> [UInt8] {
    JSONValue.object([.init("error", .string(message))]).bytes
  }
}

/// A model version in the repository index.
package struct RepositoryEntry: Sendable {
  package let name: String
  /// `nil` for a model that is in the repository and was not asked for, or could not be read.
  package let version: Int64?
  package let state: ModelState
  /// What is wrong although it answers: why it was not loaded anew, what was not understood.
  package let problem: String?

  package init(name: String, version: Int64?, state: ModelState, problem: String? = nil) {
    self.name = name
    self.version = version
    self.state = state
    self.problem = problem
  }
}

extension OpenInferenceDocuments {
  /// `POST /v2/repository/index`, with Triton's names of states.
  package static func repositoryIndex(_ entries: [RepositoryEntry]) -> [UInt8] {
    repositoryIndexDocument(entries).bytes
  }

  package static func repositoryIndexDocument(_ entries: [RepositoryEntry]) -> JSONValue {
    .array(
      entries.map { entry in
        let (state, reason) = stateName(entry.state)
        let told = entry.problem.map(PublicText.withoutPlaces) ?? reason
        // Triton's form of a model that is only in the repository has a name and nothing else.
        if entry.version == nil, entry.state == .gone {
          return .object([.init("name", .string(entry.name))])
        }
        return .object([
          .init("name", .string(entry.name)),
          .init("version", .string(entry.version.map { String($0) } ?? "")),
          .init("state", .string(state)), .init("reason", .string(told)),
        ])
      })
  }

  private static func stateName(_ state: ModelState) -> (name: String, reason: String) {
    switch state {
    case .dormant: ("UNAVAILABLE", "loaded by its first request")
    case .loading: ("LOADING", "")
    case .ready: ("READY", "")
    case .draining: ("UNLOADING", "")
    case .gone: ("UNAVAILABLE", "unloaded")
    case .failed(let reason): ("UNAVAILABLE", PublicText.withoutPlaces(reason))
    }
  }

  /// Whether an index request (`{"ready": true}`, or nothing at all) asks for ready models only.
  package static func isReadyOnly(
    indexRequest bytes: UnsafeRawBufferPointer
  ) throws(InputProblem) -> Bool {
    if bytes.isEmpty { return false }
    let document = try JSONValue(parsing: bytes)
    guard case .object = document else {
      throw .fieldOfWrongKind("the body", expected: "an object")
    }
    switch document["ready"] {
    case nil: return false
    case .bool(let isReadyOnly): return isReadyOnly
    default: throw .fieldOfWrongKind("ready", expected: "true or false")
    }
  }
}
