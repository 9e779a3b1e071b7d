import Glibc

/// Two results of one scenario, figure by figure: which differences are more than noise.
///
/// Each figure is taken window by window. The means over the windows are compared by Welch's test with the
/// number of windows they are worth (`WindowMean`), on the ratio's logarithm (delta method). All intervals
/// of a comparison hold together with a probability of 95 % (Bonferroni), so of twenty pairs of equal
/// runs one has any difference named. What windows of one run cannot show is how runs differ among
/// themselves; so a difference below `leastDifference` is none. Percentiles are compared where windows
/// have queries enough for them.
package struct ResultComparison: Sendable {
  /// One figure of both.
  package struct Difference: Sendable {
    package enum Verdict: String, Sendable { case better, worse, noise }

    package let name: String
    /// Less of it is better.
    package let isCost: Bool
    package let unit: String
    /// The results' own figures.
    package let baseline: Double
    package let value: Double
    /// The second over the first, with its interval; of errors the difference.
    package let ratio: Double
    package let low: Double
    package let high: Double
    package let verdict: Verdict
  }

  /// Runs of the same differ by about so much from one to the next on a quiet machine.
  package static let usualLeastDifference = 0.01
  package static let confidence = 0.95

  package let baseline: BenchResult
  package let result: BenchResult
  package let differences: [Difference]
  /// Figures that are not compared, with the reason.
  package let leftOut: [String]

  package init(
    _ baseline: BenchResult, _ result: BenchResult,
    leastDifference: Double = ResultComparison.usualLeastDifference
  ) {
    self.baseline = baseline
    self.result = result
    var pairs: [(ComparedFigure, WindowMean, WindowMean)] = []
    var leftOut: [String] = []
    for figure in ComparedFigure.all {
      let series = [baseline, result].map { figure.values($0.windows) }
      let needed = figure.queriesMin
      if let least = [baseline, result].map(\.windows.typicalQueryCount).min(), least < needed {
        leftOut.append(
          "\(figure.name): about \(Int(needed)) queries in each window are needed for it")
      } else if let first = WindowMean(series[0]), let second = WindowMean(series[1]) {
        pairs.append((figure, first, second))
      } else {
        leftOut.append("\(figure.name): fewer than \(WindowMean.countMin) windows have it")
      }
    }
    let confidence = 1 - (1 - Self.confidence) / Double(max(1, pairs.count))
    differences = pairs.compactMap { figure, first, second in
      figure.difference(
        baseline, result, first, second, confidence: confidence, least: leastDifference)
    }
    self.leftOut = leftOut
  }

  package var regressions: [Difference] { differences.filter { $0.verdict == .worse } }

  /// What the two were measured with and is not the same: what makes a comparison doubtful.
  package var doubts: [String] {
    let settings = [
      "samples_per_query", "rate", "concurrency", "latency_bound_ms",
    ].filter { baseline.asked($0) != result.asked($0) }
    let surroundings = ["processor", "cores", "affinity", "governor", "kernel"].filter { key in
      baseline.environment.first { $0.key == key }?.value
        != result.environment.first { $0.key == key }?.value
    }
    let invalid = [baseline, result].filter { !$0.isValid }.map { "\($0.name) is not valid" }
    return settings.map { "measured with another \($0)" }
      + surroundings.map { "measured with another \($0)" } + invalid
  }

  /// Results of the same scenario, in order, at the same load where there are several; those without a
  /// partner are left out.
  package static func all(
    _ baseline: [BenchResult], _ results: [BenchResult],
    leastDifference: Double = ResultComparison.usualLeastDifference
  ) -> [ResultComparison] {
    var rest = baseline
    return results.compactMap { result in
      let places = rest.indices.filter { rest[$0].scenario == result.scenario }
      let alike = places.first { place in
        ["rate", "concurrency"].allSatisfy { rest[place].asked($0) == result.asked($0) }
      }
      guard let place = alike ?? places.first else { return nil }
      return ResultComparison(rest.remove(at: place), result, leastDifference: leastDifference)
    }
  }
}

