import Glibc
import Inference
import Serving
import Synchronization

/// One run of a plan against a target: callers on threads of their own, and the clock.
///
/// A caller takes a query, sleeps until it is due, asks and waits for the answer, so nothing lies
/// between the answer and its time. Of an open scenario's callers each takes one of the next arrivals;
/// where all are busy more are made, up to `LoadPlan.callersMax`.
package final class LoadRun: Sendable {
  /// As much as the system may oversleep: a caller that waits for its time wakes so much before it,
  /// and lets others run until then.
  private static let oversleepNanoseconds: UInt64 = 80_000
  private static let tickNanoseconds: UInt64 = 200_000_000
  /// How long an interrupted run waits for answers that are on their way.
  private static let graceNanoseconds: UInt64 = 1_000_000_000
  /// Callers with which an open scenario begins, and which it adds at a time.
  private static let callersStep = 8
  /// How long a caller that failed leaves the target in peace: one that refuses at once would
  /// otherwise be asked as fast as this machine can.
  private static let retryNanoseconds: UInt64 = 10_000_000

  private struct Shared: Sendable {
    var state: LoadState
    var hasBegun = false
    var callerCount = 0
    /// Callers that are connected, or have tried.
    var readyCallerCount = 0
    var endedCallerCount = 0
    /// Callers that wait for a query to be due.
    var idleCount = 0
    var needsCallers = false
    /// More were needed than there may be.
    var wasShortOfCallers = false
  }

  private let plan: LoadPlan
  private let target: any LoadTarget
  private let shared: Signal<Shared>

  package init(_ plan: LoadPlan, target: any LoadTarget) {
    self.plan = plan
    self.target = target
    shared = Signal(Shared(state: LoadState(plan: plan, sampleCount: target.sampleCount)))
  }

  /// What is known while it runs.
  package struct Progress: Sendable {
    package let elapsedNanoseconds: UInt64
    package let queryCount: Int
    package let failedCount: Int
    package let windows: LoadWindows
    /// Why the run cannot become valid any more, or is not on its way there.
    package let warning: String?
  }

  /// Asks once, outside of the figures: whether there is anything to measure, and what only a first
  /// request takes.
  package static func warmUp(_ target: any LoadTarget, plan: LoadPlan) throws(CallProblem) {
    let caller = try target.makeCaller()
    for round in 0..<3 {
      let first = round * plan.scenario.samplesPerQuery
      try caller.ask(
        (0..<plan.scenario.samplesPerQuery).map { (first + $0) % target.sampleCount })
    }
  }

  /// Blocks until the run is over; `tick` is called on this thread about five times a second. Once.
  package func run(_ tick: (Progress) -> Void) -> LoadOutcome {
    // The clock begins when all are connected, so that making them is not measured.
    addCallers(plan.scenario.isOpen ? Self.callersStep : plan.concurrency)
    _ = shared.sleepUntilReady { $0.readyCallerCount == $0.callerCount ? true : nil }
    let machine = MachineTimes.now()
    shared.update { shared in
      shared.state.begin(MonotonicClock.now())
      shared.hasBegun = true
    }
    var interruptedAt: UInt64?
    while !sleepUntilOver() {
      let now = MonotonicClock.now()
      if shared.withValue({ $0.needsCallers }) { addCallers(Self.callersStep) }
      tick(progress(now))
      guard shared.withValue({ $0.state.end == .interrupted }) else { continue }
      let since = interruptedAt ?? now.nanoseconds
      interruptedAt = since
      if now.nanoseconds > since + Self.graceNanoseconds { break }
    }
    return outcome(machine, until: MachineTimes.now())
  }

  /// Sleeps for a tick, or until callers are needed; true when all callers have ended.
  private func sleepUntilOver() -> Bool {
    let limit = MonotonicClock.now().nanoseconds + Self.tickNanoseconds
    return shared.sleepUntilReady(before: limit) { shared -> Bool? in
      if shared.endedCallerCount == shared.callerCount { return true }
      return shared.needsCallers ? false : nil
    } ?? false
  }

  /// Ends the run; `run` returns what was measured, within about a second. From any thread.
  package func interrupt() { shared.update { $0.state.interrupt() } }

  private func progress(_ now: Instant) -> Progress {
    shared.withValue {
      Progress(
        elapsedNanoseconds: now.nanoseconds(since: $0.state.began),
        queryCount: $0.state.figures.queryCount, failedCount: $0.state.figures.failedCount,
        windows: $0.state.figures.windows,
        warning: $0.state.warning(at: now))
    }
  }

  private func outcome(_ machine: MachineTimes, until later: MachineTimes) -> LoadOutcome {
    let (state, wasShort) = shared.withValue { ($0.state, $0.wasShortOfCallers) }
    var figures = state.figures
    figures.sort()
    return LoadOutcome(
      plan: plan, began: state.began, end: state.end ?? .interrupted, figures: figures,
      wasShortOfCallers: wasShort, stolenFraction: machine.stolenFraction(until: later),
      disturbance: machine.disturbance(until: later, isAlone: target.isAlone))
  }

  // MARK: Callers

  private func addCallers(_ wanted: Int) {
    let count = shared.withValue { shared -> Int in
      let most = plan.scenario.isOpen ? LoadPlan.callersMax : plan.concurrency
      let count = min(wanted, most - shared.callerCount)
      shared.callerCount += count
      shared.idleCount += count
      shared.needsCallers = false
      if count == 0 { shared.wasShortOfCallers = true }
      return count
    }
    for _ in 0..<count { NamedThread(name: "bench:caller") { self.call() }.detach() }
  }

  /// One caller's life.
  private func call() {
    // What fails here fails again, and counts, when it asks.
    var caller = try? target.makeCaller()
    shared.update { $0.readyCallerCount += 1 }
    _ = shared.sleepUntilReady { $0.hasBegun ? true : nil }
    var free = shared.withValue { $0.state.began }
    while let query = shared.withValue({ $0.state.take(freeSince: free) }) {
      guard sleep(until: query.due) else {
        shared.withValue { $0.state.giveBack() }
        break
      }
      leaveIdle()
      let issued = MonotonicClock.now()
      let problem = ask(query, &caller)
      free = MonotonicClock.now()
      let times = QueryTimes(due: query.due, issued: issued, ended: free)
      shared.withValue { shared in
        shared.idleCount += 1
        shared.state.finish(query, times, problem)
      }
      if problem != nil {
        free = free.advanced(byNanoseconds: Self.retryNanoseconds)
        _ = sleep(until: free)
      }
    }
    shared.update { $0.endedCallerCount += 1 }
  }

  /// The last caller that was idle asks for others before it goes.
  private func leaveIdle() {
    let isLast = shared.withValue { shared -> Bool in
      shared.idleCount -= 1
      return shared.idleCount == 0 && plan.scenario.isOpen && !shared.wasShortOfCallers
    }
    if isLast { shared.update { $0.needsCallers = true } }
  }

  private func ask(_ query: LoadQuery, _ caller: inout (any LoadCaller)?) -> CallProblem? {
    do throws(CallProblem) {
      let asked: any LoadCaller
      if let caller { asked = caller } else { asked = try target.makeCaller() }
      caller = asked
      try asked.ask(query.samples)
      return nil
    } catch {
      return error
    }
  }

  /// False where the run was interrupted before that.
  private func sleep(until due: Instant) -> Bool {
    let early = due.nanoseconds - min(due.nanoseconds, Self.oversleepNanoseconds)
    if early > MonotonicClock.now().nanoseconds {
      let isOver = shared.sleepUntilReady(before: early) {
        $0.state.end == .interrupted ? true : nil
      }
      if isOver != nil { return false }
    }
    while MonotonicClock.now() < due { sched_yield() }
    return true
  }
}
