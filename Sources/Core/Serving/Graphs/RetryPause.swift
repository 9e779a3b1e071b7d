/// How long a graph waits before it asks a failed model again.
///
/// Doubles from 20 ms to a second, and then half of it is left to chance, so that requests which
/// failed together do not come back together.
enum RetryPause {
  static let firstNanoseconds: UInt64 = 20_000_000
  static let longestNanoseconds: UInt64 = 1_000_000_000

  /// - Parameters:
  ///   - attempt: 1 for the first try after a failure.
  ///   - chance: from 0 up to 1.
  static func nanoseconds(before attempt: Int, chance: Double) -> UInt64 {
    let doubled = firstNanoseconds << UInt64(min(max(attempt, 1) - 1, 20))
    let whole = min(doubled, longestNanoseconds)
    return whole / 2 + UInt64(Double(whole / 2) * min(max(chance, 0), 1))
  }
}
