import Reports
import WireFormats

/// The phases of a run, told by themselves.
extension LoadOutcome {
  /// Those that had begun when the run ended.
  package var phaseFigures: [PhaseFigures] {
    figures.phases.filter { $0.queryCount > 0 || Double($0.phase.begin) < seconds * 1e9 }
  }

  private static let fractions: [(name: String, fraction: Double)] = [
    ("p50", 0.5), ("p90", 0.9), ("p99", 0.99), ("max", 1),
  ]

  /// A table with a line for each phase; empty where there is none.
  var phaseLines: [String] {
    guard !phaseFigures.isEmpty else { return [] }
    var table = TextTable(
      [.init("phase"), .init("asked/s", .right), .init("answered/s", .right)]
        + Self.fractions.map { .init("\($0.name), ms", .right) } + [.init("failed", .right)])
    for figures in phaseFigures {
      let latencies = Self.fractions.map { each in
        figures.latencies.percentile(each.fraction).map { MillisecondText.of(Double($0)) } ?? "-"
      }
      table.add(
        [
          figures.phase.name, RateText.of(figures.askedRate), RateText.of(figures.answeredRate),
        ] + latencies + [String(figures.failedCount)])
    }
    return table.lines
  }

  /// The phases as an array; `nil` where there is none.
  var phases: JSONValue? {
    guard !phaseFigures.isEmpty else { return nil }
    return .array(phaseFigures.map(Self.document))
  }

  private static func document(_ figures: PhaseFigures) -> JSONValue {
    let latencies = figures.latencies
    var told: [JSONValue.Member] = [.init("mean", milliseconds(latencies.mean))]
    for (name, fraction) in fractions {
      told.append(.init(name, milliseconds(latencies.percentile(fraction).map { Double($0) })))
    }
    let errorRate =
      figures.queryCount == 0 ? 0 : Double(figures.failedCount) / Double(figures.queryCount)
    return .object([
      .init("name", .string(figures.phase.name)),
      .init("from_s", .number(Double(figures.phase.begin) / 1e9)),
      .init("to_s", .number(Double(figures.phase.end) / 1e9)),
      .init("queries", .integer(Int64(figures.queryCount))),
      .init("asked_rate", .number(figures.askedRate)),
      .init("throughput", .number(figures.answeredRate)), .init("latency_ms", .object(told)),
      .init("errors", .object([.init("rate", .number(errorRate))])),
    ])
  }

  private static func milliseconds(_ nanoseconds: Double?) -> JSONValue {
    nanoseconds.map { .number($0 / 1_000_000) } ?? .null
  }
}
