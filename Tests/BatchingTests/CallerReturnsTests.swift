import Inference
import Testing

@testable import Batching

@Suite struct CallerReturnsTests {
  private static func at(_ microseconds: UInt64) -> Instant {
    Instant(nanoseconds: 1_000_000_000 + microseconds * 1_000)
  }

  /// Runs of 1 ms and four rows, one after the other; of each run's callers so many come back after
  /// 50 us.
  private static func played(runs: UInt64 = 40, returning: Int) -> CallerReturns {
    var returns = CallerReturns()
    for run in 0..<runs {
      returns.runEnded(nanoseconds: 1_000_000, rowCount: 4, now: at(run * 1_100))
      if returning > 0 { returns.arrived(rowCount: returning, now: at(run * 1_100 + 50)) }
    }
    return returns
  }

  @Test func `those who came back before are waited for, and no longer`() {
    var returns = Self.played(returning: 4)
    returns.runEnded(nanoseconds: 1_000_000, rowCount: 4, now: Self.at(50_000))
    #expect(returns.awaited(now: Self.at(50_001)) == Self.at(50_250))
    returns.arrived(rowCount: 3, now: Self.at(50_030))
    #expect(returns.awaited(now: Self.at(50_031)) == Self.at(50_250))
    #expect(returns.awaited(now: Self.at(50_250)) == nil)
    returns.arrived(rowCount: 1, now: Self.at(50_040))
    #expect(returns.awaited(now: Self.at(50_041)) == nil)
  }

  @Test(arguments: [0, 1, 2])
  func `a load that does not wait for its answers is not waited for`(returning: Int) {
    var returns = Self.played(returning: returning)
    returns.runEnded(nanoseconds: 1_000_000, rowCount: 4, now: Self.at(50_000))
    #expect(returns.awaited(now: Self.at(50_001)) == nil)
  }

  @Test func `callers who stop coming are given up`() {
    var returns = Self.played(returning: 4)
    for run in 0..<8 as Range<UInt64> {
      returns.runEnded(nanoseconds: 1_000_000, rowCount: 4, now: Self.at(50_000 + run * 1_100))
    }
    #expect(returns.awaited(now: Self.at(50_000 + 7 * 1_100 + 1)) == nil)
  }

  @Test func `a run beside another leaves those of the first expected`() {
    var returns = Self.played(returning: 4)
    returns.runEnded(nanoseconds: 1_000_000, rowCount: 4, now: Self.at(50_000))
    returns.arrived(rowCount: 4, now: Self.at(50_010))
    returns.runEnded(nanoseconds: 1_000_000, rowCount: 2, now: Self.at(50_020))
    #expect(returns.awaited(now: Self.at(50_021)) == Self.at(50_270))
    returns.arrived(rowCount: 2, now: Self.at(50_030))
    #expect(returns.awaited(now: Self.at(50_031)) == nil)
  }
}
