import FrontSupport
import Glibc
import Inference
import NIOCore
import NIOPosix
import Serving
import WireFormats

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
  /// Headers that open restricted groups of addresses.
  let keyNames: Set<String>

  var headWriter = AnswerHead()
  var requestIDs: RequestIDs
  /// Requests of this loop that are in a model's hands.
  var computingCount = 0
  private(set) var tick = 0
  private(set) var date: DateText
  private(set) var isDraining = false
  private var connections: [ObjectIdentifier: HTTPConnection] = [:]
  /// Connections with a small answer that is written but not sent.
  private var unsent: [HTTPConnection] = []
  private var oldestUnsent = Instant.never

  init(eventLoop: any EventLoop, shared: FrontShared, entrance: Entrance) {
    self.eventLoop = eventLoop
    settings = shared.settings
    limits = shared.settings.limits
    observer = shared.observer
    self.entrance = entrance
    router = Router(shared)
    workers = shared.workers
    originGuard = OriginGuard(shared.settings)
    callerHeader = shared.settings.callerHeader?.lowercased()
    trustedProxies = callerHeader == nil ? [] : shared.settings.trustedProxies
    keyNames = shared.settings.restricted.headers
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

  /// Sends a connection's answer together with those of the others that this turn of the loop
  /// answers: each system call that sends may have to wake a client, which costs more than the
  /// sending, and one that is awake needs no waking. No answer is held for long.
  func flushSoon(_ connection: HTTPConnection) {
    guard connections.count > 1 else {
      connection.context?.flush()
      return
    }
    unsent.append(connection)
    if unsent.count == 1 {
      oldestUnsent = connection.record.encoded
      eventLoop.assumeIsolated().execute { self.flushUnsent() }
    } else if unsent.count >= Self.unsentMax
      || connection.record.encoded.nanoseconds(since: oldestUnsent) > Self.unsentNanosecondsMax
    {
      flushUnsent()
    }
  }

  private func flushUnsent() {
    // What follows a sent answer may write the next one.
    let leaving = unsent
    unsent.removeAll(keepingCapacity: true)
    for connection in leaving { connection.context?.flush() }
  }

  private static let unsentMax = 16
  private static let unsentNanosecondsMax: UInt64 = 250_000

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
