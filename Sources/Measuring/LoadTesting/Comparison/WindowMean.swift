/// The mean of a figure over the windows of a run, and how sure it is.
///
/// Windows that follow each other are alike: their correlation, as of an autoregressive process of the
/// first order, says how many independent ones they are worth, n (1 - r) / (1 + r). That of short series
/// comes out too small by (1 + 4 r) / n (Marriott and Pope, Biometrika 41, 1954), which is put right; it
/// never counts as below 0. Windows far slower than the rest count as they are.
struct WindowMean: Sendable, Equatable {
  let mean: Double
  /// Of the mean.
  let variance: Double
  let degreesOfFreedom: Double

  /// With fewer windows nothing is said.
  static let countMin = 8
  private static let correlationMax = 0.9

  /// `nil` where there are too few.
  init?(_ values: [Double]) {
    let count = Double(values.count)
    guard values.count >= Self.countMin else { return nil }
    let mean = values.reduce(0, +) / count
    self.mean = mean
    let squares = values.reduce(0) { $0 + ($1 - mean) * ($1 - mean) }
    guard squares > 0 else {
      (variance, degreesOfFreedom) = (0, count - 1)
      return
    }
    let products = zip(values, values.dropFirst()).reduce(0) {
      $0 + ($1.0 - mean) * ($1.1 - mean)
    }
    let correlation = (products / squares + 1 / count) / (1 - 4 / count)
    let kept = min(Self.correlationMax, max(0, correlation))
    let worth = max(3, count * (1 - kept) / (1 + kept))
    // Of values that are alike, the spread around their own mean is too small, too.
    let spread = squares / (count - count / worth)
    variance = spread / worth
    degreesOfFreedom = worth - 1
  }
}
