import Glibc
import Reports
package import WireFormats

/// Two targets that were measured in turns, so that whatever disturbs the machine disturbs both alike.
///
/// Each figure is compared round by round; the ratio is the geometric mean of the rounds' ratios, and its
/// interval of 95 % Student's t of their logarithms. Of ten rounds it holds the truth in 95 of 100 tries
/// where these are normal; the percentiles of rounds drawn again hold it in 90 (the tests measure both).
package struct TargetComparison: Sendable {
  package struct Round: Sendable {
    package let target: LoadOutcome
    package let against: LoadOutcome

    package init(target: LoadOutcome, against: LoadOutcome) {
      self.target = target
      self.against = against
    }
  }

  /// One figure of both.
  struct Ratio: Sendable {
    let name: String
    let isTime: Bool
    /// The targets' own, over all rounds.
    let target: Double
    let against: Double
    /// The first over the second, with its interval.
    let value: Double
    let low: Double
    let high: Double

    /// Whether the interval leaves a doubt that there is any difference.
    var isNoise: Bool { low <= 1 && high >= 1 }
  }

  package static let roundCount = 10
  /// With fewer there is no interval.
  package static let roundCountMin = 3

  package let target: LoadOutcome
  package let against: LoadOutcome
  let rounds: Int
  let ratios: [Ratio]

  /// `nil` where fewer than `roundCountMin` rounds have figures of both.
  package init?(_ rounds: [Round]) {
    let usable = rounds.filter {
      $0.target.figures.latencies.count > 0 && $0.against.figures.latencies.count > 0
    }
    guard usable.count >= Self.roundCountMin,
      let target = LoadOutcome(joining: rounds.map(\.target)),
      let against = LoadOutcome(joining: rounds.map(\.against))
    else { return nil }
    self.target = target
    self.against = against
    self.rounds = usable.count
    ratios = Self.figures.compactMap { figure in
      let logs = usable.compactMap { round -> Double? in
        guard let one = figure.value(round.target), let other = figure.value(round.against),
          one > 0, other > 0
        else { return nil }
        return log(one / other)
      }
      guard !logs.isEmpty, let one = figure.value(target), let other = figure.value(against) else {
        return nil
      }
      let interval = MeanInterval(of: logs)
      return Ratio(
        name: figure.name, isTime: figure.isTime, target: one, against: other,
        value: exp(interval.mean), low: exp(interval.low), high: exp(interval.high))
    }
  }

  private struct Figure: Sendable {
    let name: String
    let isTime: Bool
    let value: @Sendable (LoadOutcome) -> Double?
  }

  private static let figures: [Figure] = [
    Figure(name: "mean", isTime: true) { $0.figures.latencies.mean },
    percentile("p50", 0.5), percentile("p90", 0.9), percentile("p99", 0.99),
    Figure(name: "throughput", isTime: false) { $0.throughput },
  ]

  private static func percentile(_ name: String, _ fraction: Double) -> Figure {
    Figure(name: name, isTime: true) {
      $0.figures.latencies.percentile(fraction).map { Double($0) }
    }
  }

  // MARK: Telling

  /// As a person reads it.
  package func lines(target: String, against: String) -> [String] {
    var table = TextTable(
      [.init(""), .init("first", .right), .init("second", .right), .init("ratio", .right)]
        + [.init("95 % interval", .right), .init("")])
    for ratio in ratios {
      table.add([
        ratio.isTime
          ? "\(ratio.name), ms" : "\(ratio.name), \(self.target.plan.scenario.throughputUnit)",
        figure(ratio.target, ratio), figure(ratio.against, ratio), Self.text(ratio.value),
        "\(Self.text(ratio.low)) to \(Self.text(ratio.high))", verdict(ratio),
      ])
    }
    let head = [
      "\(self.target.plan.scenario.rawValue), in turns, \(rounds) rounds", "  first   \(target)",
      "  second  \(against)",
    ]
    let problems =
      self.target.problems.map { "  first: \($0)" }
      + self.against.problems.map { "  second: \($0)" }
    return head + table.lines.map { "  " + $0 } + problems
  }

  private func figure(_ value: Double, _ ratio: Ratio) -> String {
    ratio.isTime ? MillisecondText.of(value) : RateText.of(value)
  }

  private static func text(_ ratio: Double) -> String { Readable.decimal(ratio, places: 3) }

  private func verdict(_ ratio: Ratio) -> String {
    if ratio.isNoise { return "no difference to be seen" }
    return (ratio.value < 1) == ratio.isTime ? "the first is better" : "the second is better"
  }

  /// As a document: the results of both, and the ratios.
  package func json(target: JSONValue, against: JSONValue) -> JSONValue {
    .object([
      .init("scenario", .string(self.target.plan.scenario.rawValue)), .init("target", target),
      .init("against", against), .init("rounds", .integer(Int64(rounds))),
      .init("ratio", .object(ratios.map { .init($0.name, Self.json($0)) })),
    ])
  }

  private static func json(_ ratio: Ratio) -> JSONValue {
    .object([
      .init("value", .number(ratio.value)), .init("low", .number(ratio.low)),
      .init("high", .number(ratio.high)), .init("differs", .bool(!ratio.isNoise)),
    ])
  }
}
