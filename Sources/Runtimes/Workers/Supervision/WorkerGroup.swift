import CWorkers
import Glibc
package import Inference
import Synchronization

/// The workers of one model: each run goes to the one that has the fewest.
///
/// Runs that come while all are down wait, as long as one is expected soon; else they fail with the reason
/// why it is not. Ends its workers when it is released.
package final class WorkerGroup: Sendable {
  private let workers: [Worker]
  private let waiting: WaitingRuns
  /// What the first worker said of the model.
  package let signature: WorkerSignature
  /// Runs that each worker may have at once.
  package let runsPerWorker: Int

  /// Starts the workers and waits until all of them are ready; blocks as long as their plan allows.
  package init(name: String, plan: WorkerPlan) throws(RuntimeFault) {
    let waiting = WaitingRuns()
    let starts = try FirstStarts()
    var workers: [Worker] = []
    for instance in 0..<max(1, plan.workerCount) {
      workers.append(
        try Worker(instance, plan: plan, waiting: waiting) { starts.take($0, of: instance) })
    }
    for worker in workers { worker.begin(name: name) }
    do throws(RuntimeFault) {
      signature = try starts.waitForAll(workers.count).telling(plan.bounds)
    } catch {
      for worker in workers { worker.stop() }
      throw error
    }
    self.workers = workers
    self.waiting = waiting
    runsPerWorker = plan.runsInFlight
    waiting.attend(
      hasStopped: { [weak first = workers.first] in first?.wakeUp() },
      hasReturned: { [weak self] in self?.dispatch() })
  }

  deinit { for worker in workers { worker.stop() } }

  /// Why none of them answers; `nil` where one does.
  package var obstacle: String? {
    var reason: String?
    for worker in workers {
      guard let obstacle = worker.obstacle else { return nil }
      reason = obstacle
    }
    return reason
  }

  /// Memory that the processes hold at this moment, what they share counted for each.
  package var residentByteCount: Int { workers.reduce(0) { $0 + $1.residentByteCount } }

  /// Starts a run; returns at once. `completion` is called once, on any thread; outputs go to `emit`
  /// before, where there is one.
  package func start(
    _ batch: RunBatch, stop: StopFlag, emit: (@Sendable (RunPart) -> Void)? = nil,
    completion: @escaping @Sendable (Result<[RunPart], RuntimeFault>) -> Void
  ) {
    let run = WorkerRun(batch: batch, stop: stop, emit: emit, completion: completion)
    if let worker = leastBusy, worker.take(run) { return }
    waiting.add(run)
    // One may have become free since it was looked at.
    dispatch()
  }

  /// Gives what waits to whoever has room for it; fails it where nobody is expected to.
  private func dispatch() {
    leastBusy?.takeWaiting()
    if !workers.contains(where: \.isExpected) {
      waiting.failAll(RuntimeFault(code: .failed, message: obstacle ?? "no worker takes it"))
    }
  }

  private var leastBusy: Worker? {
    var best: (worker: Worker, load: Int)?
    for worker in workers {
      guard let load = worker.load else { continue }
      if load == 0 { return worker }
      if best.map({ load < $0.load }) ?? true { best = (worker, load) }
    }
    return best?.worker
  }
}

extension WorkerSignature {
  /// With how the workers' bounds are kept, among what is known of the model.
  fileprivate func telling(_ bounds: String) -> WorkerSignature {
    if bounds.isEmpty { return self }
    let known = signature.metadata.merging(["worker_bounds": bounds]) { own, _ in own }
    return WorkerSignature(
      signature: ModelSignature(
        inputs: signature.inputs, outputs: signature.outputs, hasRowAxis: signature.hasRowAxis,
        metadata: known, methods: signature.methods),
      isDecoupled: isDecoupled)
  }
}

/// How the first start of each worker ended; later ones are of no interest here.
private final class FirstStarts: Sendable {
  private let results = Guarded<[Int: Result<WorkerSignature, RuntimeFault>]>([:])
  private let event: Int32

  init() throws(RuntimeFault) {
    event = apus_event()
    guard event >= 0 else {
      throw RuntimeFault(code: .failed, message: "no file is left to wait for workers with")
    }
  }

  deinit { close(event) }

  func take(_ result: Result<WorkerSignature, RuntimeFault>, of instance: Int) {
    results.withLock { if $0[instance] == nil { $0[instance] = result } }
    var one: UInt64 = 1
    _ = write(event, &one, 8)
  }

  /// The signature of the first, once all are ready; throws as soon as one is not.
  func waitForAll(_ count: Int) throws(RuntimeFault) -> WorkerSignature {
    while true {
      let known = results.withLock { $0 }
      for result in known.values { _ = try result.get() }
      if known.count == count, let first = known[0] { return try first.get() }
      var file = pollfd(fd: event, events: Int16(POLLIN), revents: 0)
      _ = poll(&file, 1, -1)
      var value: UInt64 = 0
      _ = read(event, &value, 8)
    }
  }
}
