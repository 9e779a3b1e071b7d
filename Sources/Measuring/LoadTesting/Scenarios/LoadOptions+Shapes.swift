/// What the options say of rates that change, of traces, and of callers that think.
extension LoadOptions {
  /// More steps than anybody looks at.
  static let stepsMax = 64
  /// Of a profile that takes no other time.
  private static let shapes: [LoadScenario] = [.ramp, .step, .spike]

  /// The scenario that other options mean where none is named.
  var suggested: LoadScenario? {
    if trace != nil { return .replay }
    if spike != nil { return .spike }
    guard let rate else { return think == nil ? nil : .closedLoop }
    if rate.contains(":") { return .ramp }
    return rate.contains(",") ? .step : .server
  }

  func checkShapes(_ scenarios: [LoadScenario]) throws(Problem) {
    let needing: Set<LoadScenario> = [.constantRate, .ramp, .step, .spike]
    if rate == nil, let scenario = scenarios.first(where: needing.contains) {
      throw Problem(description: "--scenario \(scenario.rawValue) needs --rate, \(scenario.rates)")
    }
    let rated = LoadScenario.allCases.filter { $0.isOpen && $0 != .replay }
    try check(rate, "rate", is: rated, in: scenarios)
    try check(spike, "spike", is: [.spike], in: scenarios)
    try check(arrivals, "arrivals", is: Self.shapes, in: scenarios)
    try check(think, "think", is: [.closedLoop], in: scenarios)
    try check(speed, "speed", is: [.replay], in: scenarios)
    try check(trace.map { _ in "" }, "trace", is: [.replay], in: scenarios)
    if trace == nil, scenarios.contains(.replay) {
      throw Problem(description: "--scenario replay needs --trace, a file of recorded times")
    }
    if duration != nil, rate?.contains("@") == true {
      throw Problem(description: "--duration: the steps of --rate say how long each lasts")
    }
  }

  private func check(
    _ value: String?, _ option: String, is wanted: [LoadScenario], in scenarios: [LoadScenario]
  ) throws(Problem) {
    guard value != nil, !scenarios.contains(where: wanted.contains) else { return }
    let names = wanted.map(\.rawValue)
    let list =
      names.count == 1
      ? "scenario \(names[0])"
      : "scenarios \(names.dropLast().joined(separator: ", ")) and \(names.last ?? "")"
    throw Problem(description: "--\(option) is for the \(list)")
  }

  /// Gives a plan of an open scenario its rates or its trace, and how long they last.
  func shape(_ plan: inout LoadPlan) throws(Problem) {
    if plan.scenario == .replay {
      try replay(&plan)
      return
    }
    guard let rate else { return }
    guard Self.shapes.contains(plan.scenario) else {
      plan.rate = try Self.rate(rate, for: plan.scenario)
      return
    }
    plan.arrivals = try arrivalKind
    // With `--requests` alone it takes the usual time, and ends early.
    let nanoseconds = plan.durationNanoseconds ?? Self.usualDurationNanoseconds
    let profile = try profile(of: plan.scenario, rate, seconds: Double(nanoseconds) / 1e9)
    plan.profile = profile
    plan.durationNanoseconds = UInt64(profile.seconds * 1e9)
  }

  private func replay(_ plan: inout LoadPlan) throws(Problem) {
    guard let trace else { return }
    let factor = try speed.map { text throws(Problem) in
      let digits = text.hasSuffix("x") ? String(text.dropLast()) : text
      guard let factor = Double(digits), factor >= 0.001, factor <= 10_000 else {
        throw Problem.expected("speed", "a factor from 0.001 to 10000", got: text)
      }
      return factor
    }
    plan.trace = factor.map(trace.speeded) ?? trace
    if duration == nil { plan.durationNanoseconds = nil }
  }

  private func profile(
    of scenario: LoadScenario, _ rate: String, seconds: Double
  ) throws(Problem) -> RateProfile {
    switch scenario {
    case .ramp: try Self.ramp(rate, seconds: seconds)
    case .step: try Self.steps(rate, seconds: seconds)
    default: try spike(rate, seconds: seconds)
    }
  }

