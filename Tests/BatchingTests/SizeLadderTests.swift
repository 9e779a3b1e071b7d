import Testing

@testable import Batching

@Suite struct SizeLadderTests {
  /// Climbs with runs of as many rows as are allowed, and answers how many runs that took.
  @discardableResult
  static func climb(
    _ ladder: inout SizeLadder, rowsMax: Int = .max, cost: (Int) -> Double
  ) -> Int {
    var count = 0
    while ladder.candidate != nil, count < 10_000 {
      let rows = min(rowsMax, 1 << ladder.current)
      ladder.runEnded(nanoseconds: UInt64(cost(rows)), rowCount: rows)
      count += 1
    }
    return count
  }

  @Test func `takes the size with the cheapest rows`() {
    var ladder = SizeLadder(largest: 6)
    Self.climb(&ladder) { 500_000 + 100_000 * Double($0) + ($0 > 8 ? 250_000 * Double($0 - 8) : 0) }
    #expect(ladder.best == 3)
    #expect((0.72...0.73).contains(ladder.saving), "\(ladder.saving)")
  }

  @Test func `a run that was disturbed decides nothing`() {
    var ladder = SizeLadder(largest: 3)
    var count = 0
    Self.climb(&ladder) { rows in
      count += 1
      return 1e6 * Double(rows) * (count % 3 == 0 ? 1.5 : 1)
    }
    #expect(ladder.best == 0)
    #expect(ladder.saving < 0.01)
  }

  @Test func `one size that saves nothing is enough where runs are long`() {
    var short = SizeLadder(largest: 6)
    let runsOfShort = Self.climb(&short) { 1e6 * Double($0) }
    var long = SizeLadder(largest: 6)
    let runsOfLong = Self.climb(&long) { 75e6 * Double($0) }
    #expect(short.best == 0)
    #expect(long.best == 0)
    #expect(runsOfLong < runsOfShort)
    #expect(runsOfLong <= 16)
  }

  @Test func `ends at a size that the load does not fill, and takes it up again`() {
    var ladder = SizeLadder(largest: 6)
    let cost = { (rows: Int) in 1e6 + 1e4 * Double(rows) }
    Self.climb(&ladder, rowsMax: 4, cost: cost)
    #expect(ladder.best == 2)
    #expect(ladder.unreached == 3)
    ladder.lookAgain()
    #expect(ladder.candidate == 3)
    Self.climb(&ladder, cost: cost)
    #expect(ladder.best == 6)
    #expect(ladder.unreached == nil)
  }

  @Test func `what saved nothing is looked at once`() {
    var ladder = SizeLadder(largest: 6)
    Self.climb(&ladder) { 1e6 * Double($0) }
    ladder.lookAgain()
    #expect(ladder.candidate == 1)
    let count = Self.climb(&ladder) { 1e6 * Double($0) }
    #expect(count <= 32)
    #expect(ladder.best == 0)
  }

  @Test func `a model of one row has nothing to look at`() {
    var ladder = SizeLadder(largest: 0)
    #expect(ladder.candidate == nil)
    ladder.lookAgain()
    #expect(ladder.candidate == nil)
  }
}
