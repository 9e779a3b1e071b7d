import Inference
import Synchronization

/// Runs that no worker could take yet, first come first served.
///
/// As many as a model may have under way at once, which its server bounds.
final class WaitingRuns: Sendable {
  private struct State: Sendable {
    var runs: [WorkerRun] = []
    var hasStopped: @Sendable () -> Void = {}
    var hasReturned: @Sendable () -> Void = {}
  }
  private let state = Guarded(State())

  /// - Parameters:
  ///   - hasStopped: lets another thread look for runs that nobody wants any more (`endStopped`); called
  ///     under the lock of a run's stop flag.
  ///   - hasReturned: finds another worker for what was put back.
  func attend(
    hasStopped: @escaping @Sendable () -> Void, hasReturned: @escaping @Sendable () -> Void
  ) {
    state.withLock { state in
      state.hasStopped = hasStopped
      state.hasReturned = hasReturned
    }
  }

  func returned() { state.withLock { $0.hasReturned }() }

  func add(_ run: WorkerRun) { put([run], isFirst: false) }

  /// Runs that were taken before those that wait.
  func putBack(_ runs: [WorkerRun]) { put(runs, isFirst: true) }

  private func put(_ runs: [WorkerRun], isFirst: Bool) {
    let hasStopped = state.withLock { $0.hasStopped }
    // Before anybody can take them and observe them in turn.
    for run in runs { run.stop.observe { isRaised in if isRaised { hasStopped() } } }
    state.withLock { $0.runs.insert(contentsOf: runs, at: isFirst ? 0 : $0.runs.count) }
    if runs.contains(where: \.stop.isRaised) { hasStopped() }
  }

  func takeFirst() -> WorkerRun? {
    state.withLock { $0.runs.isEmpty ? nil : $0.runs.removeFirst() }
  }

  /// Ends those whose answers nobody wants any more.
  func endStopped() {
    let stopped = state.withLock { state in
      var stopped: [WorkerRun] = []
      state.runs.removeAll { run in
        let isStopped = run.stop.isRaised
        if isStopped { stopped.append(run) }
        return isStopped
      }
      return stopped
    }
    for run in stopped { run.endAsStopped() }
  }

  func failAll(_ fault: RuntimeFault) {
    let all = state.withLock { state in
      defer { state.runs = [] }
      return state.runs
    }
    for run in all { run.end(.failure(fault)) }
  }
}
