/// Sums the leaves of a checked ensemble: what a pipeline asks for each of its ensembles.
package protocol EnsembleSums: Sendable {
  /// Bytes of memory that it holds.
  var byteCount: Int { get }
  /// One caller of it, for one thread.
  func makeCaller() -> any EnsembleCaller
}

/// One caller of an ensemble, owned by one thread. Allocates nothing in a call.
package protocol EnsembleCaller: AnyObject {
  /// - Parameters:
  ///   - rows: `featureCount` values of the ensemble's input precision for each row.
  ///   - sums: `outputCount` places of the sum's precision for each row, to be overwritten.
  func margins(of rows: UnsafeRawPointer, rowCount: Int, into sums: UnsafeMutableRawPointer)
}

/// The sums of an ensemble's leaves.
struct EnsembleStep: PipelineStep {
  /// Among the pipeline's ensembles, of each of which a run's memory has a caller.
  let number: Int
  let source: Int
  let sums: Int

  func run(_ memory: ColumnMemory, rowCount: Int) {
    memory.callers[number].margins(
      of: memory.base(source), rowCount: rowCount, into: memory.base(sums))
  }
}

/// What makes labels and scores out of an ensemble's sums for two classes; for more, the largest wins.
///
/// The operator's text leaves much open; this is what ONNX Runtime does.
struct EnsembleClasses<Number: RealNumber>: Sendable {
  let classCount: Int
  let baseValues: [Number]
  /// Whether any leaf has a weight for the second class.
  let hasSecondScore: Bool
  /// All weights are for one class, whose score then stands for the second.
  let isBinary: Bool
  let weightsArePositive: Bool
  let transform: ScoreTransform

  /// Answers the class's place, and makes scores of the sums, `classCount` of them, in place.
  func finish(_ scores: UnsafeMutablePointer<Number>) -> Int {
    if classCount == 2 { return finishTwo(scores) }
    for (place, base) in baseValues.enumerated() { scores[place] += base }
    var best = 0
    for place in 1..<classCount where scores[place] > scores[best] { best = place }
    transform.apply(scores, count: classCount)
    return best
  }

  private func finishTwo(_ scores: UnsafeMutablePointer<Number>) -> Int {
    addBase(scores)
    let score = hasSecondScore ? scores[1] : scores[0]
    let isSecond = isBinary && weightsArePositive ? score > 0.5 : score > 0
    if hasSecondScore || baseValues.count == 2 {
      transform.apply(scores, count: 2)
    } else if isBinary && weightsArePositive {
      (scores[0], scores[1]) = (1 - score, score)
    } else if transform == .logistic {
      scores[1] = Number(Float.logistic(Float(score)))
      scores[0] = Number(Float.logistic(Float(-score)))
    } else {
      (scores[0], scores[1]) = (-score, score)
    }
    return isSecond ? 1 : 0
  }

  private func addBase(_ scores: UnsafeMutablePointer<Number>) {
    if baseValues.count == 2, hasSecondScore {
      scores[1] = baseValues[1] + scores[0]
      scores[0] = -scores[1]
    } else {
      for (place, base) in baseValues.enumerated() { scores[place] += base }
    }
  }
}

/// `TreeEnsembleClassifier` after its sums.
struct EnsembleClassStep<Number: RealNumber>: PipelineStep {
  let classes: EnsembleClasses<Number>
  let labels: LabelWriter
  let sums: Int
  /// A column of Float32, whatever the sums are.
  let result: Int

  func run(_ memory: ColumnMemory, rowCount: Int) {
    let result = memory.elements(result, as: Float.self)
    for row in 0..<rowCount {
      let scores = memory.elements(sums, as: Number.self) + row * classes.classCount
      labels.write(memory, row: row, classes.finish(scores))
      for place in 0..<classes.classCount {
        result[row * classes.classCount + place] = Float(scores[place])
      }
    }
  }
}
