/// Keeps of boxes that overlap the one with the highest score, class by class.
enum Suppression {
  /// Candidates that are looked at, the highest scores first; bounds the work at a confidence of 0.
  static let candidatesMax = 30_000

  /// At most `countMax` candidates, the highest score first; of equal scores the earlier candidate.
  static func kept(_ candidates: [Candidate], iou: Float, countMax: Int) -> [Candidate] {
    var kept: [Candidate] = []
    var areas: [Float] = []
    /// Places in `kept` by class, so that only boxes of one class are compared.
    var keptOfClass: [Int: [Int]] = [:]
    for place in order(candidates).prefix(candidatesMax) {
      let candidate = candidates[place]
      let area = area(candidate.box)
      let rivals = keptOfClass[candidate.classID, default: []]
      let isSuppressed = rivals.contains { rival in
        let common = intersection(kept[rival].box, candidate.box)
        return common > iou * (areas[rival] + area - common)
      }
      if isSuppressed { continue }
      keptOfClass[candidate.classID, default: []].append(kept.count)
      kept.append(candidate)
      areas.append(area)
      if kept.count == countMax { break }
    }
    return kept
  }

  /// At most `countMax` candidates, the highest score first, none suppressed.
  static func sorted(_ candidates: [Candidate], countMax: Int) -> [Candidate] {
    order(candidates).prefix(countMax).map { candidates[$0] }
  }

  /// Places by descending score. The bits of positive floats order as the floats do, so score and
  /// place sort as one integer.
  private static func order(_ candidates: [Candidate]) -> [Int] {
    var keys = candidates.indices.map { place in
      UInt64(candidates[place].score.bitPattern) << 32 | UInt64(UInt32.max - UInt32(place))
    }
    keys.sort(by: >)
    return keys.map { Int(UInt32.max - UInt32(truncatingIfNeeded: $0)) }
  }

  private static func area(_ box: Box) -> Float {
    max(0, box.x2 - box.x1) * max(0, box.y2 - box.y1)
  }

  private static func intersection(_ left: Box, _ right: Box) -> Float {
    let width = min(left.x2, right.x2) - max(left.x1, right.x1)
    let height = min(left.y2, right.y2) - max(left.y1, right.y1)
    return width > 0 && height > 0 ? width * height : 0
  }
}
