import Glibc

/// What `--sweep` says: `rate=10..200`, `concurrency=1,2,4,8,16`.
struct SweepValues: Sendable, Equatable {
  static let countMax = 64
  /// Rates of a range without a number of them.
  private static let rangeCount = 8

  let axis: LoadSweep.Axis
  /// Each once, from the smallest to the largest; two or more.
  let values: [Double]

  init(_ text: String) throws(LoadOptions.Problem) {
    let parts = text.split(separator: "=", maxSplits: 1, omittingEmptySubsequences: false)
    guard parts.count == 2, let axis = LoadSweep.Axis(rawValue: String(parts[0])) else {
      throw Self.problem(text)
    }
    self.axis = axis
    guard let values = Self.values(String(parts[1]), axis), values.allSatisfy(axis.mayBe),
      Set(values).count >= 2, values.count <= Self.countMax
    else { throw Self.problem(text) }
    self.values = Set(values).sorted()
  }

  private static func problem(_ text: String) -> LoadOptions.Problem {
    .expected(
      "sweep",
      "rate=10..200, rate=10,50,100 or concurrency=1..32, from 2 to \(countMax) values", got: text)
  }

  private static func values(_ text: String, _ axis: LoadSweep.Axis) -> [Double]? {
    guard let dots = text.firstRange(of: "..") else {
      let all = text.split(separator: ",", omittingEmptySubsequences: false).map { Double($0) }
      return all.contains(nil) ? nil : all.compactMap { $0 }
    }
    guard let first = Double(text[..<dots.lowerBound]), axis.mayBe(first),
      let last = Double(text[dots.upperBound...]), axis.mayBe(last), first < last
    else { return nil }
    return axis == .rate ? ratios(first, last) : doubled(first, last)
  }

  /// Each larger than the one before by the same factor, because what matters happens near the top of
  /// a machine, wherever that is.
  private static func ratios(_ first: Double, _ last: Double) -> [Double] {
    (0..<rangeCount).map { number in
      if number == rangeCount - 1 { return last }
      let value = first * pow(last / first, Double(number) / Double(rangeCount - 1))
      // Three digits are as good, and read better.
      let scale = pow(10, (log10(value)).rounded(.down) - 2)
      return number == 0 ? first : (value / scale).rounded() * scale
    }
  }

  private static func doubled(_ first: Double, _ last: Double) -> [Double] {
    var values = [first]
    while let value = values.last, value * 2 < last { values.append(value * 2) }
    return values + [last]
  }
}

extension LoadSweep.Axis {
  fileprivate func mayBe(_ value: Double) -> Bool {
    switch self {
    case .rate: value > 0 && value <= LoadOptions.rateMax
    case .concurrency:
      value >= 1 && value <= Double(LoadOptions.concurrencyMax) && value.rounded() == value
    }
  }
}

extension LoadOptions {
  /// The loads of a sweep, from the weakest to the strongest.
  func sweepPlans(_ text: String, usualConcurrency: Int) throws(Problem) -> [LoadPlan] {
    let sweep = try SweepValues(text)
    var one = self
    one.sweep = nil
    let wanted: [LoadScenario]
    switch sweep.axis {
    case .rate:
      guard rate == nil else { throw Problem(description: "--rate: --sweep says the rates") }
      (one.rate, wanted) = ("1", [.server, .constantRate])
    case .concurrency:
      guard concurrency == nil else {
        throw Problem(description: "--concurrency: --sweep says how many at a time")
      }
      (one.concurrency, wanted) = ("1", [.closedLoop, .offline])
    }
    if scenarios.isEmpty { one.scenarios = [wanted[0].rawValue] }
    let plans = try one.plans(usualConcurrency: usualConcurrency)
    guard plans.count == 1, let plan = plans.first, wanted.contains(plan.scenario) else {
      let names = wanted.map(\.rawValue).joined(separator: " or ")
      throw .expected(
        "sweep", "--scenario \(names) for \(sweep.axis.rawValue)",
        got: scenarios.joined(separator: ","))
    }
    return sweep.values.map { value in
      var point = plan
      if sweep.axis == .rate { point.rate = value } else { point.concurrency = Int(value) }
      return point
    }
  }

  /// What `--sweep` makes different from load to load; `nil` without it, or where it says nothing.
  package var sweepAxis: LoadSweep.Axis? { sweep.flatMap { try? SweepValues($0) }?.axis }
}
