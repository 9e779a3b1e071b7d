/// How a target is loaded. The first four follow MLPerf inference, whose names they have.
package enum LoadScenario: String, Sendable, CaseIterable {
  /// One query of one sample, the next when its answer is there.
  case singleStream = "single-stream"
  /// One query of eight samples, the next when all are answered.
  case multiStream = "multi-stream"
  /// Queries of one sample at random times, whether others are answered or not.
  case server
  /// One query of all samples, handed over at once; so many of them are open at a time as its client has
  /// requests for.
  case offline
  /// A number of callers, each asking again when it has its answer.
  case closedLoop = "closed-loop"
  /// Requests at equal distances, whether others are answered or not.
  case constantRate = "constant-rate"
  /// A rate that changes evenly from one to another, whether requests are answered or not.
  case ramp
  /// One rate after the other.
  case step
  /// A rate, and in the midst of the time a multiple of it.
  case spike
  /// At the times of a recorded trace.
  case replay

  /// Samples of one query.
  package var samplesPerQuery: Int { self == .multiStream ? 8 : 1 }

  /// Requests are due by the clock.
  package var isOpen: Bool {
    switch self {
    case .server, .constantRate, .ramp, .step, .spike, .replay: true
    case .singleStream, .multiStream, .offline, .closedLoop: false
    }
  }

  /// One of those that MLPerf inference defines.
  package var isStandard: Bool {
    switch self {
    case .singleStream, .multiStream, .server, .offline: true
    case .closedLoop, .constantRate, .ramp, .step, .spike, .replay: false
    }
  }

  /// The percentile of latency by which the scenario is judged; `nil` where it is not.
  package var percentile: Double? {
    switch self {
    case .singleStream: 0.9
    case .multiStream, .server: 0.99
    case .offline, .closedLoop, .constantRate, .ramp, .step, .spike, .replay: nil
    }
  }

  package var throughputUnit: String {
    switch self {
    case .singleStream, .multiStream, .offline: "samples/s"
    case .server: "queries/s"
    case .closedLoop, .constantRate, .ramp, .step, .spike, .replay: "requests/s"
    }
  }
}

/// What one run asks of a target.
package struct LoadPlan: Sendable {
  package let scenario: LoadScenario
  /// Requests a second; for open scenarios only. Without one the scenario `server` is searched for the
  /// highest that is valid.
  package var rate: Double?
  /// Rates that change, in place of one; for open scenarios only.
  package var profile: RateProfile?
  /// Recorded arrivals, in place of rates.
  package var trace: ArrivalTrace?
  /// How the arrivals of an open scenario lie, where they come from rates.
  package var arrivals: ArrivalSchedule.Kind
  /// Between an answer and the caller's next request; for closed loops only.
  package var think: ThinkTime?
  /// Queries on their way at once; for scenarios that are not open.
  package var concurrency = 1
  /// Requests are made until one was due at this time or later.
  package var durationNanoseconds: UInt64?
  package var queriesMax: Int?
  package var seeds = LoadSeeds.standard
  /// What a query of the scenario `server` may take, at its percentile.
  package var latencyBoundNanoseconds: UInt64 = 10_000_000

  /// What MLPerf inference asks of a run.
  package static let fullDurationNanoseconds: UInt64 = 600_000_000_000
  /// Samples that the query of `offline` has at least.
  package static let fullSampleCount = 24_576
  /// Callers of an open scenario, at most; those that answer slowly need many.
  package static let callersMax = 1_024

  package init(_ scenario: LoadScenario) {
    self.scenario = scenario
    arrivals = scenario == .constantRate ? .constant : .poisson
  }

  /// It says all that a run needs.
  package var isComplete: Bool {
    !scenario.isOpen || rate != nil || profile != nil || trace != nil
  }

  /// Samples without which it does not end; 0 but for a full run of `offline`.
  var sampleCountMin: Int {
    guard scenario == .offline, queriesMax == nil, let durationNanoseconds,
      durationNanoseconds >= Self.fullDurationNanoseconds
    else { return 0 }
    return Self.fullSampleCount
  }

  /// When its requests are due; `nil` where that is when somebody has time for them.
  var schedule: ArrivalSchedule? {
    guard scenario.isOpen else { return nil }
    if let trace { return ArrivalSchedule(replaying: trace) }
    if let profile { return ArrivalSchedule(arrivals, profile: profile, seed: seeds.schedule) }
    return rate.map { ArrivalSchedule(arrivals, rate: $0, seed: seeds.schedule) }
  }

  /// Parts of it that are told by themselves; empty where it is the same from its beginning to its end.
  package var phases: [LoadPhase] {
    guard scenario.isOpen else { return [] }
    return trace?.phases ?? profile?.phases ?? []
  }

  /// One of so many equal parts of it, at other times and with other inputs than the rest.
  package func part(_ number: Int, of count: Int) -> LoadPlan {
    var plan = self
    plan.durationNanoseconds = durationNanoseconds.map { $0 / UInt64(count) }
    plan.queriesMax = queriesMax.map { max(1, $0 / count) }
    plan.profile = profile?.scaled(by: 1 / Double(count))
    plan.trace = trace?.part(number, of: count)
    plan.seeds = seeds.shifted(by: UInt64(number))
    return plan
  }
}
