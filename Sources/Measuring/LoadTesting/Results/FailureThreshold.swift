import Reports

/// A bound on a figure, beyond which a command fails: `p99>20ms`, `throughput<100`, `errors>0.1%`.
package struct FailureThreshold: Sendable, Equatable {
  enum Figure: String, Sendable, CaseIterable {
    case mean, p50, p90, p95, p99
    case p999 = "p99.9"
    case p9999 = "p99.99"
    case max, throughput, errors, lag
    case map, map50, map75
    case mapSmall = "map_small"
    case mapMedium = "map_medium"
    case mapLarge = "map_large"
    case top1, top5, accuracy, auc
    case logLoss = "log_loss"
    case rmse, r2

    /// How often, or how nearly, the answers are right.
    var isAccuracy: Bool { AccuracyFigures.names.contains(rawValue) }

    var isTime: Bool { self != .throughput && self != .errors && !isAccuracy }
  }

  enum Relation: String, Sendable {
    case above = ">"
    case atLeast = ">="
    case below = "<"
    case atMost = "<="
  }

  let figure: Figure
  let relation: Relation
  /// Nanoseconds of times, a fraction of errors, else what the scenario counts a second.
  let bound: Double
  /// As it was written.
  package let text: String

  /// Why a text is no threshold.
  package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
  }

  /// Reads one or several, commas between them.
  package static func parse(_ text: String) throws(Problem) -> [FailureThreshold] {
    var all: [FailureThreshold] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      all.append(try FailureThreshold(String(part.filter { $0 != " " })))
    }
    return all
  }

  init(_ text: String) throws(Problem) {
    self.text = text
    let name = text.prefix { $0 != "<" && $0 != ">" }
    let rest = text[name.endIndex...]
    let sign = rest.prefix { $0 == "<" || $0 == ">" || $0 == "=" }
    guard let relation = Relation(rawValue: String(sign)) else {
      throw Self.problem(text, "a figure, then >, >=, < or <=, then a number: p99>20ms")
    }
    // As the JSON has them.
    let known = name.hasPrefix("p99_") ? "p99." + name.dropFirst(4) : String(name)
    guard let figure = Figure(rawValue: known) else {
      let names = Figure.allCases.map(\.rawValue).joined(separator: ", ")
      throw Self.problem(text, "one of the figures \(names)")
    }
    self.figure = figure
    self.relation = relation
    bound = try Self.bound(rest[sign.endIndex...], of: figure, in: text)
  }

  private static func bound(
    _ text: Substring, of figure: Figure, in whole: String
  ) throws(Problem) -> Double {
    let digits = text.prefix { $0.isNumber || $0 == "." }
    let unit = text[digits.endIndex...]
    guard let number = Double(digits), number.isFinite else {
      throw problem(whole, "a number after the sign")
    }
    if figure.isTime {
      let units = ["us": 1e3, "ms": 1e6, "s": 1e9]
      guard let scale = units[String(unit)] else { throw problem(whole, "a time in us, ms or s") }
      return number * scale
    }
    if figure == .errors, unit == "%" { return number / 100 }
    guard unit.isEmpty || figure == .throughput && unit == "/s" else {
      throw problem(whole, figure == .errors ? "a fraction, or a number with %" : "a plain number")
    }
    return number
  }

  private static func problem(_ text: String, _ expected: String) -> Problem {
    Problem(description: "--fail-if: expected \(expected); got \(text.isEmpty ? "nothing" : text)")
  }

  /// What is to be said where the figure is beyond the bound, or was not measured; else `nil`.
  package func complaint(about outcome: LoadOutcome) -> String? {
    guard let value = value(in: outcome) else {
      return "\(text): \(figure.rawValue) was not measured"
    }
    let isBeyond =
      switch relation {
      case .above: value > bound
      case .atLeast: value >= bound
      case .below: value < bound
      case .atMost: value <= bound
      }
    guard isBeyond else { return nil }
    return
      "\(text): \(outcome.plan.scenario.rawValue) has \(figure.rawValue) \(told(value, outcome))"
  }

  private func value(in outcome: LoadOutcome) -> Double? {
    let latencies = outcome.figures.latencies
    if figure.isAccuracy { return outcome.accuracy?.value(of: figure.rawValue) }
    let fraction: Double
    switch figure {
    case .mean: return latencies.mean
    case .throughput: return latencies.count > 0 ? outcome.throughput : nil
    case .errors: return outcome.figures.queryCount > 0 ? outcome.errorRate : nil
    case .lag: return outcome.figures.lags.percentile(0.99).map { Double($0) }
    case .p50: fraction = 0.5
    case .p90: fraction = 0.9
    case .p95: fraction = 0.95
    case .p99: fraction = 0.99
    case .p999: fraction = 0.999
    case .p9999: fraction = 0.9999
    case .max: fraction = 1
    case .map, .map50, .map75, .mapSmall, .mapMedium, .mapLarge, .top1, .top5, .accuracy, .auc,
      .logLoss, .rmse, .r2:
      return nil
    }
    return latencies.percentile(fraction).map { Double($0) }
  }

  private func told(_ value: Double, _ outcome: LoadOutcome) -> String {
    if figure.isAccuracy { return Readable.decimal(value, places: 4) }
    return switch figure {
    case .throughput: "\(RateText.of(value)) \(outcome.plan.scenario.throughputUnit)"
    case .errors: "\(Readable.decimal(value * 100, places: 3)) %"
    default: "\(MillisecondText.of(value)) ms"
    }
  }
}
