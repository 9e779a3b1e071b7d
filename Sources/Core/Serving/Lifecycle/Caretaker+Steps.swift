import Inference
import Synchronization

// What the policy's steps do, and how loads end.

extension Caretaker {
  // MARK: Loading

  func load(_ key: ModelKey, _ revision: UInt64) {
    guard let specification = specifications[key], let wish = desired[key] else { return }
    change(key) { facts in
      facts.loading = revision
      facts.loadingByteCount = wish.expectedByteCount
    }
    set(.loading, key)
    let attempt = LoadAttempt(
      key, revision: revision, specification: specification, isUrgent: loaded[key].isAsked,
      orders: living.orders, settings: living.surroundings.settings)
    attempts[key] = attempt
    attempt.start()
  }

  func proofBegan(_ attempt: LoadAttempt, _ start: Instant) {
    guard attempts[attempt.key] === attempt,
      let timeout = living.surroundings.settings.proofRunTimeout
    else { return }
    proofLimits[attempt.key] = start.advanced(by: timeout)
  }

  /// Told to stop first; given up where that does not help.
  func proofIsLate(_ key: ModelKey, _ now: Instant) {
    guard let attempt = attempts[key] else {
      proofLimits[key] = nil
      return
    }
    guard attempt.stop.isRaised else {
      attempt.stop.raise()
      let grace = Duration.seconds(living.surroundings.settings.stopGraceSeconds)
      proofLimits[key] = now.advanced(by: grace)
      return
    }
    living.surroundings.abandonedCount.add(1, ordering: .relaxed)
    let fault = RuntimeFault(
      code: .stopped, message: "its first run did not end, and its thread was given up")
    loadEnded(attempt, .failure(fault))
  }

  func loadEnded(_ attempt: LoadAttempt, _ result: Result<any LoadedModel, RuntimeFault>) {
    let key = attempt.key
    // One that was given up reports to nobody.
    guard attempts[key] === attempt else { return }
    attempts[key] = nil
    proofLimits[key] = nil
    change(key) { facts in
      facts.loading = nil
      facts.loadingByteCount = 0
      facts.tried = max(facts.tried, attempt.revision)
    }
    guard let wish = desired[key], !wish.isSuperseded else { return forget(key) }
    // A newer wish came meanwhile: whoever waited for this one waits for that.
    guard wish.revision == attempt.revision else { return }
    do throws(RuntimeFault) {
      try publish(try result.get(), attempt)
    } catch {
      failed(key, attempt.revision, describe(error, attempt))
    }
  }

  private func describe(_ fault: RuntimeFault, _ attempt: LoadAttempt) -> ServerFault {
    let isLate = fault.code == .stopped && attempt.stop.isRaised
    let told = isLate ? "its first run was not done in time; \(fault.message)" : fault.message
    return .modelLoadFailed(
      model: attempt.key.name, file: attempt.specification.source.name,
      RuntimeFault(code: fault.code, message: told))
  }

  private func publish(_ model: any LoadedModel, _ attempt: LoadAttempt) throws(RuntimeFault) {
    let key = attempt.key
    let served = try living.employ(model, attempt.specification)
    let isOnDemand = desired[key]?.isOnDemand ?? false
    let replaced = living.registry.withLock {
      $0.publish(served, at: key, isOnDemand: isOnDemand)
    }
    if let replaced { retire(replaced) }
    let byteCount = model.footprintByteCount
    desired.learn(byteCount: byteCount, of: key)
    change(key) { facts in
      facts.served = attempt.revision
      facts.byteCount = byteCount
      facts.isAsked = false
      facts.lastUsed = served.lastUsed
      facts.number = served.number
    }
    living.announce(key, .ready)
    // Whoever waited gets a lease before anything else can take the version away again.
    for order in waiting.takeWakes(of: key) {
      order.answer { () throws(InferenceFailure) in
        try living.registry.withLock { (registry) throws(InferenceFailure) in
          try registry.lease(order.address)
        }
      }
    }
    waiting.settle(key, attempt.revision, nil)
  }

