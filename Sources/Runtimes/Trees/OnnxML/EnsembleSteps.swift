/// The sums of an ensemble's leaves; inputs and sums are of one precision.
struct EnsembleStep<Number: TreeScalar>: PipelineStep {
  let ensemble: CompiledEnsemble
  /// Among the pipeline's ensembles, of each of which a run's memory has a scratch.
  let number: Int
  let source: Int
  let sums: Int

  @_specialize(where Number == Float)
  @_specialize(where Number == Double)
  func run(_ memory: ColumnMemory, rowCount: Int) {
    ensemble.margins(
      of: UnsafeBufferPointer(
        start: memory.elements(source, as: Number.self), count: rowCount * ensemble.featureCount),
      rowCount: rowCount,
      into: UnsafeMutableBufferPointer(
        start: memory.elements(sums, as: Number.self), count: rowCount * ensemble.outputCount),
      scratch: memory.scratches[number])
  }
}

/// What makes labels and scores out of an ensemble's sums for two classes; for more, the largest wins.
///
/// The operator's text leaves much open; this is what ONNX Runtime does.
struct EnsembleClasses<Number: RealNumber>: Sendable {
  let classCount: Int
  let baseValues: [Number]
  /// Whether the leaves have weights for the first class, and for the second. A class without is given
  /// no base value, and its score is 0.
  let hasFirstScore: Bool
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
      if !hasFirstScore { scores[0] = 0 }
      if !hasSecondScore { scores[1] = 0 }
      transform.apply(scores, count: 2)
    } else if transform == .logistic {
      let (first, second) = Float.logisticPair(Float(score))
      (scores[0], scores[1]) = (Number(first), Number(second))
    } else if isBinary && weightsArePositive {
      (scores[0], scores[1]) = (1 - score, score)
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

  @_specialize(where Number == Float)
  @_specialize(where Number == Double)
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
