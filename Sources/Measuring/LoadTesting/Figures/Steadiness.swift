import Glibc

/// How much the throughput of a closed loop moved in a run: ten windows of equal length.
///
/// In an open load a queue that comes and goes makes windows differ by itself, so it is not judged
/// this way.
struct Steadiness: Sendable, Equatable {
  static let windowCount = 10
  /// A coefficient of variation that no figure should have: the mean of ten windows is then known to
  /// ±7 % only (Student's t: 2.26 times 0.1 by the root of ten).
  static let variationMax = 0.1
  /// The dispersion of ten windows by chance stays below this in 999 of 1,000 runs: the quantile of χ²
  /// with nine degrees of freedom.
  private static let dispersionMax = 27.88
  /// So many fine windows are needed for ten that are about equally long.
  private static let fineCountMin = 50
  /// Of fewer answers in a window chance has no regular distribution.
  private static let answerCountMin = 10.0

  /// Standard deviation of the windows' throughput as a part of its mean.
  let variation: Double
  /// What it would be if queries differed by chance alone.
  let expected: Double

  /// `nil` where a run is too short, or answered too little, to be cut in ten.
  ///
  /// - Parameter concurrency: queries on their way at once, which may well be answered together and are
  ///   therefore counted as one.
  init?(_ windows: LoadWindows, latencies: LatencyRecord, concurrency: Int) {
    // The last window ends somewhere within its length.
    let fine = windows.windows.dropLast()
    guard fine.count >= Self.fineCountMin, let low = latencies.percentile(0.16),
      let middle = latencies.percentile(0.5), let high = latencies.percentile(0.84), middle > 0
    else { return nil }
    let rates = (0..<Self.windowCount).map { part in
      let range =
        part * fine.count / Self.windowCount..<(part + 1) * fine.count / Self.windowCount
      let answered = fine[range].reduce(0) { $0 + $1.answeredCount }
      return Double(answered) / Double(range.count)
    }
    let mean = rates.reduce(0, +) / Double(rates.count)
    guard mean > 0 else { return nil }
    let squares = rates.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    variation = (squares / Double(rates.count - 1)).squareRoot() / mean
    // Answers that come one after the other vary in number by the variation of their time over the root
    // of their number (Cox, "Renewal Theory", 1962); the spread of the middle two thirds is that of a
    // usual answer, so that a pause is not taken for chance. No count is closer than its last answer.
    let spread = Double(high - low) / 2 / Double(middle)
    let answered = mean * Double(fine.count) / Double(Self.windowCount)
    let independent = answered / Double(concurrency)
    guard independent >= Self.answerCountMin else { return nil }
    expected = max(spread / independent.squareRoot(), 0.5 / independent)
  }

  /// It moved by more than chance would have it, and by more than a figure should.
  var isSpoiled: Bool {
    let dispersion = Double(Self.windowCount - 1) * (variation / expected) * (variation / expected)
    return variation > Self.variationMax && dispersion > Self.dispersionMax
  }
}