  private func failed(_ key: ModelKey, _ revision: UInt64, _ fault: ServerFault) {
    let state = ModelState.failed(reason: "\(fault)")
    set(state, key)
    change(key) { facts in
      facts.isAsked = false
      guard facts.faultCount > 0, facts.served == nil else { return }
      facts.faultCount += 1
      facts.retryAt = MonotonicClock.now().advanced(
        by: backoff.delay(afterFailures: facts.faultCount))
    }
    waiting.failWakes(of: key, .modelNotReady(name: key.name, state: state))
    waiting.settle(key, revision, fault)
  }

  func refuse(_ key: ModelKey, _ revision: UInt64, _ neededByteCount: Int) {
    let limit = limits.byteCountMax ?? 0
    let fault = ServerFault.limitReached(
      "model \(key.name): it needs \(neededByteCount) bytes, \(loaded.byteCount) of the \(limit) "
        + "that models may have are in use, and none can be given up")
    change(key) { $0.tried = max($0.tried, revision) }
    failed(key, revision, fault)
    // One that is loaded on demand may find room at another request.
    if desired[key]?.isOnDemand == true { set(.dormant, key) }
  }

  // MARK: Letting go

  func release(_ key: ModelKey) {
    let served = living.registry.withLock { $0.close(key, leaving: .gone) }
    desired.unwant(key)
    if let attempt = attempts[key] { attempt.stop.raise() }
    change(key) { facts in
      facts.served = nil
      facts.byteCount = 0
    }
    forget(key)
    guard let served else { return living.announce(key, .gone) }
    living.announce(key, .draining)
    retire(served)
  }

  func evict(_ key: ModelKey) {
    let served = living.registry.withLock { $0.close(key, leaving: .dormant) }
    change(key) { facts in
      facts.served = nil
      facts.byteCount = 0
    }
    living.announce(key, .draining)
    living.announce(key, .dormant)
    if let served { retire(served) }
  }

  /// Counts a version's memory until it is back; it goes with the last lease.
  private func retire(_ served: ServedModel) {
    let byteCount = served.core.loaded.footprintByteCount
    retiring[served.number] = byteCount
    loaded.retiringByteCount += byteCount
  }

  func gone(_ number: UInt64) {
    loaded.retiringByteCount -= retiring.removeValue(forKey: number) ?? 0
    waiting.gone(number)
  }

  /// Nobody wishes for the version; what is under way still has its place.
  func forget(_ key: ModelKey) {
    guard desired[key] == nil, attempts[key] == nil else { return }
    specifications[key] = nil
    loaded.remove(key)
    open.review(key, desired, loaded)
  }

  // MARK: Faults

  /// A version of which a run lasted longer than its bound: it fails whoever waits, and is loaded
  /// anew after a while.
  func runExceededBound(_ key: ModelKey) {
    guard let wish = desired[key], let served = living.registry.withLock({ $0.served(key) }) else {
      return
    }
    let faultCount = loaded[key].faultCount + 1
    let wait = backoff.delay(afterFailures: faultCount)
    let reason = Self.reason(wait)
    let state = ModelState.failed(reason: reason)
    _ = living.registry.withLock { $0.close(key, leaving: state) }
    living.announce(key, state)
    served.core.giveUp(reason: reason)
    change(key) { facts in
      facts.served = nil
      facts.byteCount = 0
      facts.tried = wish.revision
      facts.faultCount = faultCount
      facts.retryAt = MonotonicClock.now().advanced(by: wait)
    }
    retire(served)
  }

  private static func reason(_ wait: Duration) -> String {
    let parts = wait.components
    let milliseconds = parts.seconds * 1_000 + parts.attoseconds / 1_000_000_000_000_000
    return "a run was over its bound; it is loaded again in \(milliseconds) ms"
  }

  func set(_ state: ModelState, _ key: ModelKey) {
    guard let specification = specifications[key] else { return }
    let isOnDemand = desired[key]?.isOnDemand ?? false
    let isNews = living.registry.withLock {
      $0.set(state, at: key, specification: specification, isOnDemand: isOnDemand)
    }
    if isNews { living.announce(key, state) }
  }
}
