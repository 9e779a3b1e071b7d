import FrontSupport
import Inference
import NIOCore
import NIOEmbedded
import NIOHTTP1
import Serving
import Synchronization
import TestSupport
import WireFormats

@testable import HTTPFront

/// A front on an event loop whose time the test moves, with one connection from 127.0.0.1.
final class FrontFixture {
  let loop: TestLoop
  let channel: EmbeddedChannel
  let front: FrontLoop
  let observer: RecordingObserver
  let door: InferenceServer
  let shared: FrontShared
  let model: any LoadedModel
  /// Whether the front lives as long as this connection.
  private let isFirst: Bool
  let repository: FakeRepository

  convenience init(
    _ behaviour: FakeModel.Behaviour = .identity, isCheap: Bool = true,
    peer: String = "127.0.0.1", isMetricsOnly: Bool = false,
    changed change: (inout HTTPFrontSettings) -> Void = { _ in }
  ) throws {
    try self.init(
      model: FakeModel(behaviour, isCheap: isCheap), peer: peer, isMetricsOnly: isMetricsOnly,
      changed: change)
  }

  init(
    model: any LoadedModel, peer: String = "127.0.0.1", isMetricsOnly: Bool = false,
    changed change: (inout HTTPFrontSettings) -> Void = { _ in }
  ) throws {
    var settings = HTTPFrontSettings()
    change(&settings)
    isFirst = true
    observer = RecordingObserver()
    self.model = model
    door = InferenceServer(
      settings: ServingSettings(coreCount: 1), loopCount: 1, observer: observer)
    repository = FakeRepository(door)
    try door.load(
      ModelSpecification(name: "echo", source: .file(path: "echo"), loader: FakeLoader { model }))
    shared = FrontShared(
      settings: settings, door: door, observer: observer, pages: OnePage(), metrics: NoMetrics(),
      repository: repository, workers: WorkerPool(threadCount: settings.workerThreads))
    shared.workers.start()
    loop = TestLoop()
    front = FrontLoop(
      eventLoop: loop, shared: shared, entrance: door.makeEntrance(isEventLoop: true))
    front.start()
    channel = try Self.connect(front, loop, peer, isMetricsOnly)
  }

  /// A second connection to the same front.
  init(beside other: FrontFixture, profile: Dialect? = nil) throws {
    isFirst = false
    loop = other.loop
    observer = other.observer
    model = other.model
    repository = other.repository
    door = other.door
    shared = other.shared
    front = other.front
    channel = try Self.connect(front, loop, "127.0.0.1", false, profile)
  }

  private static func connect(
    _ front: FrontLoop, _ loop: TestLoop, _ peer: String, _ isMetricsOnly: Bool,
    _ profile: Dialect? = nil
  ) throws -> EmbeddedChannel {
    let channel = EmbeddedChannel(loop: loop.embedded)
    try HTTPPipeline.install(
      on: channel.pipeline.syncOperations, front: front, limits: front.limits,
      ListenerKind(isMetricsOnly: isMetricsOnly, profile: profile))
    channel.remoteAddress = try SocketAddress(ipAddress: peer, port: 50_000)
    channel.connect(to: try SocketAddress(ipAddress: peer, port: 50_000), promise: nil)
    return channel
  }

  deinit { if isFirst { shared.workers.stop() } }

  /// Sends bytes as they are, and reads what has come back by then.
  @discardableResult
  func send(_ text: String) -> String { send(Array(text.utf8)) }

  @discardableResult
  func send(_ bytes: [UInt8]) -> String {
    // A parser's refusal also surfaces here as an error of the embedded channel; the answer says it.
    _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
    return received()
  }

  /// Sends bytes and waits for what comes back, whichever thread makes it.
  func ask(_ bytes: [UInt8]) -> [UInt8] {
    _ = try? channel.writeInbound(ByteBuffer(bytes: bytes))
    return awaitBytes()
  }

  /// What the server has written since the last look, as text.
  func received() -> String { String(decoding: receivedBytes(), as: UTF8.self) }

  func receivedBytes() -> [UInt8] {
    loop.run()
    var bytes: [UInt8] = []
    while let part = try? channel.readOutbound(as: ByteBuffer.self) {
      bytes += part.readableBytesView
    }
    return bytes
  }

  /// Waits for another thread's answer.
  func awaitAnswer() -> String { String(decoding: awaitBytes(), as: UTF8.self) }

