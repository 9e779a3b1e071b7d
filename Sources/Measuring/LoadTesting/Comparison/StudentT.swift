import Glibc

/// Student's distribution, for intervals from few values.
enum StudentT {
  /// What a value's distance from the mean, in standard errors, does not exceed with this probability to
  /// either side.
  ///
  /// Solved by bisection on the integral of the density (Simpson's rule), to about 1e-6; for degrees of
  /// freedom from 1 and confidences up to 0.9999.
  static func bound(confidence: Double, degreesOfFreedom: Double) -> Double {
    let freedom = max(1, degreesOfFreedom)
    var (low, high) = (0.0, 8.0)
    while inside(high, freedom) < confidence, high < 1e5 { high *= 2 }
    for _ in 0..<50 {
      let middle = (low + high) / 2
      if inside(middle, freedom) < confidence { low = middle } else { high = middle }
    }
    return (low + high) / 2
  }

  /// The probability to be no further than this from 0.
  private static func inside(_ distance: Double, _ freedom: Double) -> Double {
    // Tails are long: in the angle atan(t) the integrand is smooth whatever the distance.
    let end = atan(distance / freedom.squareRoot())
    let constant =
      exp(lgamma((freedom + 1) / 2) - lgamma(freedom / 2)) / Double.pi.squareRoot()
    let parts = 400
    let step = end / Double(parts)
    var sum = 0.0
    for part in 0...parts {
      let weight = part == 0 || part == parts ? 1.0 : part % 2 == 1 ? 4 : 2
      sum += weight * pow(cos(Double(part) * step), freedom - 1)
    }
    return 2 * constant * sum * step / 3
  }
}
