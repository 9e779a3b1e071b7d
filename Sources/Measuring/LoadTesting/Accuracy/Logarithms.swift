import Glibc

/// The log loss: how surprised somebody is who believed the scores.
enum Logarithms {
  /// The mean of -log of the likelihoods that were given to what is true; none counts as less than the
  /// least step of a double, so that a single certain error is not infinitely wrong.
  static func meanLoss(_ likelihoods: [Double]) -> Double? {
    guard !likelihoods.isEmpty else { return nil }
    let least = Double.ulpOfOne
    let losses = likelihoods.map { -log(min(max($0, least), 1 - least)) }
    return losses.reduce(0, +) / Double(likelihoods.count)
  }
}
