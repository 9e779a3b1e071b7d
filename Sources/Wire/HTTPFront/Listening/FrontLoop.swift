import Glibc
import Inference
import NIOCore
import NIOPosix
import Serving

/// What one event loop of the front owns: its entrance to the models, its connections, its second
/// hand. Made, used and dropped on that loop.
final class FrontLoop {
  let eventLoop: any EventLoop
  let settings: HTTPFrontSettings
  let limits: HTTPLimits
  let observer: any EventObserver
  let entrance: Entrance
  let router: Router
  let workers: WorkerPool
  let originGuard: OriginGuard
  /// In lower case.
  let callerHeader: String?
  let trustedProxies: Set<String>

  var headWriter = AnswerHead()
  var requestIDs: RequestIDs
  private(set) var tick = 0
  private(set) var date: DateText
  private(set) var isDraining = false
  private var connections: [ObjectIdentifier: HTTPConnection] = [:]

  init(eventLoop: any EventLoop, shared: FrontShared) {
    self.eventLoop = eventLoop
    settings = shared.settings
    limits = shared.settings.limits
    observer = shared.observer
    entrance = shared.door.makeEntrance(isEventLoop: true)
    router = Router(shared)
    workers = shared.workers
    originGuard = OriginGuard(shared.settings)
    callerHeader = shared.settings.callerHeader?.lowercased()
    trustedProxies = callerHeader == nil ? [] : shared.settings.trustedProxies
    requestIDs = RequestIDs(seed: .random(in: .min ... .max))
    date = DateText(unixSeconds: time(nil))
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
    date = DateText(unixSeconds: time(nil))
    for connection in connections.values { connection.timePassed() }
  }

  func connectionOpened(_ connection: HTTPConnection) {
    connections[ObjectIdentifier(connection)] = connection
    if isDraining { connection.close() }
  }

  func connectionClosed(_ connection: HTTPConnection) {
    connections[ObjectIdentifier(connection)] = nil
  }

  /// When a request that says nothing about time is no longer of use.
  func deadline(from arrival: Instant) -> Instant {
    settings.requestTimeout.map { arrival.advanced(by: $0) } ?? .distantFuture
  }

  func beginDraining() {
    isDraining = true
    for connection in connections.values { connection.beginDraining() }
  }

  func closeAll() {
    for connection in connections.values { connection.close() }
  }
}