/// A figure that results are compared by.
struct ComparedFigure: Sendable {
  let name: String
  let isCost: Bool
  /// Answered queries that a window needs to have it.
  let queriesMin: Double
  /// A fraction, of which the difference tells and not the ratio.
  let isFraction: Bool
  let value: @Sendable (WindowTable.Row, Double) -> Double?

  static let all: [ComparedFigure] = [
    latency("mean", queriesMin: 1, \.mean), latency("p50", queriesMin: 5, \.p50),
    latency("p90", queriesMin: 10, \.p90), latency("p99", queriesMin: 100, \.p99),
    ComparedFigure(name: "throughput", isCost: false, queriesMin: 0, isFraction: false) {
      $0.sampleCount / $1
    },
    ComparedFigure(name: "errors", isCost: true, queriesMin: 0, isFraction: true) { row, _ in
      let all = row.queryCount + row.failedCount
      return all > 0 ? row.failedCount / all : nil
    },
  ]

  private static func latency(
    _ name: String, queriesMin: Double, _ value: @escaping @Sendable (WindowTable.Row) -> Double?
  ) -> ComparedFigure {
    ComparedFigure(name: name, isCost: true, queriesMin: queriesMin, isFraction: false) { row, _ in
      value(row)
    }
  }

  func values(_ windows: WindowTable) -> [Double] {
    guard windows.seconds > 0 else { return [] }
    return windows.wholeRows.compactMap { value($0, windows.seconds) }
  }

  private func own(_ result: BenchResult) -> Double? {
    switch name {
    case "throughput": result.throughput
    case "errors": result.errorRate
    default: result.latencies[name]
    }
  }

  func difference(
    _ baseline: BenchResult, _ result: BenchResult, _ first: WindowMean, _ second: WindowMean,
    confidence: Double, least: Double
  ) -> ResultComparison.Difference? {
    guard let one = own(baseline), let other = own(result) else { return nil }
    // Of fractions the difference is judged, of all else the logarithm of the ratio.
    let (center, scales): (Double, (Double, Double))
    if isFraction {
      (center, scales) = (second.mean - first.mean, (1, 1))
    } else {
      guard first.mean > 0, second.mean > 0 else { return nil }
      (center, scales) = (log(second.mean / first.mean), (first.mean, second.mean))
    }
    let (a, b) = (first.variance / (scales.0 * scales.0), second.variance / (scales.1 * scales.1))
    let half = Self.halfWidth(a, first, b, second, confidence: confidence)
    let isSure = abs(center) > half && abs(center) >= (isFraction ? 0 : log(1 + least))
    func back(_ value: Double) -> Double { isFraction ? value : exp(value) }
    return ResultComparison.Difference(
      name: name, isCost: isCost,
      unit: isFraction ? "%" : isCost ? "ms" : result.throughputUnit, baseline: one, value: other,
      ratio: back(center), low: back(center - half), high: back(center + half),
      verdict: !isSure ? .noise : (center < 0) == isCost ? .better : .worse)
  }

  /// Welch's: with the degrees of freedom of Satterthwaite.
  private static func halfWidth(
    _ a: Double, _ first: WindowMean, _ b: Double, _ second: WindowMean, confidence: Double
  ) -> Double {
    guard a + b > 0 else { return 0 }
    let freedom =
      (a + b) * (a + b) / (a * a / first.degreesOfFreedom + b * b / second.degreesOfFreedom)
    let half =
      (a + b).squareRoot()
      * StudentDistribution(degreesOfFreedom: max(1, Int(freedom))).bound(chance: confidence)
    // A factor of e^50 says all that there is to say, and is a number.
    return min(50, half)
  }
}

extension WindowTable {
  /// Of half of the windows no more were answered.
  var typicalQueryCount: Double {
    let counts = wholeRows.map(\.queryCount).sorted()
    return counts.isEmpty ? 0 : counts[counts.count / 2]
  }
}