  private static func ramp(_ text: String, seconds: Double) throws(Problem) -> RateProfile {
    let ends = text.split(separator: ":", omittingEmptySubsequences: false).map { number($0) }
    guard ends.count == 2, let from = ends[0], let to = ends[1], from >= 0, to >= 0, from + to > 0
    else { throw .expected("rate", LoadScenario.ramp.rates, got: text) }
    return .ramp(from: from, to: to, seconds: seconds)
  }

  private static func steps(_ text: String, seconds: Double) throws(Problem) -> RateProfile {
    let expected = LoadScenario.step.rates
    let words = text.split(separator: ",", omittingEmptySubsequences: false)
    guard words.count <= stepsMax else {
      throw .expected("rate", "at most \(stepsMax) steps", got: "\(words.count)")
    }
    var steps: [(rate: Double, seconds: Double)] = []
    for word in words {
      let parts = word.split(separator: "@", omittingEmptySubsequences: false)
      guard parts.count <= 2, let rate = number(parts[0]), rate > 0 else {
        throw .expected("rate", expected, got: text)
      }
      guard parts.count == 2 else {
        steps.append((rate, seconds / Double(words.count)))
        continue
      }
      steps.append((rate, Double(try time(String(parts[1]), option: "rate")) / 1e9))
    }
    guard !text.contains("@") || text.filter({ $0 == "@" }).count == words.count else {
      throw .expected("rate", "a length for each step or for none", got: text)
    }
    return .steps(steps)
  }

  private func spike(_ rate: String, seconds: Double) throws(Problem) -> RateProfile {
    let base = try Self.rate(rate, for: .spike)
    let text = spike ?? "10x\(seconds / 5)s"
    let parts = text.split(separator: "x", omittingEmptySubsequences: false)
    guard parts.count == 2, let factor = Self.number(parts[0]), factor > 0,
      base * factor <= Self.rateMax
    else { throw .expected("spike", "how many times the rate and for how long: 10x2s", got: text) }
    let length = Double(try Self.time(String(parts[1]), option: "spike")) / 1e9
    guard length < seconds else {
      throw .expected("spike", "a spike shorter than the whole of \(seconds) s", got: text)
    }
    return .spike(base, factor: factor, spikeSeconds: length, seconds: seconds)
  }

  private var arrivalKind: ArrivalSchedule.Kind {
    get throws(Problem) {
      guard let arrivals else { return .poisson }
      guard let kind = ArrivalSchedule.Kind(rawValue: arrivals) else {
        throw .expected("arrivals", "poisson or even", got: arrivals)
      }
      return kind
    }
  }

  /// `100ms`, or `exp:100ms`.
  var thinkTime: ThinkTime? {
    get throws(Problem) {
      guard let think else { return nil }
      let prefix = ThinkTime.Kind.exponential.rawValue + ":"
      let isDrawn = think.hasPrefix(prefix)
      let words = isDrawn ? String(think.dropFirst(prefix.count)) : think
      let mean: UInt64
      do { mean = try Self.time(words, option: "think") } catch {
        throw .expected("think", "a time such as 100ms, or exp:100ms", got: think)
      }
      return ThinkTime(isDrawn ? .exponential : .constant, meanNanoseconds: mean)
    }
  }

  /// One rate, `100` or `100/s`.
  static func rate(_ text: String, for scenario: LoadScenario) throws(Problem) -> Double {
    guard let rate = number(text[...]), rate > 0 else {
      throw .expected("rate", scenario.rates, got: text)
    }
    return rate
  }

  /// At least 0 and at most `rateMax`.
  private static func number(_ text: Substring) -> Double? {
    let digits = text.hasSuffix("/s") ? text.dropLast(2) : text
    guard let rate = Double(digits), rate >= 0, rate <= rateMax else { return nil }
    return rate
  }
}

extension LoadScenario {
  /// What `--rate` means to it.
  fileprivate var rates: String {
    switch self {
    case .ramp: "the rates from which and to which it leads, as in 10:200"
    case .step: "a rate for each step, as in 10,50,100 or 10@5s,50@10s"
    default: "queries a second, above 0 and up to 10000000"
    }
  }
}
