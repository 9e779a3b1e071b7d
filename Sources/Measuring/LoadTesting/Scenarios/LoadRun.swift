import Glibc
import Inference
import Serving

/// One run of a plan against a target, from the outside: begins it, watches it, interrupts it.
///
/// The clock begins when everybody is connected, so that connecting is not measured. Who asks, and on
/// which threads, is the target's affair.
package final class LoadRun: Sendable {
  private static let tickNanoseconds: UInt64 = 200_000_000

  private let target: any LoadTarget
  private let load: RunningLoad

  /// - Parameters:
  ///   - answers: gets the answers that it wants.
  ///   - generatorThreads: threads that drive connections; of a model in this process it has as many
  ///     as there are callers.
  package init(
    _ plan: LoadPlan, target: any LoadTarget, answers: (any AnswerKeeper)? = nil,
    generatorThreads: Int = 1
  ) {
    self.target = target
    load = RunningLoad(
      plan, sampleCount: target.sampleCount, answers: answers, threadCount: generatorThreads)
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

  /// Asks a few times, outside of the figures: whether there is anything to measure, and what only first
  /// requests take.
  package static func warmUp(_ target: any LoadTarget, plan: LoadPlan) throws(CallProblem) {
    let caller = try target.makeCaller(answers: nil)
    for round in 0..<3 {
      let first = round * plan.scenario.samplesPerQuery
      try caller.ask(
        (0..<plan.scenario.samplesPerQuery).map { (first + $0) % target.sampleCount })
    }
  }

  /// Blocks until the run is over; `tick` is called on this thread about five times a second. Once.
  package func run(_ tick: (Progress) -> Void) -> LoadOutcome {
    target.drive(load)
    _ = load.shared.sleepUntilReady { $0.unreadyCount == 0 ? true : nil }
    let host = target.host
    let machine = MachineTimes.now(host)
    load.shared.update { shared in
      shared.state.begin(MonotonicClock.now())
      shared.hasBegun = true
    }
    var interruptedAt: UInt64?
    while !sleepUntilOver() {
      let now = MonotonicClock.now()
      tick(progress(now))
      guard load.shared.withValue({ $0.state.end == .interrupted }) else { continue }
      let since = interruptedAt ?? now.nanoseconds
      interruptedAt = since
      if now.nanoseconds > since + RunningLoad.graceNanoseconds { break }
    }
    return outcome(machine, until: MachineTimes.now(host), host)
  }

  /// Sleeps for a tick; true when all is over.
  private func sleepUntilOver() -> Bool {
    let limit = MonotonicClock.now().nanoseconds + Self.tickNanoseconds
    return load.shared.sleepUntilReady(before: limit) { $0.driverCount == 0 ? true : nil } ?? false
  }

  /// Ends the run; `run` returns what was measured, within about a second. From any thread.
  package func interrupt() { load.shared.update { $0.state.interrupt() } }

  private func progress(_ now: Instant) -> Progress {
    load.shared.withValue {
      Progress(
        elapsedNanoseconds: now.nanoseconds(since: $0.state.began),
        queryCount: $0.state.figures.queryCount, failedCount: $0.state.figures.failedCount,
        windows: $0.state.figures.windows,
        warning: $0.state.warning(at: now))
    }
  }

  private func outcome(
    _ machine: MachineTimes, until later: MachineTimes, _ host: TargetHost
  ) -> LoadOutcome {
    let shared = load.shared.withValue { $0 }
    var figures = shared.state.figures
    figures.sort()
    return LoadOutcome(
      plan: load.plan, began: shared.state.began, end: shared.state.end ?? .interrupted,
      figures: figures, wasShortOfCallers: shared.wasShortOfCallers,
      stolenFraction: machine.stolenFraction(until: later),
      disturbance: machine.disturbance(until: later, mayHaveHelpers: host.mayHaveHelpers),
      generatorNanoseconds: shared.processorNanoseconds, traffic: shared.traffic)
  }
}
