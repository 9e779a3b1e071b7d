import Batching
import Inference
import Synchronization

/// The named thread of one instance: takes an order, calls the runtime, reports, takes the next.
///
/// The instance is made here and used on this thread only. When the model's runs follow each other
/// closely and a core is free, the thread looks for its next order for a moment before it sleeps: a
/// wake-up costs more than such a run.
final class ModelThread: BatchRunner {
  private struct Mailbox {
    var order: RunOrder?
    var isStopping = false
    /// The thread has ended, or was given up.
    var isOver = false
  }

  let instance: Int
  private let core: ModelCore
  private let runSwitch = RunSwitch()
  private let mailbox = Signal(Mailbox())
  private let hasMail = Atomic<Bool>(false)
  /// When the run in progress started, in nanoseconds; 0 between runs, `abandoned` for ever after.
  /// The thread and the clock both leave a run by exchanging this, so that only one of them does.
  private let runStarted = Atomic<UInt64>(0)
  private static let abandoned = UInt64.max
  private let thread = Guarded<NamedThread?>(nil)

  /// Looks at the mailbox before sleeping; some 20 microseconds.
  private static let glancesBeforeSleep = 4_000
  /// Runs shorter than this are worth a glance.
  private static let glanceRunNanosecondsMax: UInt64 = 500_000

  /// - Parameter cores: processors that the thread may use; `nil` leaves that to the system.
  init(
    model: any ComputingModel, instance: Int, core: ModelCore, cores: [Int]?
  ) throws(RuntimeFault) {
    self.instance = instance
    self.core = core
    // Made on the loading thread, so that a failure is the load's; handed over once.
    let place = InstancePlace(try model.makeInstance(stop: runSwitch.flag))
    let thread = NamedThread(name: "model:\(core.name)#\(instance)") { [self] in
      run(place)
      place.clear()
      mailbox.update { $0.isOver = true }
    }
    self.thread.withLock { $0 = thread }
    if let cores, !thread.pin(to: cores) {
      beginStopping()
      end(by: .distantFuture)
      throw RuntimeFault(
        code: .failed, message: "the system does not let its threads run on the cores \(cores)")
    }
  }

  func take(_ order: RunOrder) {
    mailbox.update { $0.order = order }
    hasMail.store(true, ordering: .releasing)
  }

  func stopRun(_ number: UInt64) { runSwitch.stop(number: number) }

  func beginStopping() {
    runSwitch.stopForGood()
    mailbox.update { $0.isStopping = true }
    hasMail.store(true, ordering: .releasing)
  }

  func end(by limit: Instant) {
    var limit = limit
    while mailbox.sleepUntilReady(before: limit.nanoseconds, { $0.isOver ? true : nil }) == nil {
      let mark = runStarted.load(ordering: .acquiring)
      if Instant(nanoseconds: mark) != .never, giveUp(mark, .leftBehind) { return }
      // It has ended after all, and reports, or lets go of its instance.
      limit = .shortlyFromNow
    }
    if !isAbandoned { thread.withLock { $0 }?.join() }
  }

  func supervise(now: Instant, surroundings: Surroundings) {
    let mark = runStarted.load(ordering: .acquiring)
    let started = Instant(nanoseconds: mark)
    guard started != .never, mark != Self.abandoned else { return }
    let seconds = Int(now.nanoseconds(since: started) / 1_000_000_000)
    let settings = surroundings.settings
    guard seconds >= settings.runSecondsMax else { return }
    runSwitch.stop(startedAt: started)
    core.runIsOverBound(startedAt: started)
    guard seconds >= settings.runSecondsMax + settings.stopGraceSeconds else { return }
    let count = surroundings.abandonedCount.load(ordering: .relaxed)
    if count < ServingSettings.abandonedThreadsMax { _ = giveUp(mark, .overBound) }
  }

  /// Leaves the thread to the run that began at `mark`, which fails; false where that has ended.
  private func giveUp(_ mark: UInt64, _ fault: RuntimeFault) -> Bool {
    guard mark != Self.abandoned, leave(mark, for: Self.abandoned) else { return isAbandoned }
    core.surroundings.abandonedCount.add(1, ordering: .relaxed)
    thread.withLock { $0 }?.detach()
    mailbox.update { $0.isOver = true }
    core.abandon(instance, fault)
    core.surroundings.observer.happened(
      .modelThreadAbandoned(name: core.name, version: core.version))
    return true
  }

  private var isAbandoned: Bool { runStarted.load(ordering: .acquiring) == Self.abandoned }

  /// Ends the run that began at `mark`; false where the other side has ended it already.
  private func leave(_ mark: UInt64, for next: UInt64) -> Bool {
    runStarted.compareExchange(
      expected: mark, desired: next, ordering: .acquiringAndReleasing
    ).exchanged
  }

  // MARK: On the thread itself

