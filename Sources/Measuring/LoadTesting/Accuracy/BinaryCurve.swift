/// The area under the ROC curve: how often something that is true has a higher score than something that
/// is not, ties counting half.
///
/// Computed from ranks (the statistic of Mann and Whitney), tied scores sharing the mean of theirs.
enum BinaryCurve {
  /// `nil` where all are true, or none, or a score is no number.
  static func area(scores: [Double], isTrue: [Bool]) -> Double? {
    let trueCount = isTrue.count { $0 }
    let falseCount = isTrue.count - trueCount
    guard trueCount > 0, falseCount > 0, !scores.contains(where: \.isNaN) else { return nil }
    let order = scores.indices.sorted { scores[$0] < scores[$1] }
    var rankSum = 0.0
    var start = 0
    while start < order.count {
      var end = start
      while end < order.count, scores[order[end]] == scores[order[start]] { end += 1 }
      // Ranks count from 1: those from `start` and before `end`.
      let rank = Double(start + 1 + end) / 2
      rankSum += rank * Double(order[start..<end].count { isTrue[$0] })
      start = end
    }
    let least = Double(trueCount) * Double(trueCount + 1) / 2
    return (rankSum - least) / (Double(trueCount) * Double(falseCount))
  }
}
