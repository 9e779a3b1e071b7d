/// Finds the highest rate at which the scenario `server` is valid: doubles until a rate is not, then
/// narrows; a pure value, to which runs are told.
///
///     doubling ──> narrowing ──> found
///         └──> hopeless          the first rates, down to a hundredth of the first, are not valid
struct RateSearch: Sendable {
  /// The found rate is valid, and one higher by this factor was not.
  static let precision = 1.05
  /// A search ends after so many runs in any case.
  static let runsMax = 20

  private let first: Double
  private var valid: Double?
  private var invalid: Double?
  private var runCount = 0

  /// - Parameter first: a guess, in queries a second.
  init(first: Double) {
    precondition(first > 0 && first.isFinite, "rate \(first)")
    self.first = first
  }

  /// The rate to be tried now; `nil` when the search is over.
  var next: Double? {
    guard runCount < Self.runsMax else { return nil }
    switch (valid, invalid) {
    case (nil, nil): return first
    case (let valid?, nil): return valid * 2
    case (nil, let invalid?): return invalid > first / 100 ? invalid / 3 : nil
    case (let valid?, let invalid?):
      return invalid / valid > Self.precision ? (valid * invalid).squareRoot() : nil
    }
  }

  /// What came of the rate that `next` gave.
  mutating func tried(_ rate: Double, wasValid: Bool) {
    runCount += 1
    if wasValid { valid = max(rate, valid ?? 0) } else { invalid = min(rate, invalid ?? rate) }
  }

  /// The found one gave way in a longer run: a twentieth less is tried next.
  mutating func stepDown() -> Double? {
    guard let rate = valid, runCount < Self.runsMax + 5 else { return nil }
    runCount += 1
    valid = rate / Self.precision
    return valid
  }

  /// The lowest that was tried, and not valid.
  var lowest: Double { invalid ?? first }

  /// The highest that was valid; `nil` while there is none.
  var found: Double? { valid }
}
