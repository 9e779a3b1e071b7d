import Testing
import WireFormats

@testable import LoadTesting

@Suite struct ResultComparisonTests {
  /// A result of windows whose figures follow each other as an autoregressive process of the first order.
  private func result(
    _ mean: Double, seed: UInt64, correlation: Double = 0, windows: Int = 40, queries: Int = 200,
    failed: [Int: Int] = [:]
  ) throws -> BenchResult {
    var random = MersenneTwister(seed: seed)
    func normal() -> Double { (0..<12).reduce(-6) { sum, _ in sum + random.fraction() } }
    var state = normal()
    var columns: [String: [JSONValue]] = [:]
    for index in 0..<windows {
      state = correlation * state + (1 - correlation * correlation).squareRoot() * normal()
      let level = mean * (1 + 0.1 * state)
      for (name, factor) in [("mean", 1.0), ("p50", 0.9), ("p90", 1.4), ("p99", 2)] {
        let value = level * factor * (1 + 0.02 * normal())
        columns["\(name)_ms", default: []].append(.number(value))
      }
      columns["queries", default: []].append(.integer(Int64(queries)))
      columns["samples", default: []].append(.integer(Int64(Double(queries) * mean / level)))
      columns["failed", default: []].append(.integer(Int64(failed[index] ?? 0)))
    }
    let failedCount = failed.values.reduce(0, +)
    let document = JSONValue.object([
      .init("scenario", .string("closed-loop")), .init("valid", .bool(true)),
      .init(
        "latency_ms",
        .object(["mean", "p50", "p90", "p99"].map { .init($0, .number(mean)) })),
      .init("throughput", .object([.init("value", .number(1_000))])),
      .init(
        "errors",
        .object([
          .init("rate", .number(Double(failedCount) / Double(windows * queries + failedCount)))
        ])),
      .init(
        "windows",
        .object(
          [.init("seconds", .number(0.25))] + columns.map { .init($0.key, .array($0.value)) })),
    ])
    return try #require(BenchResult(document))
  }

  @Test(arguments: [0, 0.4, 0.7])
  func `two equal runs are called different in at most one of twenty comparisons`(
    correlation: Double
  ) throws {
    var wrongCount = 0
    let tries = 300
    for seed in 0..<UInt64(tries) {
      let first = try result(20, seed: seed * 2 + 1, correlation: correlation)
      let second = try result(20, seed: seed * 2 + 2, correlation: correlation)
      let comparison = ResultComparison(first, second, leastDifference: 0)
      #expect(comparison.differences.count == 6)
      if comparison.differences.contains(where: { $0.verdict != .noise }) { wrongCount += 1 }
    }
    // 5 % of 300, and two standard errors.
    #expect(wrongCount <= 23, "\(wrongCount) of \(tries)")
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `a difference of a tenth is named with an interval that holds it`(seed: UInt64) throws {
    let comparison = ResultComparison(
      try result(20, seed: seed), try result(22, seed: seed + 100))
    let mean = try #require(comparison.differences.first { $0.name == "mean" })
    #expect(mean.verdict == .worse)
    #expect(mean.low < 1.1 && mean.high > 1.1 && mean.low > 1)
    #expect(comparison.regressions.map(\.name).contains("p90"))
    #expect(comparison.lines.joined().contains("mean is worse"))
    let back = ResultComparison(comparison.result, comparison.baseline)
    #expect(back.differences.first { $0.name == "mean" }?.verdict == .better)
    #expect(back.regressions.isEmpty)
    #expect(comparison.json["regression"] == .bool(true))
    #expect(comparison.json["differences"]?["mean"]?["verdict"] == .string("worse"))
  }

  @Test func `a result beside itself differs in nothing`() throws {
    let one = try result(20, seed: 5)
    let comparison = ResultComparison(one, one)
    #expect(
      comparison.differences.allSatisfy {
        $0.verdict == .noise && $0.ratio == ($0.unit == "%" ? 0 : 1)
      })
    #expect(comparison.lines.last == "  no difference that is more than noise")
  }

  @Test func `failures that are new are named, a single one is not`() throws {
    let before = try result(20, seed: 1)
    let broken = try result(
      20, seed: 2, failed: Dictionary(uniqueKeysWithValues: (0..<40).map { ($0, 20 + $0 % 3) }))
    let errors = ResultComparison(before, broken).differences.first { $0.name == "errors" }
    #expect(errors?.verdict == .worse)
    let once = try result(20, seed: 2, failed: [7: 1])
    #expect(
      ResultComparison(before, once).differences.first { $0.name == "errors" }?.verdict == .noise)
  }

  @Test func `small differences are none, and what cannot be judged is said`() throws {
    let before = try result(20, seed: 1, windows: 60)
    let after = try result(20.4, seed: 1, windows: 60)
    let judged = ResultComparison(before, after, leastDifference: 0.05)
    #expect(judged.regressions.isEmpty)
    let few = ResultComparison(before, try result(20, seed: 2, queries: 12))
    #expect(few.leftOut.count == 1)
    #expect(few.leftOut.first?.hasPrefix("p99: about 100 queries") == true)
    let short = ResultComparison(before, try result(20, seed: 2, windows: 5))
    #expect(short.differences.isEmpty)
    #expect(short.lines.last == "  nothing can be compared")
  }

  @Test func `results are paired by scenario`() throws {
    let one = try result(20, seed: 1)
    #expect(ResultComparison.all([one], [one, one]).count == 1)
    #expect(ResultComparison.all([], [one]).isEmpty)
  }
}

@Suite struct WindowMeanTests {
  @Test func `windows that resemble their neighbours are worth less`() throws {
    let waves = (0..<60).map { Double($0 / 10 % 2) + 5 }
    let jumps = (0..<60).map { Double($0 % 2) + 5 }
    let slow = try #require(WindowMean(waves))
    let fast = try #require(WindowMean(jumps))
    #expect(slow.mean == fast.mean)
    #expect(slow.variance > 5 * fast.variance)
    #expect(slow.degreesOfFreedom < 10)
    #expect(WindowMean([1, 2, 3]) == nil)
    #expect(WindowMean([Double](repeating: 3, count: 9))?.variance == 0)
  }
}
