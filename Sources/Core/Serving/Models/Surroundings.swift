import Batching
import Inference
import Synchronization

/// What all models of one server share.
final class Surroundings: Sendable {
  let settings: ServingSettings
  let observer: any EventObserver
  let waitingBytes: WaitingBytes
  let responseCache: ResponseCache
  let clock: ServingClock
  /// Versions on their way out, until their memory is back.
  let retiring = Signal(RetiringModels())
  /// `nil` where runs occupy nothing.
  let limiter: RunLimiter?
  /// Threads that were given up; the process cannot get them back.
  let abandonedCount = Atomic<Int>(0)
  /// Model threads that compute right now.
  let busyThreadCount = Atomic<Int>(0)

  init(settings: ServingSettings, observer: any EventObserver) {
    self.settings = settings
    self.observer = observer
    self.waitingBytes = WaitingBytes(limit: settings.waitingBytesMax)
    self.responseCache = ResponseCache(byteCountMax: settings.responseCacheBytesMax)
    self.clock = ServingClock()
    self.limiter = settings.resources.map { RunLimiter(supplies: $0) }
  }
}

/// Bytes of tensors between the door and their answers, over all models, against one limit.
final class WaitingBytes: Sendable {
  private let limit: Int
  private let count = Atomic<Int>(0)

  init(limit: Int) { self.limit = limit }

  var current: Int { count.load(ordering: .relaxed) }

  /// Whether that much more may wait. An empty house takes any one request: its own limit is the
  /// front's, on the body.
  func admits(_ byteCount: Int) -> Bool {
    let current = count.load(ordering: .relaxed)
    return current == 0 || current + byteCount <= limit
  }

  func add(_ byteCount: Int) { count.wrappingAdd(byteCount, ordering: .relaxed) }

  func remove(_ byteCount: Int) { count.wrappingSubtract(byteCount, ordering: .relaxed) }
}
