import Inference

/// Whether callers come back: those who ask again as soon as they have their answer can share the next
/// run too, if it waits for them for a moment.
///
/// After each run a window is open for a part of the time that it took. While it is, callers who have
/// their answers are expected back; if mostly they came in the windows before, the next run waits for
/// those who are still missing, and no longer. A load that does not depend on its answers sends but
/// the window's share of it in a window, so that nothing waits for it.
struct CallerReturns: Sendable {
  private var opened = Instant.never
  private var closes = Instant.never
  /// Rows that were answered, and rows that came since.
  private var expected = 0
  private var returned = 0
  /// The part of expected rows that comes: a moving average.
  private(set) var share = 0.0

  private static let windowShareOfRun = 4
  private static let weight = 1.0 / 8
  private static let shareNeeded = 0.6

  /// A run ended: its callers may come back.
  mutating func runEnded(nanoseconds: UInt64, rowCount: Int, now: Instant) {
    if now < closes {
      // Runs side by side: who is still missing is expected on.
      expected = max(0, expected - returned) + rowCount
    } else {
      learn()
      expected = rowCount
    }
    returned = 0
    opened = now
    closes = now.advanced(byNanoseconds: nanoseconds / UInt64(Self.windowShareOfRun))
  }

  mutating func arrived(rowCount: Int, now: Instant) {
    if now < closes { returned += rowCount }
  }

  /// Until when the next run is to wait for them; `nil` where nobody is missing, or nobody comes back.
  func awaited(now: Instant) -> Instant? {
    guard share >= Self.shareNeeded, returned < expected, now < closes else { return nil }
    return closes
  }

  private mutating func learn() {
    guard expected > 0 else { return }
    let seen = min(1, Double(returned) / Double(expected))
    share += (seen - share) * Self.weight
  }
}
