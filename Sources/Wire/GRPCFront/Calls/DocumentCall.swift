import FrontSupport
import Inference
import NIOCore
import Serving
import WireFormats

/// A call of one small message each way: health, metadata, statistics, the repository.
///
/// What may take long, or may be long, is done by a worker.
final class DocumentCall: GRPCCall {
  private let stream: GRPCStream
  private let method: GRPCMethod
  private var message: CallMessage?
  private var isOver = false

  init(_ stream: GRPCStream, method: GRPCMethod) {
    self.stream = stream
    self.method = method
  }

  func receive(_ message: CallMessage) {
    guard self.message == nil else {
      stream.refuse(.invalidInput(.framing("this call takes one message, and a second one came")))
      return
    }
    self.message = message
  }

  func end() {
    guard case .bytes(let bytes, let isPacked) = message else {
      stream.refuse(.invalidInput(.framing("this call takes one message, and none came")))
      return
    }
    message = nil
    let work = DocumentWork(
      method: method, shared: stream.front.shared, entrance: stream.front.entrance)
    guard isPacked || method.needsWorker else {
      finish(work.answer(to: bytes))
      return
    }
    let loop = stream.front.eventLoop
    let bound = NIOLoopBound(self, eventLoop: loop)
    let limit = stream.front.limits.messageBytesMax(of: method)
    stream.front.shared.workers.run {
      work.run(bytes, isPacked: isPacked, byteCountMax: limit) { result in
        loop.execute { bound.value.finish(result) }
      }
    }
  }

  private func finish(_ result: Result<[UInt8], InferenceFailure>) {
    guard !isOver else { return }
    stream.messageWasTaken()
    switch result {
    case .success(let answer):
      stream.record.encoded = MonotonicClock.now()
      stream.send([AnswerBytes.framed(answer)])
      stream.finish()
    case .failure(let failure): stream.refuse(failure)
    }
  }

  func abandon() {
    isOver = true
    message = nil
  }
}

extension GRPCMethod {
  /// Whether its answer takes longer than an event loop has.
  fileprivate var needsWorker: Bool {
    switch self {
    case .modelConfig, .modelStatistics, .repositoryIndex, .repositoryModelLoad,
      .repositoryModelUnload, .systemSharedMemoryStatus, .systemSharedMemoryRegister,
      .systemSharedMemoryUnregister, .traceSetting, .logSettings, .service:
      true
    default: false
    }
  }
}

/// One such call as a value that goes to a worker.
struct DocumentWork: Sendable {
  typealias Completion = @Sendable (Result<[UInt8], InferenceFailure>) -> Void

  let method: GRPCMethod
  let shared: GRPCShared
  let entrance: Entrance

  func run(
    _ bytes: ByteBuffer, isPacked: Bool, byteCountMax: Int, _ completion: @escaping Completion
  ) {
    var plain = bytes
    if isPacked {
      do throws(InferenceFailure) {
        plain = try Unpacking.unpack(bytes, .gzip, byteCountMax: byteCountMax)
      } catch {
        completion(.failure(error))
        return
      }
    }
    switch method {
    case .repositoryModelLoad, .repositoryModelUnload: manage(plain, completion)
    case .service(let service): run(service, plain, completion)
    default: completion(answer(to: plain))
    }
  }

  /// The answer to a call that is answered at once.
  func answer(to bytes: ByteBuffer) -> Result<[UInt8], InferenceFailure> {
    do throws(InferenceFailure) {
      let request = try request(bytes)
      if method == .modelConfig { return .success(try configuration(of: request.address)) }
      return .success(try encoded(try document(for: request)))
    } catch {
      return .failure(error)
    }
  }

  func request(_ bytes: ByteBuffer) throws(InferenceFailure) -> JSONValue {
    do throws(InputProblem) {
      return try bytes.withUnsafeReadableBytes { (bytes) throws(InputProblem) in
        try GRPCSchemas.documents.decode(bytes, as: method.messages.input)
      }
    } catch {
      throw .invalidInput(error)
    }
  }

  func encoded(_ document: JSONValue) throws(InferenceFailure) -> [UInt8] {
    do throws(InputProblem) {
      return try GRPCSchemas.documents.encode(document, as: method.messages.output)
    } catch {
      // The document is ours: the fault is, too.
      throw .internalFault(FaultID("document-\(method)"))
    }
  }
}

// MARK: - What is answered

extension DocumentWork {
  private func document(for request: JSONValue) throws(InferenceFailure) -> JSONValue {
    switch method {
    case .serverLive: return .object([.init("live", .bool(shared.door.isLive))])
    case .serverReady: return .object([.init("ready", .bool(shared.door.isReady))])
    case .serverMetadata:
      return OpenInferenceDocuments.serverMetadataDocument(
        version: shared.settings.version, extensions: extensions)
    case .modelReady: return try readiness(of: request.address)
    case .modelMetadata: return try metadata(of: request.address)
    case .modelStatistics: return try statistics(for: request)
    case .repositoryIndex: return index(isReadyOnly: request["ready"] == .bool(true))
    case .healthCheck: return try health(of: request.text("service"))
    case .systemSharedMemoryStatus, .systemSharedMemoryRegister, .systemSharedMemoryUnregister:
      return try ExtensionDocuments(shared).memory(method, request)
    case .traceSetting, .logSettings:
      return try ExtensionDocuments(shared).settings(method, request)
    case .cudaSharedMemoryStatus: return .object([])
    case .cudaSharedMemoryRegister, .cudaSharedMemoryUnregister:
      throw .unsupported(.other("CUDA shared memory: it computes on processors alone"))
    case .modelConfig, .modelInfer, .modelStreamInfer, .healthWatch, .reflectionV1,
      .reflectionV1Alpha,
      .repositoryModelLoad, .repositoryModelUnload, .service:
      preconditionFailure("\(method) is answered elsewhere")
    }
  }

