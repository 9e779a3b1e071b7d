/// What somebody asked for on the command line, and what it means.
package struct LoadOptions: Sendable {
  package var scenarios: [String] = []
  package var rate: String?
  package var concurrency: String?
  package var duration: String?
  package var requests: String?
  package var seed: String?
  package var latencyBound: String?
  package var arrivals: String?
  package var spike: String?
  package var think: String?
  package var speed: String?
  package var sweep: String?
  /// What `replay` plays.
  package var trace: ArrivalTrace?

  package init() {}

  /// Measured where nothing is said about for how long.
  static let usualDurationNanoseconds: UInt64 = 10_000_000_000
  static let concurrencyMax = 1_024
  /// Faster than any one machine asks.
  static let rateMax = 10_000_000.0
  /// A day.
  static let durationNanosecondsMax = 86_400e9

  /// An option that cannot be followed.
  package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String

    static func expected(_ option: String, _ expected: String, got: String) -> Problem {
      Problem(
        description: "--\(option): expected \(expected), got \(got.isEmpty ? "nothing" : got)")
    }
  }

  /// One plan for each scenario, in the order in which they were named; without any name those that the
  /// other options suggest. Of a sweep one for each load, from the weakest to the strongest.
  ///
  /// - Parameter usualConcurrency: queries at a time that keep the target busy.
  package func plans(usualConcurrency: Int) throws(Problem) -> [LoadPlan] {
    if let sweep { return try sweepPlans(sweep, usualConcurrency: usualConcurrency) }
    let scenarios = try named
    let concurrency = try concurrency.map { text throws(Problem) in
      try Self.integer(text, option: "concurrency", upTo: Self.concurrencyMax)
    }
    try check(scenarios)
    let limits = try limits
    var plans: [LoadPlan] = []
    for scenario in scenarios {
      var plan = limits(scenario)
      if scenario.isOpen { try shape(&plan) }
      if scenario == .closedLoop { plan.think = try thinkTime }
      if scenario.isParallel {
        plan.concurrency = concurrency ?? min(usualConcurrency, Self.concurrencyMax)
      }
      plans.append(plan)
    }
    return plans
  }

  private var named: [LoadScenario] {
    get throws(Problem) {
      if scenarios.isEmpty {
        if let suggested { return [suggested] }
        return concurrency == nil ? [.singleStream, .offline] : [.closedLoop]
      }
      var all: [LoadScenario] = []
      for name in scenarios.flatMap({ $0.split(separator: ",", omittingEmptySubsequences: false) })
      {
        guard let scenario = LoadScenario(rawValue: String(name)) else {
          let known = LoadScenario.allCases.map(\.rawValue).joined(separator: ", ")
          throw .expected("scenario", "one of \(known)", got: String(name))
        }
        all.append(scenario)
      }
      return all
    }
  }

  private func check(_ scenarios: [LoadScenario]) throws(Problem) {
    try checkShapes(scenarios)
    let parallel = LoadScenario.allCases.filter(\.isParallel).map(\.rawValue)
    if concurrency != nil, !scenarios.contains(where: \.isParallel) {
      throw Problem(
        description: "--concurrency is for the scenarios \(parallel.joined(separator: " and "))")
    }
    if latencyBound != nil, !scenarios.contains(.server) {
      throw Problem(description: "--latency-bound is for the scenario server")
    }
  }

  /// What all scenarios share.
  private var limits: (LoadScenario) -> LoadPlan {
    get throws(Problem) {
      let seeds = try seed.map { text throws(Problem) in try Self.seed(text) } ?? .standard
      let queriesMax = try requests.map { text throws(Problem) in
        try Self.integer(text, option: "requests", upTo: 1_000_000_000)
      }
      var nanoseconds = try duration.map { text throws(Problem) in
        try Self.time(text, option: "duration")
      }
      if nanoseconds == nil, queriesMax == nil { nanoseconds = Self.usualDurationNanoseconds }
      let bound = try latencyBound.map { text throws(Problem) in
        try Self.time(text, option: "latency-bound")
      }
      return { scenario in
        var plan = LoadPlan(scenario)
        plan.seeds = seeds
        plan.queriesMax = queriesMax
        plan.durationNanoseconds = nanoseconds
        if let bound { plan.latencyBoundNanoseconds = bound }
        return plan
      }
    }
  }

  // MARK: Values

  static func integer(
    _ text: String, option: String, upTo most: Int
  ) throws(Problem) -> Int {
    guard let count = Int(text), count >= 1, count <= most else {
      throw .expected(option, "an integer from 1 to \(most)", got: text)
    }
    return count
  }

  private static func seed(_ text: String) throws(Problem) -> LoadSeeds {
    guard let seed = UInt64(text) else {
      throw .expected("seed", "an integer from 0", got: text)
    }
    return LoadSeeds(seed)
  }

  /// A number and its unit: `500ms`, `10s`, `10m`; seconds where there is none.
  static func time(_ text: String, option: String) throws(Problem) -> UInt64 {
    let digits = text.prefix { $0.isNumber || $0 == "." }
    let units = ["us": 1e3, "ms": 1e6, "s": 1e9, "": 1e9, "m": 60e9, "h": 3_600e9]
    guard let number = Double(digits), let scale = units[String(text[digits.endIndex...])],
      number * scale >= 1_000, number * scale <= durationNanosecondsMax
    else { throw .expected(option, "a time such as 500ms, 10s or 10m, up to 24h", got: text) }
    return UInt64(number * scale)
  }
}

extension LoadScenario {
  /// Several queries may be on their way, as many as its user likes.
  var isParallel: Bool { self == .offline || self == .closedLoop }
}
