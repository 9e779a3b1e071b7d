/// The scenario `server` where no rate is given: finds the highest that is valid, and measures it.
///
/// First a single stream and callers without a pause tell where to begin; then short runs narrow the rate
/// down, and a run of the full length says whether it holds.
package struct ServerSearch {
  /// What one search comes to.
  package enum Ending {
    case found(LoadOutcome)
    /// No rate keeps the bound: why, and what to do.
    case hopeless(String)
    case interrupted
  }

  private static let guessNanoseconds: UInt64 = 1_000_000_000
  /// Of the whole duration a short run takes so much, within its bounds.
  private static let shortPart: UInt64 = 5
  private static let shortNanoseconds: ClosedRange<UInt64> = 1_000_000_000...60_000_000_000
  private static let busyCallers = 16

  private let plan: LoadPlan
  private let measure: (LoadPlan) -> LoadOutcome?

  /// - Parameters:
  ///   - plan: of the scenario `server`, without a rate.
  ///   - measure: runs a plan; `nil` where it was interrupted before.
  package init(_ plan: LoadPlan, measure: @escaping (LoadPlan) -> LoadOutcome?) {
    self.plan = plan
    self.measure = measure
  }

  /// Measures until the rate is found. `told` hears a line about each short run.
  package func run(_ told: (String) -> Void) -> Ending {
    guard let alone = measure(guess(.singleStream)), let busy = measure(guess(.closedLoop)),
      !alone.isInterrupted, !busy.isInterrupted
    else { return .interrupted }
    if let problem = problem(of: alone) { return .hopeless(problem) }
    guard busy.throughput > 0 else { return .hopeless(busy.problems.joined(separator: "; ")) }
    var search = RateSearch(first: busy.throughput / 2)
    while let rate = search.next {
      guard let outcome = measure(short(rate)), !outcome.isInterrupted else { return .interrupted }
      let isValid = keepsBound(outcome)
      told("\(RateText.of(rate)) a second: \(isValid ? "within" : "over") the bound")
      search.tried(rate, wasValid: isValid)
    }
    guard var rate = search.found else {
      return .hopeless("no rate keeps it: not even \(RateText.of(search.lowest)) a second")
    }
    while true {
      guard let outcome = measure(with(rate, plan.durationNanoseconds)) else { return .interrupted }
      if outcome.isInterrupted || keepsBound(outcome) { return .found(outcome) }
      told("\(RateText.of(rate)) a second: over the bound in the whole run")
      guard let lower = search.stepDown() else { return .found(outcome) }
      rate = lower
    }
  }

  /// Where a query by itself takes too long, no rate helps.
  private func problem(of alone: LoadOutcome) -> String? {
    guard let median = alone.figures.latencies.percentile(0.5) else {
      return alone.problems.joined(separator: "; ")
    }
    guard median > plan.latencyBoundNanoseconds else { return nil }
    return "a query takes \(MillisecondText.of(Double(median))) ms by itself, so no rate keeps "
      + "\(MillisecondText.of(Double(plan.latencyBoundNanoseconds))) ms; say --latency-bound"
  }

  /// As far as a run of this length can tell.
  private func keepsBound(_ outcome: LoadOutcome) -> Bool {
    let latencies = outcome.figures.latencies
    guard outcome.figures.failedCount == 0, !outcome.wasShortOfCallers,
      let slow = latencies.percentile(plan.scenario.percentile ?? 1)
    else { return false }
    return slow <= plan.latencyBoundNanoseconds
  }

  private func guess(_ scenario: LoadScenario) -> LoadPlan {
    var guess = LoadPlan(scenario)
    guess.seeds = plan.seeds
    guess.durationNanoseconds = Self.guessNanoseconds
    if scenario == .closedLoop { guess.concurrency = Self.busyCallers }
    return guess
  }

  private func short(_ rate: Double) -> LoadPlan {
    let part = (plan.durationNanoseconds ?? Self.shortNanoseconds.upperBound) / Self.shortPart
    let bounds = Self.shortNanoseconds
    return with(rate, min(max(part, bounds.lowerBound), bounds.upperBound))
  }

  private func with(_ rate: Double, _ durationNanoseconds: UInt64?) -> LoadPlan {
    var plan = plan
    plan.rate = rate
    plan.durationNanoseconds = durationNanoseconds
    return plan
  }
}
