import Reports

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
    /// With what was known until then; `nil` where nothing was.
    case interrupted(LoadOutcome?)
  }

  private static let guessNanoseconds: UInt64 = 1_000_000_000
  /// Of the whole duration a short run takes so much, within its bounds.
  private static let shortPart: UInt64 = 5
  private static let shortNanoseconds: ClosedRange<UInt64> = 1_000_000_000...60_000_000_000
  /// Until one rate has kept the bound, runs are at most this long, so that a search that cannot
  /// succeed has tried its lowest rate within a minute.
  private static let firstNanosecondsMax: UInt64 = 5_000_000_000
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
    let alone = measure(guess(.singleStream))
    guard let alone, !alone.isInterrupted else { return .interrupted(alone.map(Self.untried)) }
    if let problem = problem(of: alone) { return .hopeless(problem) }
    guard let busy = measure(guess(.closedLoop)), !busy.isInterrupted else {
      return .interrupted(Self.untried(alone))
    }
    guard busy.throughput > 0 else { return .hopeless(busy.problems.joined(separator: "; ")) }
    var search = RateSearch(first: busy.throughput / 2)
    var known = KnownRates()
    while let rate = search.next {
      guard let outcome = measure(short(rate, isFirst: search.found == nil)),
        !outcome.isInterrupted
      else { return .interrupted(known.outcome ?? Self.untried(alone)) }
      let isValid = keepsBound(outcome)
      told("\(RateText.of(rate)) a second: \(isValid ? "within" : "over") the bound")
      search.tried(rate, wasValid: isValid)
      known.add(outcome, rate, isValid: isValid)
    }
    guard let rate = search.found else {
      return .hopeless("no rate keeps it: not even \(RateText.of(search.lowest)) a second")
    }
    return whole(from: rate, &search, known, told)
  }

  /// A run of the whole length at the rate that was found, and at lower ones until one holds.
  private func whole(
    from first: Double, _ search: inout RateSearch, _ known: KnownRates, _ told: (String) -> Void
  ) -> Ending {
    var rate = first
    while true {
      guard let outcome = measure(with(rate, plan.durationNanoseconds)) else {
        return .interrupted(known.outcome)
      }
      if outcome.isInterrupted || keepsBound(outcome) { return .found(outcome) }
      told("\(RateText.of(rate)) a second: over the bound in the whole run")
      guard let lower = search.stepDown() else { return .found(outcome) }
      rate = lower
    }
  }

  /// Of an interrupted search, what is known before any rate was tried.
  private static func untried(_ alone: LoadOutcome) -> LoadOutcome {
    alone.interruptedSearch(
      "the search for the highest rate was interrupted before one was tried; these are the figures of "
        + "one query at a time")
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

  private func short(_ rate: Double, isFirst: Bool) -> LoadPlan {
    let part = (plan.durationNanoseconds ?? Self.shortNanoseconds.upperBound) / Self.shortPart
    let bounds = Self.shortNanoseconds
    let most = isFirst ? Self.firstNanosecondsMax : bounds.upperBound
    return with(rate, min(max(part, bounds.lowerBound), most))
  }

  private func with(_ rate: Double, _ durationNanoseconds: UInt64?) -> LoadPlan {
    var plan = plan
    plan.rate = rate
    plan.durationNanoseconds = durationNanoseconds
    return plan
  }
}

/// What short runs have told of a target, for whoever does not wait for the end.
private struct KnownRates {
  private var best: (rate: Double, outcome: LoadOutcome)?
  private var worst: (rate: Double, outcome: LoadOutcome)?

  mutating func add(_ outcome: LoadOutcome, _ rate: Double, isValid: Bool) {
    if isValid {
      if rate > best?.rate ?? 0 { best = (rate, outcome) }
    } else if rate < worst?.rate ?? .infinity {
      worst = (rate, outcome)
    }
  }

  /// The run at the highest rate that held the bound, else at the lowest that did not.
  var outcome: LoadOutcome? {
    let over = worst.map { "\(RateText.of($0.rate)) a second did not" }
    let within = best.map { best in
      "\(RateText.of(best.rate)) a second held the bound for "
        + "\(Readable.decimal(best.outcome.seconds, places: 1)) s"
    }
    let known = [within, over].compactMap { $0 }.joined(separator: ", ")
    return (best ?? worst)?.outcome.interruptedSearch(
      "the search for the highest rate was interrupted: \(known)")
  }
}
