import FrontSupport
import Inference
import NIOCore
import NIOHTTP1
import Serving
import WireFormats

/// What changes the repository, or lists it: collects the body, and has a worker do the rest.
final class ManagementExchange: Exchange {
  private let connection: HTTPConnection
  private let route: Route
  private let shared: FrontShared
  private var body: CollectedBody
  private var isOver = false
  /// What an index or aliases need; files of a model may have the whole limit of bodies.
  private static let smallBodyBytesMax = 64 << 10

  init(_ connection: HTTPConnection, _ route: Route, _ shared: FrontShared) {
    self.connection = connection
    self.route = route
    self.shared = shared
    connection.record.model = ""
    body = CollectedBody(
      expectedByteCount: connection.head.contentLength, budget: shared.collectedBytes)
  }

  func receive(_ part: ByteBuffer) {
    do throws(InferenceFailure) {
      try body.append(part)
      if route.endpoint != .modelLoad, body.byteCount > Self.smallBodyBytesMax {
        throw .tooLarge(.body(bytesMax: Self.smallBodyBytesMax))
      }
    } catch {
      connection.refuse(error)
    }
  }

  func end() {
    let loop = connection.front.eventLoop
    let bound = NIOLoopBound(self, eventLoop: loop)
    let work = ManagementWork(
      endpoint: route.endpoint, name: route.address.name,
      isChange: connection.head.method == .POST, coding: connection.head.contentCoding,
      shared: shared)
    let bytes = body.bytes
    shared.workers.run {
      work.run(bytes) { result in loop.execute { bound.value.finish(result) } }
    }
  }

  private func finish(_ result: Result<[UInt8], InferenceFailure>) {
    guard !isOver else { return }
    switch result {
    case .success(let document):
      isOver = true
      body.giveBack()
      let type: StaticString? = document.isEmpty ? nil : Answer.json
      connection.answer(Answer(status: 200, contentType: type, bytes: document))
    case .failure(let failure): connection.refuse(failure)
    }
  }

  func abandon() {
    guard !isOver else { return }
    isOver = true
    body.giveBack()
  }
}

/// One such request as a value that goes to a worker.
private struct ManagementWork: Sendable {
  typealias Completion = @Sendable (Result<[UInt8], InferenceFailure>) -> Void

  let endpoint: Endpoint
  /// Of a model or a region; empty for all.
  let name: String
  let isChange: Bool
  let coding: ContentCoding
  let shared: FrontShared

  func run(_ body: ByteBuffer, _ completion: @escaping Completion) {
    do throws(InferenceFailure) {
      let limit = shared.settings.limits.bodyBytesMax
      let plain =
        coding == .identity ? body : try Unpacking.unpack(body, coding, byteCountMax: limit)
      do throws(InputProblem) {
        try plain.withUnsafeReadableBytes { bytes throws(InputProblem) in
          try act(on: bytes, completion)
        }
      } catch {
        throw .invalidInput(error)
      }
    } catch {
      completion(.failure(error))
    }
  }

  private func act(
    on bytes: UnsafeRawBufferPointer, _ completion: @escaping Completion
  ) throws(InputProblem) {
    @Sendable func answer(_ failure: InferenceFailure?) {
      completion(failure.map { .failure($0) } ?? .success([]))
    }
    switch endpoint {
    case .modelLoad:
      let request = try ModelLoadRequest.decode(
        bytes, depthMax: shared.settings.limits.jsonDepthMax)
      guard let repository = shared.repository else { return answer(Self.off) }
      repository.load(name, request, answer)
    case .modelUnload:
      let withDependents = try ModelUnloadRequest.withDependents(bytes)
      guard let repository = shared.repository else { return answer(Self.off) }
      repository.unload(name, withDependents: withDependents, answer)
    case .modelAliases: answer(change(try AliasRequest.decode(bytes)))
    case .systemMemoryStatus, .systemMemoryRegister, .systemMemoryUnregister, .cudaMemoryStatus,
      .cudaMemoryRegister, .cudaMemoryUnregister:
      completion(
        try MemoryAnswers(registry: shared.extensions.memory, region: name)
          .answer(endpoint, bytes))
    case .traceSettings: completion(try settings(shared.extensions.tracing, bytes))
    case .logSettings: completion(try settings(shared.extensions.logging, bytes))
    default:
      completion(
        .success(try index(isReadyOnly: OpenInferenceDocuments.isReadyOnly(indexRequest: bytes))))
    }
  }

  /// What is in force, after the change where one was asked for.
  private func settings(
    _ settings: (any RunningSettings)?, _ bytes: UnsafeRawBufferPointer
  ) throws(InputProblem) -> Result<[UInt8], InferenceFailure> {
    guard let settings else { return .failure(.unsupported(.other("settings of this kind"))) }
    let model = name.isEmpty ? nil : name
    if let model, shared.door.statuses(named: model).isEmpty {
      return .failure(.modelNotFound(ModelAddress(name: model), known: []))
    }
    if isChange {
      let changes = try OpenInferenceDocuments.settingChanges(bytes)
      do throws(InferenceFailure) {
        try settings.change(changes, ofModel: model)
      } catch {
        return .failure(error)
      }
    }
    return .success(OpenInferenceDocuments.settings(settings.values(ofModel: model)))
  }

  private static let off = InferenceFailure.forbidden(.explicitControlOff(mode: "none"))

  private func change(_ aliases: [String: Int64?]) -> InferenceFailure? {
    do throws(InferenceFailure) {
      if let repository = shared.repository {
        try repository.setAliases(aliases, of: name)
      } else {
        try shared.door.setAliases(aliases, of: name)
      }
      return nil
    } catch {
      return error
    }
  }

  private func index(isReadyOnly: Bool) -> [UInt8] {
    OpenInferenceDocuments.repositoryIndex(
      RepositoryEntry.all(of: shared.door, shared.repository, isReadyOnly: isReadyOnly))
  }
}
