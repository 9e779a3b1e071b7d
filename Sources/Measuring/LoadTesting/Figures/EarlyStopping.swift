import Glibc

/// How many queries it takes to be sure of a percentile, by the rule of MLPerf inference: with a
/// confidence of 0.99 and no tolerance.
///
/// Of `n` queries, `t` of which were slower than some bound, it is sure that at least the fraction
/// `percentile` of all queries keeps the bound where a slower service would have been as lucky in at
/// most 1 of 100 runs: the binomial probability of `t` or fewer misses among `n`, at the fraction, is
/// at most 0.01. That equals the incomplete beta function I(percentile; n - t, t + 1).
package struct EarlyStopping: Sendable {
  package static let confidence = 0.99

  package let percentile: Double

  package init(percentile: Double) {
    precondition(percentile > 0 && percentile < 1, "percentile \(percentile)")
    self.percentile = percentile
  }

  /// Queries that are needed where so many of them may be slower than the bound.
  package func queryCount(missing missCount: Int) -> Int {
    var low = missCount
    var high = max(64, missCount * 2)
    while !isSure(of: high, missing: missCount) {
      low = high
      high *= 2
    }
    while high - low > 1 {
      let middle = (low + high) / 2
      if isSure(of: middle, missing: missCount) { high = middle } else { low = middle }
    }
    return high
  }

  /// The most misses that so many queries may have; `nil` where they are too few for any statement.
  package func missCount(of queryCount: Int) -> Int? {
    guard isSure(of: queryCount, missing: 0) else { return nil }
    var low = 0
    var high = queryCount
    while high - low > 1 {
      let middle = (low + high) / 2
      if isSure(of: queryCount, missing: middle) { low = middle } else { high = middle }
    }
    return low
  }

  /// A latency that the percentile does not exceed, to be sure: of the slowest values as many are
  /// left out as may be. `nil` where there are fewer than `queryCount(missing: 1)` values.
  package func estimate(_ latencies: LatencyRecord) -> UInt64? {
    guard let missCount = missCount(of: latencies.count), missCount > 0 else { return nil }
    return latencies.value(atRank: latencies.count - missCount + 1)
  }

  private func isSure(of queryCount: Int, missing missCount: Int) -> Bool {
    let chance = 1 - percentile
    // At the mean and above, the probability is about a half or more.
    guard Double(missCount) < Double(queryCount) * chance else { return false }
    let (n, t) = (Double(queryCount), Double(missCount))
    let last =
      lgamma(n + 1) - lgamma(t + 1) - lgamma(n - t + 1) + t * log(chance)
      + (n - t) * log(percentile)
    // The terms of fewer misses, as parts of the last: each smaller than the one before.
    var (sum, term, misses) = (1.0, 1.0, t)
    while misses > 0, term > 1e-17 {
      term *= misses / (n - misses + 1) * percentile / chance
      sum += term
      misses -= 1
    }
    return last + log(sum) <= log(1 - Self.confidence)
  }
}
