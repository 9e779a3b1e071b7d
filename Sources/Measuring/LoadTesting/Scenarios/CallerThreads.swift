import Glibc
import Inference
import Serving

/// Callers on threads of their own, for targets that block: each takes a query, sleeps until it is due,
/// asks and waits for the answer, so nothing lies between the answer and its time.
///
/// Of an open scenario's callers each takes one of the next arrivals; where all are busy more are made,
/// up to `LoadPlan.callersMax`.
final class CallerThreads: Sendable {
  /// Callers with which an open scenario begins, and which it adds at a time.
  private static let step = 8

  private struct Callers: Sendable {
    var count = 0
    /// Those that are connected, or have tried.
    var readyCount = 0
    var endedCount = 0
    /// Those that wait for a query to be due.
    var idleCount = 0
    var areNeeded = false
    var areAllMade = false
  }

  private let load: RunningLoad
  private let target: any LoadTarget
  private let callers = Signal(Callers())

  init(_ load: RunningLoad, _ target: any LoadTarget) {
    self.load = load
    self.target = target
  }

  /// Drives the run: makes callers until all have ended. Blocks.
  func run() {
    add(load.plan.scenario.isOpen ? Self.step : load.plan.concurrency)
    _ = callers.sleepUntilReady { $0.readyCount == $0.count ? true : nil }
    _ = load.waitForBeginning()
    while !sleepUntilOver() { add(Self.step) }
  }

  /// Sleeps until callers are needed; true when all have ended, or the run is to be left behind.
  private func sleepUntilOver() -> Bool {
    callers.sleepUntilReady { callers -> Bool? in
      if callers.endedCount == callers.count { return true }
      return callers.areNeeded ? false : nil
    } ?? true
  }

  private func add(_ wanted: Int) {
    let count = callers.withValue { callers -> Int in
      let most = load.plan.scenario.isOpen ? LoadPlan.callersMax : load.plan.concurrency
      let count = min(wanted, most - callers.count)
      callers.count += count
      callers.idleCount += count
      callers.areNeeded = false
      if count == 0 { callers.areAllMade = true }
      return count
    }
    if count == 0 { load.shared.withValue { $0.wasShortOfCallers = true } }
    for _ in 0..<count { NamedThread(name: "bench:caller") { self.call() }.detach() }
  }

  /// One caller's life.
  private func call() {
    // What fails here fails again, and counts, when it asks.
    var caller = try? target.makeCaller(answers: load.answers)
    callers.update { $0.readyCount += 1 }
    var free = load.shared.sleepUntilReady { $0.hasBegun ? $0.state.began : nil } ?? .never
    while let query = load.shared.withValue({ $0.state.take(freeSince: free) }) {
      guard sleep(until: query.due) else {
        load.shared.withValue { $0.state.giveBack() }
        break
      }
      leaveIdle()
      let issued = MonotonicClock.now()
      let problem = ask(query, &caller)
      free = MonotonicClock.now()
      let times = QueryTimes(due: query.due, issued: issued, ended: free)
      callers.withValue { $0.idleCount += 1 }
      load.shared.withValue { $0.state.finish(query, times, problem) }
      if problem != nil {
        free = free.advanced(byNanoseconds: RunningLoad.retryNanoseconds)
        _ = sleep(until: free)
      }
    }
    callers.update { $0.endedCount += 1 }
  }

  /// The last caller that was idle asks for others before it goes.
  private func leaveIdle() {
    let isLast = callers.withValue { callers -> Bool in
      callers.idleCount -= 1
      return callers.idleCount == 0 && load.plan.scenario.isOpen && !callers.areAllMade
    }
    if isLast { callers.update { $0.areNeeded = true } }
  }

  private func ask(_ query: LoadQuery, _ caller: inout (any LoadCaller)?) -> CallProblem? {
    do throws(CallProblem) {
      let asked: any LoadCaller
      if let caller { asked = caller } else { asked = try target.makeCaller(answers: load.answers) }
      caller = asked
      try asked.ask(query.samples)
      return nil
    } catch {
      return error
    }
  }

  /// False where the run was interrupted before that.
  private func sleep(until due: Instant) -> Bool {
    let early = due.nanoseconds - min(due.nanoseconds, RunningLoad.oversleepNanoseconds)
    if early > MonotonicClock.now().nanoseconds {
      let isOver = load.shared.sleepUntilReady(before: early) {
        $0.state.end == .interrupted ? true : nil
      }
      if isOver != nil { return false }
    }
    while MonotonicClock.now() < due { sched_yield() }
    return true
  }
}