  private func run(_ place: InstancePlace) {
    var mayGlance = false
    var turn = ThreadTurn()
    while let first = nextOrder(mayGlance: mayGlance) {
      var order: RunOrder? = first
      while let current = order {
        guard let report = compute(current, on: place) else { return }
        mayGlance = report.lesson.map { $0.nanoseconds < Self.glanceRunNanosecondsMax } ?? false
        if let wanted = report.lesson.flatMap({ turn.ran(for: $0.nanoseconds) }) {
          NamedThread.wantTurns(ofNanoseconds: wanted)
        }
        order = core.runEnded(current, report)
      }
    }
  }

  private func nextOrder(mayGlance: Bool) -> RunOrder? {
    if mayGlance, hasFreeCore {
      for _ in 0..<Self.glancesBeforeSleep where hasMail.load(ordering: .acquiring) { break }
    }
    let order = mailbox.sleepUntilReady { mail -> RunOrder?? in
      if let order = mail.order {
        mail.order = nil
        return .some(order)
      }
      return mail.isStopping ? .some(nil) : nil
    }
    hasMail.store(false, ordering: .relaxed)
    return order ?? nil
  }

  /// Spinning beside a full house takes the core from those who would use it.
  private var hasFreeCore: Bool {
    let surroundings = core.surroundings
    return surroundings.busyThreadCount.load(ordering: .relaxed) + 1
      < surroundings.settings.coreCount
  }

  /// Runs the order; `nil` once this thread was given up.
  private func compute(_ order: RunOrder, on place: InstancePlace) -> RunReport? {
    core.surroundings.busyThreadCount.add(1, ordering: .relaxed)
    defer { core.surroundings.busyThreadCount.subtract(1, ordering: .relaxed) }
    guard let work = core.work(order.shares) else {
      return computeAlone(order, .notMade(at: MonotonicClock.now()), on: place)
    }
    guard let attempt = attempt(work, order.mark.number, on: place) else { return nil }
    guard let results = work.results(of: attempt) else {
      return computeAlone(order, attempt, on: place)
    }
    return RunReport(results: results, lesson: attempt.lesson(rowCount: order.rowCount))
  }

  /// Each request by itself, so that the one at fault fails alone.
  private func computeAlone(
    _ order: RunOrder, _ joined: RunAttempt, on place: InstancePlace
  ) -> RunReport? {
    var results: [RunResult] = []
    for share in order.shares {
      guard core.isWanted(share.request.ticket),
        let work = core.work(OneOrMore(share))
      else {
        results.append(share.failed(by: joined))
        continue
      }
      guard let attempt = attempt(work, order.mark.number, on: place) else { return nil }
      results.append(work.results(of: attempt)?.first ?? share.failed(by: attempt))
    }
    return OneOrMore(listing: results).map { RunReport(results: $0, lesson: nil) }
  }

  private func attempt(
    _ work: BatchWork, _ number: UInt64, on place: InstancePlace
  ) -> RunAttempt? {
    let started = MonotonicClock.now()
    runStarted.store(started.nanoseconds, ordering: .releasing)
    runSwitch.begin(number, at: started)
    var attempt = RunAttempt(started: started, computed: started, parts: [])
    do throws(RuntimeFault) {
      try run(work, on: place, &attempt)
    } catch {
      attempt.fault = error
    }
    runSwitch.end()
    guard leave(started.nanoseconds, for: 0) else { return nil }
    attempt.computed = MonotonicClock.now()
    core.batchRan(rowCount: work.batch.rowCount, from: started, to: attempt.computed)
    return attempt
  }

  private func run(
    _ work: BatchWork, on place: InstancePlace, _ attempt: inout RunAttempt
  ) throws(RuntimeFault) {
    guard core.isDecoupled else {
      try place.instance?.run(work.batch) { attempt.parts.append($0) }
      return
    }
    var streaming = RunStreaming(work, core, began: attempt.started)
    defer {
      attempt.parts = streaming.rest
      attempt.hasStreamed = streaming.hasStreamed
    }
    try place.instance?.run(work.batch) { streaming.take($0) }
    if let fault = streaming.fault { throw fault }
  }
}

extension Instant {
  /// For looking again at what is about to be over.
  static var shortlyFromNow: Instant { MonotonicClock.now().advanced(by: .milliseconds(1)) }
}

extension RuntimeFault {
  fileprivate static let overBound = RuntimeFault(
    code: .stopped, message: "the run was over its bound and did not end")
  /// The server ends, and the run does not.
  static let leftBehind = RuntimeFault(
    code: .stopped,
    message: "the server ended before the run, which did not stop when it was told to")
}

/// Carries an instance from the thread that made it to the one that owns it from then on.
final class InstancePlace: @unchecked Sendable {
  // Written before the owning thread starts and afterwards only by it.
  private(set) var instance: (any ModelInstance)?

  init(_ instance: any ModelInstance) { self.instance = instance }

  func clear() { instance = nil }
}
