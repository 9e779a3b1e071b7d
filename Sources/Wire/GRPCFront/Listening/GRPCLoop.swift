import FrontSupport
import Inference
import NIOCore
import Serving
import WireFormats

/// What one event loop of the front owns: its entrance to the models, its connections, its second
/// hand. Made, used and dropped on that loop.
final class GRPCLoop {
  let eventLoop: any EventLoop
  let shared: GRPCShared
  let settings: GRPCFrontSettings
  let limits: GRPCLimits
  let observer: any EventObserver
  let entrance: Entrance
  /// In lower case, as names of metadata are.
  let callerHeader: String?
  /// Metadata that opens restricted groups of calls.
  let keyNames: Set<String>

  var requestIDs = RequestIDs(seed: .random(in: .min ... .max))
  /// Serves every message that is decoded on this loop.
  var layout = InferMessageLayout()
  private(set) var tick = 0
  private(set) var isDraining = false
  private var connections: [ObjectIdentifier: GRPCConnection] = [:]
  /// Connections with an answer that is written but not sent.
  private var unsent: [GRPCConnection] = []

  init(eventLoop: any EventLoop, shared: GRPCShared, entrance: Entrance) {
    self.eventLoop = eventLoop
    self.shared = shared
    settings = shared.settings
    limits = shared.settings.limits
    observer = shared.observer
    self.entrance = entrance
    callerHeader = shared.settings.callerHeader?.lowercased()
    keyNames = shared.settings.restricted.headers
  }

  /// Starts the second hand; it stops with the loop.
  func start() {
    _ = eventLoop.assumeIsolated().scheduleTask(in: .seconds(1)) { [weak self] in
      self?.secondPassed()
      self?.start()
    }
  }

  private func secondPassed() {
    tick += 1
    for connection in connections.values { connection.secondPassed() }
  }

  func connectionOpened(_ connection: GRPCConnection) {
    connections[ObjectIdentifier(connection)] = connection
  }

  func connectionClosed(_ connection: GRPCConnection) {
    connections[ObjectIdentifier(connection)] = nil
  }

  /// Has a model loaded that is loaded on demand; calls `then` on this loop, at once where it is there.
  func wake(
    _ address: ModelAddress, until deadline: Instant,
    then: @escaping (Result<ModelLease, InferenceFailure>) -> Void
  ) throws(InferenceFailure) {
    let loop = eventLoop
    let bound = NIOLoopBound(then, eventLoop: loop)
    let lease = try entrance.lease(address, waitingUntil: deadline) { result in
      loop.execute { bound.value(result) }
    }
    if let lease { then(.success(lease)) }
  }

  /// Sends what a connection has written together with what else this turn of the loop writes.
  func flushSoon(_ connection: GRPCConnection) {
    unsent.append(connection)
    if unsent.count == 1 { eventLoop.assumeIsolated().execute { self.flushUnsent() } }
  }

  private func flushUnsent() {
    let leaving = unsent
    unsent.removeAll(keepingCapacity: true)
    for connection in leaving { connection.flush() }
  }

  /// When a request that says nothing about time is no longer of use.
  func deadline(from arrival: Instant) -> Instant {
    settings.requestTimeout.map { arrival.advanced(by: $0) } ?? .distantFuture
  }

  func beginDraining() {
    isDraining = true
    for connection in connections.values { connection.beginLeaving() }
  }

  func closeAll() {
    for connection in connections.values { connection.close() }
  }
}
