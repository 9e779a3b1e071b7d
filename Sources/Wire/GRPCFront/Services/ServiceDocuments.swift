import FrontSupport
import Inference
import NIOCore
import Serving
import WireFormats

/// The calls of other servers' services that no model takes part in. On a worker.
extension DocumentWork {
  func run(
    _ service: ServiceMethod, _ bytes: ByteBuffer, _ completion: @escaping Completion
  ) {
    do throws(InferenceFailure) {
      let request = try request(bytes)
      switch service {
      case .servingReload:
        try ModelReload(door: shared.door, repository: shared.repository)
          .run(try ReloadDocument.wishes(in: request)) { failure in
            completion(failure.map { .failure($0) } ?? answered(by: ReloadDocument.done))
          }
      case .torchRegisterModel:
        try management.register(url: request.text("url"), wanted: request.text("model_name")) {
          completion($0.flatMap(told))
        }
      case .torchUnregisterModel:
        try management.unregister(try torchAddress(request)) { completion($0.flatMap(told)) }
      case .torchScaleWorker:
        try management.scale(
          try torchAddress(request), minimum: try request.workers("min_worker"),
          maximum: try request.workers("max_worker")
        ) { completion($0.flatMap(told)) }
      default: completion(answered(by: try document(service, request)))
      }
    } catch {
      completion(.failure(error))
    }
  }

  private func document(
    _ service: ServiceMethod, _ request: JSONValue
  ) throws(InferenceFailure) -> JSONValue {
    switch service {
    case .servingMetadata: return try servingMetadata(request)
    case .servingStatus: return try servingStatus(request)
    case .torchPing:
      return .object([
        .init("health", .text(TorchServeDocuments.health(isWell: shared.door.isReady)))
      ])
    case .torchListModels:
      return .object([.init("msg", .text(try list(request)))])
    case .torchDescribeModel:
      return .object([.init("msg", .text(try management.describe(try torchAddress(request))))])
    case .torchSetDefault:
      return .object([.init("msg", .string(try management.setDefault(try torchAddress(request))))])
    default: preconditionFailure("\(service) is answered elsewhere")
    }
  }

  private func answered(by document: JSONValue) -> Result<[UInt8], InferenceFailure> {
    do throws(InferenceFailure) {
      return .success(try encoded(document))
    } catch {
      return .failure(error)
    }
  }
}

// MARK: - TensorFlow Serving

extension DocumentWork {
  private func servingStatus(_ request: JSONValue) throws(InferenceFailure) -> JSONValue {
    let address = try servingAddress(request)
    let statuses = shared.door.statuses(of: address)
    guard !statuses.isEmpty else {
      // The refusal that a request for it would get.
      _ = try entrance.lease(address)
      throw .modelNotReady(name: address.name, state: .gone)
    }
    return PredictDocuments.versions(
      statuses.map { .init(version: $0.version, state: $0.state) })
  }

  private func servingMetadata(_ request: JSONValue) throws(InferenceFailure) -> JSONValue {
    let address = try servingAddress(request)
    guard case .array(let fields)? = request["metadata_field"] else {
      throw .invalidInput(.missingField("metadata_field"))
    }
    for case .string(let field) in fields where field != "signature_def" {
      throw .invalidInput(
        .parameter("metadata_field", expected: "signature_def", got: field))
    }
    let lease = try entrance.lease(address)
    let map = PredictDocuments.signatureDefinitions(lease.signature)
    do throws(InputProblem) {
      return PredictDocuments.metadataMessage(
        name: lease.name, version: lease.version,
        definitions: try GRPCSchemas.documents.encode(
          map, as: "tensorflow.serving.SignatureDefMap"))
    } catch {
      throw .internalFault(FaultID("document-\(method)"))
    }
  }

  private func servingAddress(_ request: JSONValue) throws(InferenceFailure) -> ModelAddress {
    do throws(InputProblem) {
      return try PredictDocuments.address(ofSpec: request["model_spec"])
    } catch {
      throw .invalidInput(error)
    }
  }
}

// MARK: - TorchServe

extension DocumentWork {
  private var management: ForeignManagement {
    ForeignManagement(
      door: shared.door, repository: shared.repository,
      waitingRequestsMax: shared.settings.waitingRequestsMax)
  }

  /// The model of a request; `all` means every version.
  private func torchAddress(_ request: JSONValue) throws(InferenceFailure) -> ModelAddress {
    let name = request.text("model_name")
    guard !name.isEmpty else { throw .invalidInput(.missingField("model_name")) }
    let version = request.text("model_version")
    return ModelAddress(name: name[...], version: version == "all" ? "" : version[...])
  }

  private func list(_ request: JSONValue) throws(InferenceFailure) -> [UInt8] {
    let limit = request.whole("limit")
    let start = request.whole("next_page_token")
    guard 0...10_000 ~= limit, start >= 0 else {
      throw .invalidInput(
        .parameter("limit", expected: "a number from 1 to 10000", got: "\(limit)"))
    }
    return management.list(start: Int(start), limit: limit == 0 ? 100 : Int(limit))
  }

  private func told(_ sentence: String) -> Result<[UInt8], InferenceFailure> {
    answered(by: .object([.init("msg", .string(sentence))]))
  }
}

extension JSONValue {
  /// A document as the text that another one carries.
  fileprivate static func text(_ bytes: [UInt8]) -> JSONValue {
    .string(String(decoding: bytes, as: UTF8.self))
  }

  /// A number; 0 where it is not there.
  fileprivate func whole(_ key: String) -> Int64 {
    if case .integer(let number) = self[key] { return number }
    return 0
  }

  /// A number of workers; what is not there says nothing.
  fileprivate func workers(_ key: String) throws(InferenceFailure) -> Int? {
    let count = whole(key)
    let most = ForeignManagement.workersMax
    guard 0...Int64(most) ~= count else {
      throw .invalidInput(
        .parameter(key, expected: "a number from 0 to \(most)", got: "\(count)"))
    }
    return count == 0 ? nil : Int(count)
  }
}
