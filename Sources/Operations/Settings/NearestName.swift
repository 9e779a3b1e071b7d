/// Finds what somebody probably meant.
package enum NearestName {
  /// The known name with the fewest edits to `name`, or `nil` where even that one is too far off to
  /// be a slip: more than a third of its letters, and more than one.
  package static func of(_ name: String, in known: [String]) -> String? {
    let letters = Array(name.utf8.prefix(lengthMax))
    var best: (name: String, distance: Int)?
    for candidate in known {
      let distance = distance(letters, Array(candidate.utf8.prefix(lengthMax)))
      if distance < best?.distance ?? .max { best = (candidate, distance) }
    }
    guard let best, best.distance <= max(1, (best.name.utf8.count + 2) / 3) else { return nil }
    return best.name
  }

  /// Names longer than this are compared by their beginnings.
  private static let lengthMax = 64

  /// Optimal string alignment: insertions, deletions, substitutions, and swaps of neighbours.
  private static func distance(_ left: [UInt8], _ right: [UInt8]) -> Int {
    var beforeLast = [Int](repeating: 0, count: right.count + 1)
    var last = Array(0...right.count)
    for row in 1..<(left.count + 1) {
      var current = [row]
      for column in 1..<(right.count + 1) {
        let substitution = last[column - 1] + (left[row - 1] == right[column - 1] ? 0 : 1)
        var least = min(last[column] + 1, current[column - 1] + 1, substitution)
        if row > 1, column > 1, left[row - 1] == right[column - 2],
          left[row - 2] == right[column - 1]
        {
          least = min(least, beforeLast[column - 2] + 1)
        }
        current.append(least)
      }
      beforeLast = last
      last = current
    }
    return last[right.count]
  }
}
