import Kernels

/// A box in pixels of the model's input, with one class and its score.
struct Candidate {
  var box: Box
  var classID: Int
  var score: Float
}

/// Finds the boxes in a detector's output whose score is above a confidence.
///
/// `elements` is one photo's answer: two axes of `rowCount` and `columnCount`.
struct CandidateSearch {
  let elements: UnsafeBufferPointer<Float>
  let rowCount: Int
  let columnCount: Int
  let confidence: Float
  let isMultiLabel: Bool

  func candidates(_ layout: DetectionLayout) -> [Candidate] {
    switch layout {
    case .featuresFirst(let classCount): featuresFirst(classCount: classCount)
    case .placesFirst(let classCount, let hasObjectness):
      placesFirst(classCount: classCount, hasObjectness: hasObjectness)
    case .endToEnd: endToEnd()
    }
  }

  /// Goes through the output class by class, as it lies in memory; nearly all scores are passed
  /// over eight or more at a time.
  private func featuresFirst(classCount: Int) -> [Candidate] {
    guard let base = elements.baseAddress, rowCount == 4 + classCount else { return [] }
    var found: [Candidate] = []
    /// For a place that was found before, where in `found`, plus 1.
    var placeOfFound = [Int32](repeating: 0, count: isMultiLabel ? 0 : columnCount)
    withUnsafeTemporaryAllocation(of: UInt32.self, capacity: columnCount) { places in
      for classID in 0..<classCount {
        let scores = base + (4 + classID) * columnCount
        let count = apus_places_above(
          FloatOutput.bestVariant, scores, columnCount, confidence, places.baseAddress)
        for place in places.prefix(count).lazy.map(Int.init) {
          let score = scores[place]
          if !isMultiLabel, placeOfFound[place] > 0 {
            let known = Int(placeOfFound[place]) - 1
            if found[known].score < score {
              found[known].score = score
              found[known].classID = classID
            }
            continue
          }
          let box = centred(
            base[place], base[columnCount + place], base[2 * columnCount + place],
            base[3 * columnCount + place])
          found.append(Candidate(box: box, classID: classID, score: score))
          if !isMultiLabel { placeOfFound[place] = Int32(found.count) }
        }
      }
    }
    return found
  }

  private func placesFirst(classCount: Int, hasObjectness: Bool) -> [Candidate] {
    let first = hasObjectness ? 5 : 4
    guard let base = elements.baseAddress, columnCount == first + classCount else { return [] }
    var found: [Candidate] = []
    for place in 0..<rowCount {
      let row = base + place * columnCount
      let objectness = hasObjectness ? row[4] : 1
      // A class's score is at most 1, so the product is at most this.
      guard objectness > confidence else { continue }
      let box = centred(row[0], row[1], row[2], row[3])
      var best = Candidate(box: box, classID: 0, score: -1)
      for classID in 0..<classCount {
        let score = row[first + classID] * objectness
        if isMultiLabel, score > confidence {
          found.append(Candidate(box: box, classID: classID, score: score))
        } else if score > best.score {
          best.classID = classID
          best.score = score
        }
      }
      if !isMultiLabel, best.score > confidence { found.append(best) }
    }
    return found
  }

  private func endToEnd() -> [Candidate] {
    guard let base = elements.baseAddress, columnCount == 6 else { return [] }
    return (0..<rowCount).compactMap { place in
      let row = base + place * 6
      guard row[4] > confidence, row[5] >= 0, row[5] < 1e6 else { return nil }
      return Candidate(
        box: Box(x1: row[0], y1: row[1], x2: row[2], y2: row[3]), classID: Int(row[5]),
        score: row[4])
    }
  }

  private func centred(_ x: Float, _ y: Float, _ width: Float, _ height: Float) -> Box {
    Box(x1: x - width / 2, y1: y - height / 2, x2: x + width / 2, y2: y + height / 2)
  }
}