  func awaitBytes() -> [UInt8] {
    var bytes: [UInt8] = []
    _ = eventually {
      bytes += receivedBytes()
      return !bytes.isEmpty
    }
    return bytes
  }

  func pass(seconds: Int64) { loop.embedded.advanceTime(by: .seconds(seconds)) }

  func get(_ path: String, _ headers: String = "") -> String {
    send("GET \(path) HTTP/1.1\r\nHost: localhost\r\n\(headers)\r\n")
  }

  func post(_ path: String, _ body: String, _ headers: String = "") -> String {
    send(
      "POST \(path) HTTP/1.1\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n"
        + headers + "\r\n" + body)
  }

  /// The client goes away.
  func hangUp() {
    channel.close(promise: nil)
    loop.run()
  }

  var isOpen: Bool { channel.isActive }
}

/// An inference request for the model `echo`.
let oneNumber = #"{"inputs":[{"name":"INPUT0","shape":[1],"datatype":"FP32","data":[1.5]}]}"#

extension String {
  var status: Int { Int(split(separator: " ").dropFirst().first ?? "") ?? 0 }

  var body: String {
    firstRange(of: "\r\n\r\n").map { String(self[$0.upperBound...]) } ?? ""
  }

  /// The value of a header, whatever the case of its name.
  func header(_ name: String) -> String? {
    for line in split(separator: "\r\n") where line.lowercased().hasPrefix(name.lowercased() + ":")
    {
      return String(line.dropFirst(name.count + 1)).trimmingSpaces
    }
    return nil
  }

  private var trimmingSpaces: String { String(trimmingPrefix { $0 == " " }) }
}

/// A page at `/`.
struct OnePage: FrontPages {
  static let text: StaticString = "<!doctype html><title>Apus</title>"

  func page(atPath path: String) -> FrontPage? {
    guard path == "/" else { return nil }
    let bytes = UnsafeRawBufferPointer(
      start: Self.text.utf8Start, count: Self.text.utf8CodeUnitCount)
    return FrontPage(
      contentType: "text/html; charset=utf-8", bytes: StaticBytes(bytes), etag: "\"1\"")
  }
}

struct NoMetrics: FrontMetrics {
  func metricsText() -> [UInt8] { Array("apus_up 1\n".utf8) }

  func statistics(name: String?, version: Int64?) -> [ModelStatistics] {
    var statistics = ModelStatistics(name: name ?? "all", version: version ?? 1)
    statistics.runCount = 3
    return [statistics]
  }
}

/// Remembers what was asked of it; what is called `no` is refused.
final class FakeRepository: FrontRepository {
  let loads = Guarded<[(name: String, request: ModelLoadRequest)]>([])
  let unloads = Guarded<[(name: String, withDependents: Bool)]>([])
  let versionUnloads = Guarded<[Int64]>([])
  let scalings = Guarded<[(name: String, versions: Set<Int64>, instanceCount: Int)]>([])
  let aliasChanges = Guarded<[String]>([])
  private let door: InferenceServer
  let isControlledByRequests = true

  init(_ door: InferenceServer) { self.door = door }

  func load(
    _ name: String, _ request: ModelLoadRequest,
    _ completion: @escaping @Sendable (InferenceFailure?) -> Void
  ) {
    loads.withLock { $0.append((name, request)) }
    completion(name == "no" ? .modelRefused(name: name, reason: "it is cut off") : nil)
  }

  func unload(
    _ name: String, withDependents: Bool,
    _ completion: @escaping @Sendable (InferenceFailure?) -> Void
  ) {
    unloads.withLock { $0.append((name, withDependents)) }
    completion(nil)
  }

  func unload(
    _ name: String, version: Int64,
    _ completion: @escaping @Sendable (InferenceFailure?) -> Void
  ) {
    versionUnloads.withLock { $0.append(version) }
    completion(nil)
  }

  func scale(
    _ name: String, versions: Set<Int64>, instanceCount: Int,
    _ completion: @escaping @Sendable (InferenceFailure?) -> Void
  ) {
    scalings.withLock { $0.append((name, versions, instanceCount)) }
    completion(nil)
  }

  func setAliases(_ aliases: [String: Int64?], of name: String) throws(InferenceFailure) {
    try door.setAliases(aliases, of: name)
    aliasChanges.withLock { $0.append(name) }
  }

  func unknownEntries() -> [RepositoryEntry] {
    [RepositoryEntry(name: "resting", version: nil, state: .gone)]
  }
}
