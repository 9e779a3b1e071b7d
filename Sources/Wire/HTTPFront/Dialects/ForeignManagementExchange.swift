import FrontSupport
import Inference
import NIOCore
import NIOHTTP1
import WireFormats

/// `/models...`: what TorchServe's management and SageMaker's containers with many models do, by the
/// same means as `/v2/repository`. Collects the small body, and has a worker do the rest.
final class ForeignManagementExchange: Exchange {
  private let connection: HTTPConnection
  private let route: Route
  private let shared: FrontShared
  private var body: CollectedBody
  private var isOver = false
  private static let bodyBytesMax = 64 << 10

  init(_ connection: HTTPConnection, _ route: Route, _ shared: FrontShared) {
    self.connection = connection
    self.route = route
    self.shared = shared
    body = CollectedBody(
      expectedByteCount: connection.head.contentLength, budget: shared.collectedBytes)
  }

  func receive(_ part: ByteBuffer) {
    do throws(InferenceFailure) {
      try body.append(part)
      if body.byteCount > Self.bodyBytesMax {
        throw .tooLarge(.body(bytesMax: Self.bodyBytesMax))
      }
    } catch {
      connection.refuse(error)
    }
  }

  func end() {
    let loop = connection.front.eventLoop
    let bound = NIOLoopBound(self, eventLoop: loop)
    let work = ForeignManagementWork(
      route: route, method: connection.head.method, shared: shared,
      isSageMaker: connection.record.context.dialect == .sageMaker)
    let bytes = body.bytes
    shared.workers.run {
      work.run(bytes) { result in loop.execute { bound.value.finish(result) } }
    }
  }

  private func finish(_ result: Result<ForeignManagementWork.Reply, InferenceFailure>) {
    guard !isOver else { return }
    switch result {
    case .success(let reply):
      isOver = true
      body.giveBack()
      if reply.isSageMaker { connection.record.context.dialect = .sageMaker }
      connection.answer(
        Answer(status: reply.status, contentType: Answer.json, bytes: reply.document))
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
private struct ForeignManagementWork: Sendable {
  struct Reply: Sendable {
    let document: [UInt8]
    var status = 200
    var isSageMaker = false
  }

  typealias Completion = @Sendable (Result<Reply, InferenceFailure>) -> Void

  let route: Route
  let method: HTTPMethod
  let shared: FrontShared
  let isSageMaker: Bool

  private var name: String { route.address.name }

  private var management: ForeignManagement {
    ForeignManagement(
      door: shared.door, repository: shared.repository,
      waitingRequestsMax: shared.settings.waitingRequestsMax)
  }

  func run(_ body: ByteBuffer, _ completion: @escaping Completion) {
    do throws(InferenceFailure) {
      let parameters = try parameters()
      switch (route.endpoint, method) {
      case (.modelRegister, .POST): try register(body, parameters, completion)
      case (.modelRegister, _): completion(.success(Reply(document: try list(parameters))))
      case (.modelEntry, .DELETE): try unregister(completion)
      case (.modelEntry, .PUT): try scale(parameters, completion)
      case (.modelDefault, _): completion(.success(Reply(document: try setDefault())))
      default: completion(.success(Reply(document: try describe())))
      }
    } catch {
      completion(.failure(error))
    }
  }

  private func parameters() throws(InferenceFailure) -> [String: String] {
    guard let pairs = PercentEncoding.pairs(in: route.query) else {
      throw .invalidInput(
        .parameter("query", expected: "percent-encoded UTF-8", got: route.query))
    }
    return Dictionary(pairs.map { ($0.name, $0.value) }) { first, _ in first }
  }

  private func number(
    _ parameters: [String: String], _ name: String, _ range: ClosedRange<Int>
  ) throws(InferenceFailure) -> Int? {
    guard let text = parameters[name] else { return nil }
    guard let value = Int(text), range.contains(value) else {
      throw .invalidInput(
        .parameter(
          name, expected: "a number from \(range.lowerBound) to \(range.upperBound)", got: text))
    }
    return value
  }

  // MARK: Looking

  private func list(_ parameters: [String: String]) throws(InferenceFailure) -> [UInt8] {
    management.list(
      start: try number(parameters, "next_page_token", 0...Int.max / 2) ?? 0,
      limit: try number(parameters, "limit", 1...10_000) ?? 100)
  }

  private func describe() throws(InferenceFailure) -> [UInt8] {
    if isSageMaker {
      _ = try management.versions(of: route.address)
      return TorchServeDocuments.entry(ofName: name)
    }
    return try management.describe(route.address)
  }

  // MARK: Changing

  private func register(
    _ body: ByteBuffer, _ parameters: [String: String], _ completion: @escaping Completion
  ) throws(InferenceFailure) {
    var (wanted, url) = (parameters["model_name"], parameters["url"])
    let isByBody = url == nil && body.readableBytes > 0
    if isByBody {
      do throws(InputProblem) {
        (wanted, url) = try body.withUnsafeReadableBytes { bytes throws(InputProblem) in
          try TorchServeDocuments.registration(bytes)
        }
      } catch {
        throw .invalidInput(error)
      }
    }
    try management.register(url: url, wanted: wanted) { result in
      completion(
        result.map { Reply(document: TorchServeDocuments.status($0), isSageMaker: isByBody) })
    }
  }

  private func unregister(_ completion: @escaping Completion) throws(InferenceFailure) {
    try management.unregister(route.address) { result in
      completion(result.map { Reply(document: TorchServeDocuments.status($0)) })
    }
  }

  /// `synchronous` or not, the answer is about workers that there are; only its status tells.
  private func scale(
    _ parameters: [String: String], _ completion: @escaping Completion
  ) throws(InferenceFailure) {
    let status = parameters["synchronous"] == "true" ? 200 : 202
    try management.scale(
      route.address,
      minimum: try number(parameters, "min_worker", 0...ForeignManagement.workersMax),
      maximum: try number(parameters, "max_worker", 1...ForeignManagement.workersMax)
    ) { result in
      completion(result.map { Reply(document: TorchServeDocuments.status($0), status: status) })
    }
  }

  private func setDefault() throws(InferenceFailure) -> [UInt8] {
    TorchServeDocuments.status(try management.setDefault(route.address))
  }
}
