import Glibc
import Reports
package import WireFormats

/// What the best of a search gains over the default, of rounds in which both were measured in turns.
package struct TuningGain: Sendable {
  /// One figure of both.
  package struct Ratio: Sendable {
    package let figure: TuningFigure
    /// Medians over the rounds.
    package let winner: Double
    package let standard: Double
    /// The winner's over the default's: the geometric mean of the rounds' ratios, and between what it
    /// lies with 95 % (Student's t of the logarithms).
    package let value: Double
    package let low: Double
    package let high: Double

    /// Whether the interval leaves a doubt that there is any difference.
    package var isNoise: Bool { low <= 1 && high >= 1 }
    /// The winner is better by this figure, beyond doubt.
    package var isBetter: Bool { !isNoise && (value > 1) == figure.isGain }
  }

  package static let roundCount = 6
  /// With fewer there is no interval.
  package static let roundCountMin = 3

  package let configuration: TuningConfiguration
  package let rounds: Int
  package let ratios: [Ratio]
  /// Figures of both, each the median of the rounds.
  package let winner: TuningFigures
  package let standard: TuningFigures

  /// `nil` where fewer than `roundCountMin` rounds have figures of both.
  package init?(
    _ rounds: [(winner: TuningFigures, standard: TuningFigures)],
    of configuration: TuningConfiguration, objective: TuningFigure
  ) {
    let usable = rounds.filter { $0.winner.isUsable && $0.standard.isUsable }
    guard usable.count >= Self.roundCountMin, let first = usable.first else { return nil }
    self.configuration = configuration
    self.rounds = usable.count
    winner = Self.middle(of: usable.map(\.winner), like: first.winner)
    standard = Self.middle(of: usable.map(\.standard), like: first.standard)
    var figures: [TuningFigure] = [.throughput, .mean, .p50, .p99, .memory]
    if !figures.contains(objective) { figures.append(objective) }
    ratios = figures.compactMap { figure -> Ratio? in
      let pairs = usable.compactMap { round -> (Double, Double)? in
        guard let one = figure.value(in: round.winner),
          let other = figure.value(in: round.standard),
          one > 0, other > 0
        else { return nil }
        return (one, other)
      }
      guard pairs.count >= Self.roundCountMin else { return nil }
      let logs = pairs.map { log($0.0 / $0.1) }
      let interval = MeanInterval(of: logs)
      return Ratio(
        figure: figure, winner: Self.median(pairs.map(\.0)), standard: Self.median(pairs.map(\.1)),
        value: exp(interval.mean), low: exp(interval.low), high: exp(interval.high))
    }
  }

  /// The first is better by this figure, beyond doubt.
  package func isBetter(by figure: TuningFigure) -> Bool {
    ratios.first { $0.figure == figure }?.isBetter ?? false
  }

  private static func middle(of all: [TuningFigures], like one: TuningFigures) -> TuningFigures {
    var middle = one
    middle.throughput = median(all.map(\.throughput))
    for name in one.latencies.keys {
      middle.latencies[name] = median(all.compactMap { $0.latencies[name] })
    }
    return middle
  }

  private static func median(_ values: [Double]) -> Double {
    let sorted = values.sorted()
    guard !sorted.isEmpty else { return 0 }
    let middle = sorted.count / 2
    return sorted.count % 2 == 1 ? sorted[middle] : (sorted[middle - 1] + sorted[middle]) / 2
  }

  // MARK: Telling

  /// As a person reads it.
  package var lines: [String] {
    var table = TextTable(
      [.init(""), .init("best tried", .right), .init("default", .right), .init("ratio", .right)]
        + [.init("95 % interval", .right), .init("")])
    for ratio in ratios {
      table.add([
        ratio.figure.rawValue, ratio.figure.text(ratio.winner), ratio.figure.text(ratio.standard),
        Readable.decimal(ratio.value, places: 3),
        "\(Readable.decimal(ratio.low, places: 3)) to \(Readable.decimal(ratio.high, places: 3))",
        ratio.isNoise ? "no difference to be seen" : ratio.isBetter ? "better" : "worse",
      ])
    }
    return table.lines
  }

  package var json: JSONValue {
    .object(
      [.init("configuration", configuration.json), .init("rounds", .integer(Int64(rounds)))]
        + ratios.map { ratio in
          .init(
            ratio.figure.rawValue,
            .object([
              .init("ratio", .number(ratio.value)), .init("low", .number(ratio.low)),
              .init("high", .number(ratio.high)), .init("differs", .bool(!ratio.isNoise)),
            ]))
        })
  }
}
