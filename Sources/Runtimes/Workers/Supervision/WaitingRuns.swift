import Inference
import Synchronization

/// Runs that no worker could take yet, first come first served.
///
/// As many as a model may have under way at once, which its server bounds.
final class WaitingRuns: Sendable {
  private let runs = Guarded<[WorkerRun]>([])

  func add(_ run: WorkerRun) { runs.withLock { $0.append(run) } }

  func takeFirst() -> WorkerRun? {
    runs.withLock { $0.isEmpty ? nil : $0.removeFirst() }
  }

  func failAll(_ fault: RuntimeFault) {
    let all = runs.withLock { runs in
      defer { runs = [] }
      return runs
    }
    for run in all { run.end(.failure(fault)) }
  }
}
