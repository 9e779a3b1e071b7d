import Testing

@testable import LoadTesting

@Suite struct EarlyStoppingTests {
  /// Published with MLPerf inference's rules: queries needed by percentile and misses.
  @Test(arguments: [
    (0.90, [0: 44, 1: 64, 2: 81, 3: 97, 5: 127, 10: 197]),
    (0.95, [0: 90, 1: 130, 2: 165, 3: 198, 5: 259, 10: 398]),
    (0.97, [0: 152, 1: 219, 2: 277, 3: 332, 5: 433, 10: 667]),
    (0.99, [0: 459, 1: 662, 2: 838, 3: 1001, 5: 1307, 10: 2010]),
    (0.999, [0: 4603, 1: 6636, 2: 8403, 3: 10042, 5: 13105, 10: 20140]),
  ])
  func `asks for as many queries as MLPerf does`(percentile: Double, counts: [Int: Int]) {
    for (missCount, count) in counts {
      #expect(EarlyStopping(percentile: percentile).queryCount(missing: missCount) == count)
    }
  }

  @Test(arguments: [0.9, 0.99]) func `misses and queries agree`(percentile: Double) {
    let rule = EarlyStopping(percentile: percentile)
    for missCount in [0, 1, 7, 100, 2_000] {
      let count = rule.queryCount(missing: missCount)
      #expect(rule.missCount(of: count) == missCount)
      #expect(rule.missCount(of: count - 1) == (missCount == 0 ? nil : missCount - 1))
    }
  }

  @Test func `estimates from the slowest that must be counted`() {
    var record = LatencyRecord()
    for value in 1...63 { record.add(UInt64(value)) }
    #expect(EarlyStopping(percentile: 0.9).estimate(record) == nil)
    // 64 queries may have one miss: the slowest itself is told.
    record.add(64)
    #expect(EarlyStopping(percentile: 0.9).estimate(record) == 64)
    for value in 65...81 { record.add(UInt64(value)) }
    #expect(EarlyStopping(percentile: 0.9).estimate(record) == 80)
  }

  @Test func `is never below the plain percentile, and comes close to it`() {
    var generator = MersenneTwister(seed: 11)
    var record = LatencyRecord()
    for _ in 0..<100_000 { record.add(UInt64(generator.next())) }
    record.sort()
    let plain = Double(record.percentile(0.9) ?? 0)
    let sure = Double(EarlyStopping(percentile: 0.9).estimate(record) ?? 0)
    #expect(sure >= plain)
    #expect(sure < plain * 1.01)
  }
}