  /// Names of Triton's, of what is there and on.
  private var extensions: [String] {
    let optional: [(name: String, isThere: Bool)] = [
      ("system_shared_memory", shared.extensions.memory.isOn),
      ("trace", shared.extensions.tracing != nil), ("logging", shared.extensions.logging != nil),
    ]
    return Self.alwaysThere + optional.filter(\.isThere).map(\.name)
  }

  private static let alwaysThere = [
    "classification", "parameters", "statistics", "model_repository",
    "model_repository(unload_dependents)", "model_configuration", "schedule_policy", "sequence",
    "sequence(string_id)",
  ]

  /// `ModelConfigResponse`, whose one field is the configuration.
  private func configuration(of address: ModelAddress) throws(InferenceFailure) -> [UInt8] {
    guard let document = try entrance.lease(address).configuration else {
      throw .unsupported(.other("the configuration of a model that was not read from files"))
    }
    return document.encodeProtobufResponse()
  }

  /// A model that nobody knows is not ready, which is what Triton says and its clients rely on.
  private func readiness(of address: ModelAddress) throws(InferenceFailure) -> JSONValue {
    do throws(InferenceFailure) {
      let lease = try entrance.lease(address)
      return .object([.init("ready", .bool(lease.obstacle == nil))])
    } catch {
      switch error {
      case .modelNotReady, .modelNotFound: return .object([.init("ready", .bool(false))])
      default: throw error
      }
    }
  }

  private func metadata(of address: ModelAddress) throws(InferenceFailure) -> JSONValue {
    let lease = try entrance.lease(address)
    return OpenInferenceDocuments.modelMetadataDocument(
      name: lease.name, versions: lease.versions, platform: lease.platformName,
      signature: lease.signature)
  }

  private func statistics(for request: JSONValue) throws(InferenceFailure) -> JSONValue {
    let name = request.text("name")
    guard !name.isEmpty else {
      return OpenInferenceDocuments.statisticsDocument(
        shared.metrics.statistics(name: nil, version: nil))
    }
    // Refuses what is not known; a version is its number from here on.
    var version: Int64?
    if !request.text("version").isEmpty { version = try entrance.lease(request.address).version }
    if version == nil, shared.door.statuses(named: name).isEmpty {
      _ = try entrance.lease(request.address)
    }
    return OpenInferenceDocuments.statisticsDocument(
      shared.metrics.statistics(name: name, version: version))
  }

  private func index(isReadyOnly: Bool) -> JSONValue {
    let entries = RepositoryEntry.all(
      of: shared.door, shared.repository, isReadyOnly: isReadyOnly)
    return .object([.init("models", OpenInferenceDocuments.repositoryIndexDocument(entries))])
  }

  private func health(of service: String) throws(InferenceFailure) -> JSONValue {
    guard let isServing = ServiceHealth(shared).isServing(service) else {
      throw .modelNotFound(ModelAddress(name: service), known: ServiceHealth.services)
    }
    return ServiceHealth.document(isServing: isServing)
  }

  private func manage(_ bytes: ByteBuffer, _ completion: @escaping Completion) {
    @Sendable func answer(_ failure: InferenceFailure?) {
      completion(failure.map { .failure($0) } ?? .success([]))
    }
    do throws(InferenceFailure) {
      guard let repository = shared.repository else {
        throw .forbidden(.explicitControlOff(mode: "none"))
      }
      let request = try managementRequest(bytes)
      guard !request.model.isEmpty else { throw .invalidInput(.missingField("model_name")) }
      if method == .repositoryModelLoad {
        repository.load(request.model, request.load, answer)
      } else {
        repository.unload(request.model, withDependents: request.unloadsDependents, answer)
      }
    } catch {
      completion(.failure(error))
    }
  }

  private func managementRequest(
    _ bytes: ByteBuffer
  ) throws(InferenceFailure) -> RepositoryMessage {
    do throws(InputProblem) {
      return try bytes.withUnsafeReadableBytes { (bytes) throws(InputProblem) in
        method == .repositoryModelLoad
          ? try RepositoryMessage(load: bytes) : try RepositoryMessage(unload: bytes)
      }
    } catch {
      throw .invalidInput(error)
    }
  }
}

extension GRPCMethod {
  /// Full names of what is sent each way.
  var messages: (input: String, output: String) {
    let parts = path.split(separator: "/")
    guard parts.count == 2, let found = Self.messages["\(parts[0])/\(parts[1])"] else {
      preconditionFailure("\(path) is in no schema")
    }
    return found
  }

  private static let messages: [String: (input: String, output: String)] = {
    var found: [String: (input: String, output: String)] = [:]
    for service in GRPCSchemas.files.flatMap(\.services) {
      for method in service.methods {
        found["\(service.fullName)/\(method.name)"] = (method.input, method.output)
      }
    }
    return found
  }()
}

extension JSONValue {
  /// A member that is text; empty where it is not there.
  func text(_ key: String) -> String {
    if case .string(let text) = self[key] { return text }
    return ""
  }

  /// The model that `name` and `version` mean.
  var address: ModelAddress {
    ModelAddress(name: text("name")[...], version: text("version")[...])
  }
}
