import FrontSupport
import Inference
import NIOCore
import NIOHTTP1
import Serving
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

  func run(_ body: ByteBuffer, _ completion: @escaping Completion) {
    do throws(InferenceFailure) {
      let parameters = try parameters()
      switch (route.endpoint, method) {
      case (.modelRegister, .POST): try register(body, parameters, completion)
      case (.modelRegister, _): completion(.success(Reply(document: try list(parameters))))
      case (.modelEntry, .DELETE): try unregister(completion)
      case (.modelEntry, .PUT):
        try scale(parameters, completion)
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
    TorchServeDocuments.list(
      names: StatusAnswers.names(shared.door.statuses),
      start: try number(parameters, "next_page_token", 0...Int.max / 2) ?? 0,
      limit: try number(parameters, "limit", 1...10_000) ?? 100)
  }

  private func describe() throws(InferenceFailure) -> [UInt8] {
    let found = try statuses()
    if isSageMaker { return TorchServeDocuments.entry(ofName: name) }
    return TorchServeDocuments.description(
      found.map {
        .init(
          name: $0.name, version: $0.version, runtimeName: $0.runtimeName, state: $0.state,
          instanceCount: $0.instanceCount, waitingCount: $0.queueDepth,
          waitingCountMax: shared.settings.waitingRequestsMax, runRowsMax: $0.runRowsMax,
          runDelayMilliseconds: Int64(clamping: $0.runDelayNanoseconds / 1_000_000))
      })
  }

  /// The versions that the path means.
  private func statuses() throws(InferenceFailure) -> [ModelStatus] {
    let all = shared.door.statuses(named: name)
    let found = all.filter { status in
      switch route.address.version {
      case .any: true
      case .number(let number): status.version == number
      case .alias(let alias): status.aliases.contains(alias)
      }
    }
    guard found.isEmpty else { return found }
    let known =
      all.isEmpty
      ? StatusAnswers.names(shared.door.statuses) : all.map { String($0.version) }
    let address = all.isEmpty ? ModelAddress(name: name) : route.address
    throw .modelNotFound(address, known: known)
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
    let name = try Self.name(url: url, wanted: wanted)
    if shared.door.statuses(named: name).contains(where: { $0.state == .ready }) {
      throw .alreadyExists(name)
    }
    guard let repository = shared.repository else { throw Self.off }
    repository.load(name, ModelLoadRequest()) { [door = shared.door] failure in
      if let failure { return completion(.failure(failure)) }
      let loaded = door.statuses(named: name).last
      let text =
        "Model \"\(name)\" Version: \(loaded?.version ?? 1) registered with "
        + "\(loaded?.instanceCount ?? 1) initial workers"
      completion(
        .success(Reply(document: TorchServeDocuments.status(text), isSageMaker: isByBody)))
    }
  }

  /// The name under which the model directories have what `url` means. Nothing else is loaded: no
  /// address of another machine, no path that leads out.
  private static func name(url: String?, wanted: String?) throws(InferenceFailure) -> String {
    guard let url, !url.isEmpty else { throw .invalidInput(.missingField("url")) }
    let refusal = InferenceFailure.invalidInput(
      .parameter(
        "url", expected: "the name of a model in this server's model directories", got: url))
    let parts = url.split(separator: "/").map(String.init)
    guard !url.contains("://"), !parts.contains(".."), let last = parts.last else { throw refusal }
    let stems = parts + [last.lastIndex(of: ".").map { String(last[..<$0]) } ?? last]
    guard let wanted, !wanted.isEmpty else { return stems[stems.count - 1] }
    guard stems.contains(wanted) else {
      throw .invalidInput(
        .parameter(
          "model_name", expected: "the model's own name, as `url` has it", got: wanted))
    }
    return wanted
  }

  private func unregister(_ completion: @escaping Completion) throws(InferenceFailure) {
    let found = try statuses()
    guard let repository = shared.repository else { throw Self.off }
    let isAll = found.count == shared.door.statuses(named: name).count
    let ended: @Sendable (InferenceFailure?) -> Void = { [name] failure in
      if let failure { return completion(.failure(failure)) }
      completion(
        .success(
          Reply(document: TorchServeDocuments.status("Model \"\(name)\" unregistered"))))
    }
    if !isAll, found.count == 1 {
      repository.unload(name, version: found[0].version, ended)
    } else {
      repository.unload(name, withDependents: false, ended)
    }
  }

  /// Instances are made when a model is loaded: within the bounds they stay as they are, else the
  /// versions are loaded anew beside themselves. Answered when that is done: `synchronous` or not,
  /// the answer is about workers that there are.
  private func scale(
    _ parameters: [String: String], _ completion: @escaping Completion
  ) throws(InferenceFailure) {
    let minimum = try number(parameters, "min_worker", 0...Self.workersMax) ?? 1
    let maximum = try number(parameters, "max_worker", 1...Self.workersMax) ?? max(minimum, 1)
    guard minimum <= maximum else {
      throw .invalidInput(
        .parameter("max_worker", expected: "`min_worker` or more", got: String(maximum)))
    }
    let status = parameters["synchronous"] == "true" ? 200 : 202
    let others = try statuses().filter { !(minimum...maximum ~= $0.instanceCount) }
    guard let first = others.first else {
      let document = TorchServeDocuments.status("Workers are as asked for")
      return completion(.success(Reply(document: document, status: status)))
    }
    guard let repository = shared.repository else { throw Self.off }
    let count = min(max(first.instanceCount, minimum, 1), maximum)
    repository.scale(
      name, versions: Set(others.map(\.version)), instanceCount: count
    ) { [name] failure in
      if let failure { return completion(.failure(failure)) }
      let document = TorchServeDocuments.status("Workers scaled to \(count) for model: \(name)")
      completion(.success(Reply(document: document, status: status)))
    }
  }

  /// As many instances as the setting `instances` takes.
  private static let workersMax = 4_096

  /// The alias `default` names the version that answers where none is named.
  private func setDefault() throws(InferenceFailure) -> [UInt8] {
    guard let found = try statuses().last else { throw .modelNotFound(route.address, known: []) }
    guard found.state == .ready else {
      throw .modelNotReady(name: name, state: found.state)
    }
    if let repository = shared.repository {
      try repository.setAliases(["default": found.version], of: name)
    } else {
      try shared.door.setAliases(["default": found.version], of: name)
    }
    return TorchServeDocuments.status(
      "Default version succesfully updated for model \"\(name)\" to \"\(found.version)\"")
  }

  private static let off = InferenceFailure.forbidden(.explicitControlOff(mode: "none"))
}
