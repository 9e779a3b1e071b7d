import Reports
package import WireFormats

/// The same load at several strengths, and where it is best to stop.
package struct LoadSweep: Sendable {
  /// What is different from point to point.
  package enum Axis: String, Sendable, CaseIterable {
    case rate, concurrency
  }

  package struct Point: Sendable {
    /// Queries a second, or queries at a time.
    package let value: Double
    package let outcome: LoadOutcome
  }

  package let axis: Axis
  /// From the weakest load to the strongest; one or more. The last may be interrupted.
  package let points: [Point]
  /// Points that were asked for.
  package let plannedCount: Int

  /// `nil` where nothing was measured.
  ///
  /// - Parameter outcomes: in the order of their load.
  package init?(_ axis: Axis, _ outcomes: [LoadOutcome], plannedCount: Int) {
    guard !outcomes.isEmpty else { return nil }
    self.axis = axis
    self.plannedCount = plannedCount
    points = outcomes.map {
      let value = axis == .rate ? $0.plan.rate ?? 0 : Double($0.plan.concurrency)
      return Point(value: value, outcome: $0)
    }
  }

  package var isInterrupted: Bool {
    points.last?.outcome.isInterrupted == true
  }

  /// No stronger load needs to be tried: at this one the target fell behind without end, or answered
  /// nothing any more.
  package static func isEnd(_ outcome: LoadOutcome) -> Bool { outcome.end != .reached }

  /// Where the knee is.
  package var knee: LoadKnee {
    let measured = points.filter { $0.outcome.end == .reached || !$0.outcome.isInterrupted }
    return LoadKnee(
      measured.map {
        LoadKnee.Point(
          throughput: $0.outcome.throughput, meanLatency: $0.outcome.figures.latencies.mean ?? 0)
      })
  }

  // MARK: Telling

  /// As a person reads it.
  package func lines(target: String) -> [String] {
    guard let first = points.first else { return [] }
    let scenario = first.outcome.plan.scenario
    var table = TextTable(
      [
        .init(axis == .rate ? "asked/s" : "at a time", .right),
        .init(scenario.throughputUnit, .right),
      ]
        + Self.fractions.map { .init("\($0.name), ms", .right) }
        + [.init("mean, ms", .right), .init("failed", .right), .init("valid"), .init("")])
    for (index, point) in points.enumerated() { table.add(cells(point, index)) }
    let ended = points.count < plannedCount ? [shortness] : []
    return ["\(scenario.rawValue), \(target): \(points.count) loads"]
      + (table.lines + ended + [kneeText] + problems).map { "  " + $0 }
  }

  private static let fractions: [(name: String, fraction: Double)] = [
    ("p50", 0.5), ("p90", 0.9), ("p99", 0.99),
  ]

  private func cells(_ point: Point, _ index: Int) -> [String] {
    let (outcome, latencies) = (point.outcome, point.outcome.figures.latencies)
    let times = Self.fractions.map { latencies.percentile($0.fraction).map { Double($0) } }
    return [
      axis == .rate ? RateText.of(point.value) : String(Int(point.value)),
      RateText.of(outcome.throughput),
    ] + (times + [latencies.mean]).map { $0.map(MillisecondText.of) ?? "-" } + [
      String(outcome.figures.failedCount), outcome.isValid ? "yes" : "no",
      knee.index == index ? "<- knee" : "",
    ]
  }

  private var shortness: String {
    isInterrupted
      ? "interrupted after \(points.count) of \(plannedCount) loads"
      : "ended after \(points.count) of \(plannedCount) loads: stronger ones would only be later"
  }

  private var kneeText: String {
    switch knee {
    case .at(let index):
      "knee: \(text(points[index].value)), the most answers for their latency"
    case .beyond: "knee: not reached; the strongest load has the most answers for its latency"
    case .unknown: "knee: needs \(LoadKnee.countMin) loads or more"
    }
  }

  private func text(_ value: Double) -> String {
    axis == .rate ? "\(RateText.of(value)) a second" : "\(Int(value)) at a time"
  }

  /// Those of the single loads, each with its load.
  private var problems: [String] {
    points.flatMap { point in point.outcome.problems.map { "\(text(point.value)): \($0)" } }
  }

  /// As a document: each point with its whole result.
  package func json(_ document: (LoadOutcome) -> JSONValue) -> JSONValue {
    let knee: JSONValue =
      if let index = knee.index {
        .object([
          .init("value", .number(points[index].value)), .init("point", .integer(Int64(index))),
        ])
      } else { .null }
    return .object([
      .init("sweep", .string(axis.rawValue)),
      .init("scenario", points.first.map { .string($0.outcome.plan.scenario.rawValue) } ?? .null),
      .init("interrupted", .bool(isInterrupted)), .init("knee", knee),
      .init("knee_method", .string(LoadKnee.method)),
      .init(
        "points",
        .array(
          points.map {
            .object([.init("value", .number($0.value)), .init("result", document($0.outcome))])
          })),
    ])
  }
}

/// Beyond which load more of it costs more latency than it gains throughput: the highest "power" after
/// Kleinrock, "Power and Deterministic Rules of Thumb for Probabilistic Problems in Computer
/// Communications" (ICC 1979), throughput divided by mean latency.
///
/// It has no constant to be chosen, and the scale of the axes does not move it; for a service of `n`
/// workers with a constant time it is `n` queries at a time. Seen from the origin it is where a line
/// touches the curve of latency over throughput.
package enum LoadKnee: Sendable, Equatable {
  /// The load of that number, counted from 0.
  case at(Int)
  /// The strongest load has the highest power; the knee is there or beyond.
  case beyond
  /// Too few loads.
  case unknown

  package static let countMin = 3
  static let method = "highest throughput divided by mean latency (Kleinrock's power)"

  struct Point {
    let throughput: Double
    let meanLatency: Double

    var power: Double { meanLatency > 0 ? throughput / meanLatency : 0 }
  }

  /// - Parameter points: from the weakest load to the strongest.
  init(_ points: [Point]) {
    guard points.count >= Self.countMin, let most = points.map(\.power).max(), most > 0,
      let index = points.firstIndex(where: { $0.power == most })
    else {
      self = .unknown
      return
    }
    self = index == points.count - 1 ? .beyond : .at(index)
  }

  package var index: Int? { if case .at(let index) = self { index } else { nil } }
}
