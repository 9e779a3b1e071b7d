import Inference

/// The one thread that waits for time: deadlines of requests, and bounds of runs.
final class ServingClock: Sendable {
  private struct Plan {
    var models: [ObjectIdentifier: ModelCore] = [:]
    var wakeAt: [ObjectIdentifier: Instant] = [:]
    var isStopping = false
  }

  /// How often runs are looked at.
  private static let superviseEvery = Duration.seconds(1)
  private let plan = Signal(Plan())

  /// Starts looking after a model.
  func add(_ model: ModelCore) { plan.update { $0.models[ObjectIdentifier(model)] = model } }

  /// Lets go of a model.
  func remove(_ model: ModelCore) {
    plan.update {
      $0.models[ObjectIdentifier(model)] = nil
      $0.wakeAt[ObjectIdentifier(model)] = nil
    }
  }

  /// Calls the model's `timePassed` at that instant, or earlier.
  func wake(_ model: ModelCore, at instant: Instant) {
    plan.update { plan in
      let key = ObjectIdentifier(model)
      guard plan.models[key] != nil else { return }
      plan.wakeAt[key] = min(plan.wakeAt[key] ?? .distantFuture, instant)
    }
  }

  /// Ends `run`.
  func stop() { plan.update { $0.isStopping = true } }

  /// The thread's body.
  func run() {
    var superviseAt = MonotonicClock.now().advanced(by: Self.superviseEvery)
    while true {
      let next = plan.withValue { plan -> Instant? in
        if plan.isStopping { return nil }
        // Nothing to supervise: sleep until a model is added.
        let supervise = plan.models.isEmpty ? Instant.distantFuture : superviseAt
        return plan.wakeAt.values.reduce(supervise) { min($0, $1) }
      }
      guard let next else { return }
      sleep(until: next)
      let now = MonotonicClock.now()
      for model in takeDue(now: now) { model.timePassed() }
      if now >= superviseAt {
        for model in plan.withValue({ Array($0.models.values) }) { model.supervise(now: now) }
        superviseAt = now.advanced(by: Self.superviseEvery)
      }
    }
  }

  /// Sleeps until then, or until the plan asks for something earlier.
  private func sleep(until instant: Instant) {
    let limit = instant == .distantFuture ? nil : instant.nanoseconds
    _ = plan.sleepUntilReady(before: limit) { plan -> Bool? in
      if plan.isStopping { return true }
      if instant == .distantFuture { return plan.models.isEmpty ? nil : true }
      return plan.wakeAt.values.contains { $0 < instant } ? true : nil
    }
  }

  private func takeDue(now: Instant) -> [ModelCore] {
    plan.withValue { plan in
      let due = plan.wakeAt.filter { $0.value <= now }.keys
      for key in due { plan.wakeAt[key] = nil }
      return due.compactMap { plan.models[$0] }
    }
  }
}
