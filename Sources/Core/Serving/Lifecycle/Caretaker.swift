import Inference
import Synchronization

/// Carries out what the rollout policy decides: the one thread that changes which versions live.
///
/// Orders come through a queue and are taken one after the other; between them the policy is asked
/// for steps until it has none. Everything here belongs to that thread.
final class Caretaker {
  let living: LivingModels
  let limits: RolloutLimits
  var desired = DesiredModels()
  var loaded = LoadedModels()
  /// Versions where something may be to do.
  var open = OpenVersions()
  var specifications: [ModelKey: ModelSpecification] = [:]
  var attempts: [ModelKey: LoadAttempt] = [:]
  /// When warm-up and proof of an attempt must have ended.
  var proofLimits: [ModelKey: Instant] = [:]
  /// Memory of served models that are on their way out, by number.
  var retiring: [UInt64: Int] = [:]
  var waiting = WaitingOrders()
  var backoff: ReloadBackoff

  init(_ living: LivingModels) {
    self.living = living
    let settings = living.surroundings.settings
    limits = RolloutLimits(
      loadsMax: settings.parallelLoadsMax, byteCountMax: settings.modelBytesMax)
    backoff = ReloadBackoff(seed: .random(in: .min ... .max))
  }

  /// The thread's body.
  func run() {
    while true {
      let (orders, isClosed) = living.orders.take(until: wakeAt)
      for order in orders { take(order) }
      if isClosed { break }
      timePassed(now: MonotonicClock.now())
      takeSteps()
    }
    close()
  }

  private func take(_ order: CaretakerOrder) {
    switch order {
    case .want(let order): want(order)
    case .unwant(let order): unwant(order)
    case .wake(let order): wake(order)
    case .proofBegan(let attempt, let start): proofBegan(attempt, start)
    case .loadEnded(let attempt, let result): loadEnded(attempt, result)
    case .gone(let number): gone(number)
    case .runExceededBound(let key): runExceededBound(key)
    }
  }

  private func takeSteps() {
    while let step = nextStep() {
      switch step {
      case .load(let key, let revision): load(key, revision)
      case .release(let key): release(key)
      case .evict(let key): evict(key)
      case .refuse(let key, let revision, let needed): refuse(key, revision, needed)
      }
    }
  }

  private func nextStep() -> RolloutStep? {
    let step = policyStep()
    guard case .evict = step else { return step }
    // Only now it matters when each was last asked, which takes a look at all.
    noteUses()
    return policyStep()
  }

  private func policyStep() -> RolloutStep? {
    RolloutPolicy.nextStep(
      desired, loaded, open: open, limits: limits, now: MonotonicClock.now())
  }

  /// Changes what is known of a version.
  func change(_ key: ModelKey, _ change: (inout LoadedModels.Facts) -> Void) {
    loaded.change(key, change)
    open.review(key, desired, loaded)
  }

  /// The policy sees when versions were last asked.
  private func noteUses() {
    let uses = living.registry.withLock { registry in
      loaded.versions.keys.compactMap { key in
        registry.served(key).map { (key, $0.lastUsed) }
      }
    }
    for (key, lastUsed) in uses { loaded.change(key) { $0.lastUsed = lastUsed } }
  }

  // MARK: Time

  private var wakeAt: Instant {
    var earliest = waiting.earliestDeadline
    for limit in proofLimits.values { earliest = min(earliest, limit) }
    for key in open.retrying { earliest = min(earliest, loaded[key].retryAt) }
    return earliest
  }

  private func timePassed(now: Instant) {
    waiting.failLate(now: now)
    for (key, limit) in proofLimits where limit <= now { proofIsLate(key, now) }
  }

  // MARK: The end

  /// Refuses whoever waits, and waits for loads in progress: a library that is still at work when
  /// the process ends may bring it down.
  private func close() {
    waiting.refuseAll()
    for attempt in attempts.values { attempt.stop.raise() }
    let grace = Duration.seconds(living.surroundings.settings.stopGraceSeconds)
    let limit = MonotonicClock.now().advanced(by: grace)
    while !attempts.isEmpty, MonotonicClock.now() < limit {
      for report in living.orders.takeReports(until: limit) {
        if case .loadEnded(let attempt, _) = report { attempts[attempt.key] = nil }
      }
    }
  }
}
