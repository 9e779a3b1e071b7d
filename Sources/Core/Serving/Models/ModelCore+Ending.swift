import Batching
import Inference
import Synchronization

/// How runs that do not end are given up, and how the model itself ends.
extension ModelCore {
  // MARK: Runs that do not end

  /// A run has lasted longer than its bound and was told to stop; heard once for each.
  func runIsOverBound(startedAt start: Instant) {
    let isNews = overBoundRun.withLock { latest in
      defer { latest = start }
      return latest != start
    }
    guard isNews else { return }
    surroundings.observer.happened(.runExceededBound(name: name, version: version))
  }

  /// A run would not stop: its requests and those that wait fail, and nothing more is taken. Whoever
  /// hears the event has the model loaded anew.
  func abandon(_ instance: Int, _ fault: RuntimeFault) {
    var lost: [PendingRequest] = []
    let actions = decide { shelf, _ in
      lost = shelf.queue.abandon(instance).compactMap { shelf.take($0) }
      return QueueDecision()
    }
    act(actions)
    for request in lost { end(request, with: .runtimeFailed(fault)) }
    giveUp(reason: "a run was over its bound and did not end; it is loaded again")
    // What it occupied is free for others, though the thread still computes: waiting for it would
    // stop every model.
    turns?.runEnded(on: instance, next: nil)
    // Nothing waits any more, so nothing starts: the run that was lost counts as ended.
    act(
      decide { shelf, _ in
        shelf.queue.instanceBecameFree(instance, now: MonotonicClock.now())
      })
  }

  /// The version answers nothing any more: what waits fails with the reason, and so does what comes.
  /// What runs may still end.
  func giveUp(reason: String) {
    answerKeeper?.close()
    act(decide { shelf, _ in shelf.queue.giveUp(reason: reason) })
  }

  // MARK: End of life

  func beginDraining() {
    answerKeeper?.close()
    act(decide { shelf, _ in shelf.queue.beginDraining(now: MonotonicClock.now()) })
  }

  /// Blocks until everything was answered, or until `limit`; what still waits then fails.
  func drain(until limit: Instant) -> Bool {
    let isDone = drained.sleepUntilReady(before: limit.nanoseconds) { $0 ? true : nil } ?? false
    if !isDone { act(decide { shelf, _ in shelf.queue.failWaiting() }) }
    return isDone
  }

  /// Everything is answered, and nothing more is taken.
  func noteDrained() {
    drained.update { $0 = true }
    surroundings.retiring.update { $0.drained(self) }
  }

  /// Tells the runs in progress to stop. Call after draining; returns at once.
  func beginStopping() {
    while let order = turns?.withdrawAny() { runIsNotMade(order) }
    for runner in runners.all { runner.beginStopping() }
  }

  /// Ends the threads. Call after draining; blocks until the runs in progress have stopped. Those that
  /// have not by `limit` are given up, with their threads.
  func stop(by limit: Instant = .distantFuture) {
    beginStopping()
    for runner in runners.all { runner.end(by: limit) }
    turns?.leave()
    runners.all = []
    inlineInstances?.clear()
  }

  /// Runs that have lasted longer than the bound; for the supervising clock.
  func supervise(now: Instant) {
    for runner in runners.all {
      runner.supervise(now: now, surroundings: surroundings)
    }
  }
}
