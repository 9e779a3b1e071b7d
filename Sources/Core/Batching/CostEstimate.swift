/// How long one row of a model takes, learned from its runs, and whether that is cheap enough for an
/// event loop.
///
/// A moving average in which one disturbed run (the thread was preempted) counts for no more than
/// four times what is expected. Cheapness has hysteresis: it is won below 80 % of the bound and lost
/// above 120 %, so that a model at the bound does not flutter between the two paths.
package struct CostEstimate: Sendable {
  /// Expected cost of a row; `nil` until enough runs were seen.
  package private(set) var nanosecondsPerRow: Double?
  private var isCheap: Bool
  private var runCount = 0

  /// Runs that are looked at before anything is believed: the first ones allocate and warm caches.
  static let runsIgnored = 2
  private static let weight = 1.0 / 8

  /// - Parameter isDeclaredCheap: the model says so itself, before anything was measured.
  package init(isDeclaredCheap: Bool) { isCheap = isDeclaredCheap }

  /// Whether a run of that many rows is expected to stay within the bound.
  package func isCheap(rowCount: Int, nanosecondsMax: UInt64) -> Bool {
    guard isCheap else { return false }
    guard let nanosecondsPerRow else { return true }
    return nanosecondsPerRow * Double(rowCount) < Double(nanosecondsMax) * 1.2
  }

  /// What a run of that many rows is expected to cost; a guess until runs were seen.
  package func expectedNanoseconds(rowCount: Int) -> UInt64 {
    UInt64((nanosecondsPerRow ?? Self.nanosecondsPerRowGuessed) * Double(max(1, rowCount)))
  }

  private static let nanosecondsPerRowGuessed = 1_000_000.0

  /// Learns from a run that took this long.
  package mutating func learn(
    nanoseconds: UInt64, rowCount: Int, nanosecondsMax: UInt64
  ) {
    runCount += 1
    guard runCount > Self.runsIgnored else { return }
    let seen = Double(nanoseconds) / Double(max(1, rowCount))
    let expected = nanosecondsPerRow ?? seen
    let updated = expected + (min(seen, expected * 4) - expected) * Self.weight
    nanosecondsPerRow = updated
    if updated < Double(nanosecondsMax) * 0.8 { isCheap = true }
    if updated > Double(nanosecondsMax) * 1.2 { isCheap = false }
  }
}
