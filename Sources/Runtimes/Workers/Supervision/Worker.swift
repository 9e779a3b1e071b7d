import CWorkers
import Glibc
import Inference
import Synchronization

/// One worker: a thread of ours that starts its process, listens to it and buries it.
///
/// Its state is decided under one lock and acted on outside of it. Everything that comes from the process
/// arrives on its thread, and so do the completions of its runs.
final class Worker: Sendable {
  let instance: Int
  let plan: WorkerPlan
  private let waiting: WaitingRuns
  private let shell: Guarded<Shell>
  /// Wakes the thread.
  private let wake: Int32
  /// Told when a start has come to an end, one way or the other.
  private let settled: @Sendable (Result<WorkerSignature, RuntimeFault>) -> Void

  struct Shell: Sendable {
    var state: WorkerState
    var link: WorkerLink?
    /// Of the process, while there is one.
    var process: Int32?
    /// The process does not hear any more, though its end is not known yet.
    var isDeaf = false
    /// The program exits.
    var isLeft = false
    var runCount: UInt64 = 0
    var openRunCount = 0

    func canTakeMore(_ plan: WorkerPlan) -> Bool {
      state.isReady && !isDeaf && openRunCount < plan.runsInFlight
    }
  }

  init(
    _ instance: Int, plan: WorkerPlan, waiting: WaitingRuns,
    settled: @escaping @Sendable (Result<WorkerSignature, RuntimeFault>) -> Void
  ) throws(RuntimeFault) {
    self.instance = instance
    self.plan = plan
    self.waiting = waiting
    self.settled = settled
    shell = Guarded(Shell(state: WorkerState(limits: plan.limits, now: Clock.now())))
    wake = apus_event()
    guard wake >= 0 else {
      throw RuntimeFault(code: .failed, message: "no file is left to wake a worker's thread with")
    }
  }

  deinit { close(wake) }

  func begin(name: String) {
    WorkerThread.start(name: "worker:\(name)#\(instance)") {
      let attendant = WorkerAttendant(self)
      WorkerAttendance.note(self) { attendant.attend() }
    }
  }

  func stop() {
    act(shell.withLock { $0.state.stopped() })
    wakeUp()
  }

  /// The program exits: the process is ended, and nobody is told any more.
  func leave() {
    shell.withLock { shell in
      shell.isLeft = true
      _ = shell.state.stopped()
    }
    wakeUp()
  }

  func wakeUp() {
    var one: UInt64 = 1
    _ = write(wake, &one, 8)
  }

  // MARK: What others see

  /// Runs that it has; `nil` where it takes none.
  var load: Int? {
    shell.withLock { shell in
      shell.canTakeMore(plan) ? shell.openRunCount : nil
    }
  }

  var isExpected: Bool { shell.withLock { $0.state.isExpected } }
  var obstacle: String? { shell.withLock { $0.state.obstacle } }

  /// 0 while there is no process.
  var residentByteCount: Int {
    guard let process = shell.withLock({ $0.process }),
      let file = fopen("/proc/\(process)/statm", "r")
    else { return 0 }
    defer { fclose(file) }
    var line = [CChar](repeating: 0, count: 128)
    guard fgets(&line, Int32(line.count), file) != nil else { return 0 }
    // Size and resident, in pages: proc(5).
    let fields = String(decoding: line.map(UInt8.init(bitPattern:)), as: UTF8.self)
      .split(separator: " ")
    guard fields.count > 1, let pages = Int(fields[1]) else { return 0 }
    return pages * sysconf(Int32(_SC_PAGESIZE))
  }

  /// Takes the run where it has room for it; false where it has not, or cannot be told of it.
  func take(_ run: WorkerRun) -> Bool {
    let now = Clock.now()
    let taken = shell.withLock { shell -> (WorkerLink, UInt64)? in
      guard shell.canTakeMore(plan), let link = shell.link else { return nil }
      shell.runCount += 1
      shell.openRunCount += 1
      shell.state.runBegan(shell.runCount, now: now)
      return (link, shell.runCount)
    }
    guard let (link, number) = taken else { return false }
    run.stop.observe { isRaised in if isRaised { link.cancel(number) } }
    do throws(RuntimeFault) {
      if try link.begin(run, number, now: now) {
        // It may have been raised before anybody listened.
        if run.stop.isRaised { link.cancel(number) }
        return true
      }
      withdraw(number, from: link, isDeaf: true)
      run.stop.stopObserving()
      return false
    } catch {
      withdraw(number, from: link, isDeaf: false)
      run.end(.failure(error))
      return true
    }
  }

  /// A run that its process never heard of; nothing of it is left where that was buried meanwhile.
  private func withdraw(_ number: UInt64, from link: WorkerLink, isDeaf: Bool) {
    shell.withLock { shell in
      shell.state.runWithdrawn(number)
      guard shell.link === link else { return }
      shell.openRunCount -= 1
      if isDeaf { shell.isDeaf = true }
    }
  }

  // MARK: For its attendant

  var wakeDescriptor: Int32 { wake }

  func decide(_ event: (inout WorkerState) -> WorkerDecision) -> WorkerDecision {
    shell.withLock { event(&$0.state) }
  }

  var wakeAt: Instant { shell.withLock { $0.state.wakeAt } }
  var lastEnd: RuntimeFault? { shell.withLock { $0.state.lastEnd } }
  var isLeft: Bool { shell.withLock { $0.isLeft } }
  var isOver: Bool { shell.withLock { $0.state.phase == .over } }

  func connect(_ link: WorkerLink, to process: Int32) {
    shell.withLock { shell in
      shell.link = link
      shell.process = process
      shell.isDeaf = false
    }
  }

  /// Ends a run and fills its place with one that waited.
  func finish(_ number: UInt64, _ run: WorkerRun, _ result: Result<[RunPart], RuntimeFault>) {
    shell.withLock { shell in
      shell.state.runEnded(number)
      shell.openRunCount -= 1
    }
    takeWaiting()
    run.end(result)
  }

  func takeWaiting() {
    while load != nil, let run = waiting.takeFirst() {
      if run.stop.isRaised {
        run.endAsStopped()
      } else if !take(run) {
        waiting.putBack([run])
        return waiting.returned()
      }
    }
  }

  func endStopped() { waiting.endStopped() }

  /// What of a decision concerns the runs; the process is its attendant's.
  func act(_ decision: WorkerDecision) {
    if let fault = decision.failsRuns { disconnect(fault) }
    if decision.opens { takeWaiting() }
    if let fault = decision.givesUp { waiting.failAll(fault) }
  }

  /// Nothing more comes from this process: what it had begun fails, the rest waits for another one.
  func disconnect(_ fault: RuntimeFault) {
    let link = shell.withLock { shell in
      shell.openRunCount = 0
      shell.process = nil
      defer { shell.link = nil }
      return shell.link
    }
    guard let (begun, untouched) = link?.close() else { return }
    for run in begun { run.end(.failure(fault)) }
    var again: [WorkerRun] = []
    for var run in untouched {
      run.lostCount += 1
      if run.lostCount < WorkerRun.lostCountMax {
        again.append(run)
      } else {
        run.end(.failure(fault))
      }
    }
    if again.isEmpty { return }
    waiting.putBack(again)
    waiting.returned()
  }

  func tell(_ result: Result<WorkerSignature, RuntimeFault>) { settled(result) }
}
