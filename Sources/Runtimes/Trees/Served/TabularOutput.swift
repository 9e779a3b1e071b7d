import Inference

/// One output of a tabular model: what it is, and how it is described to clients. An object, so that a run
/// holds all of it by one reference.
final class TabularOutput: Sendable {
  enum Content: Sendable, Equatable {
    /// What the library's `predict` gives.
    case prediction
    /// The likeliest class by its place; of two classes, the second where it is likelier than that.
    case classPlace(threshold: Double)
    /// A probability for every class, of two classes both.
    case probabilities
    /// What the trees sum up to.
    case margin
    /// Where the row ends in each tree.
    case leaves
    /// What each column adds to the margin, and behind them what is expected without any.
    case contributions
  }

  let content: Content
  let description: TensorDescription
  let datatype: Datatype
  /// Of the axes behind that of rows; `nil` is one place for each tree that counts.
  let rowLengths: [Int?]

  init(content: Content, description: TensorDescription) {
    self.content = content
    self.description = description
    datatype = description.datatype
    rowLengths = description.dimensions.dropFirst().map {
      if case .fixed(let length) = $0 { length } else { nil }
    }
  }
}

extension TabularOutput {
  /// The outputs of a model: its prediction, and behind it what is given where it is asked for.
  static func all(of model: TabularModel, forest: ForestParameters?) -> [TabularOutput] {
    let numbers: Datatype = model.outputPrecision == .float ? .float32 : .float64
    var outputs = [first(of: model, numbers, forest)]
    func add(
      _ content: Content, _ name: String, _ datatype: Datatype, _ lengths: [Dimension]
    ) {
      outputs.append(
        TabularOutput(
          content: content,
          description: TensorDescription(
            name: name, datatype: datatype, dimensions: [.any(name: nil)] + lengths,
            isOnRequest: true, isCostly: content == .contributions)))
    }
    if let count = model.classCount {
      add(.probabilities, "predict_proba", numbers, [.fixed(count)])
    }
    let margins: [Dimension] = model.outputCount == 1 ? [] : [.fixed(model.outputCount)]
    add(.margin, "margin", numbers, margins)
    if case .trees = model.predictor { add(.leaves, "leaf", .int32, [.any(name: nil)]) }
    if model.contributionsRefusal == nil {
      add(.contributions, "contributions", numbers, margins + [.fixed(model.featureCount + 1)])
    }
    return outputs
  }

  private static func first(
    of model: TabularModel, _ numbers: Datatype, _ forest: ForestParameters?
  ) -> TabularOutput {
    guard let forest else {
      if model.isClassifier {
        return output(.classPlace(threshold: 0.5), "predict", .int64, [])
      }
      let count = model.predictionCount
      return output(.prediction, "predict", numbers, count == 1 ? [] : [.fixed(count)])
    }
    let name = "output__0"
    if forest.givesProbabilities, let count = model.classCount {
      return output(.probabilities, name, .float32, [.fixed(count)])
    }
    if forest.givesClass {
      return output(.classPlace(threshold: forest.threshold), name, .float32, [.fixed(1)])
    }
    return output(.prediction, name, .float32, [.fixed(model.predictionCount)])
  }

  private static func output(
    _ content: Content, _ name: String, _ datatype: Datatype, _ lengths: [Dimension]
  ) -> TabularOutput {
    TabularOutput(
      content: content,
      description: TensorDescription(
        name: name, datatype: datatype, dimensions: [.any(name: nil)] + lengths))
  }
}

extension TabularModel {
  /// How many classes it tells apart; `nil` where it does not.
  var classCount: Int? {
    switch transform.kind {
    case .softmax, .classIndex: outputCount
    case .sigmoid:
      outputCount > 1
        ? (objective.hasPrefix("multiclassova") ? outputCount : nil)
        : (isBinary ? 2 : nil)
    case .identity, .exponential, .hinge, .signedSquare, .logOnePlusExponential, .ascending,
      .risingSteps:
      nil
    }
  }

  private var isBinary: Bool {
    ["binary", "Logloss", "CrossEntropy", "cross_entropy"].contains { objective.hasPrefix($0) }
  }

  /// Whether it was saved by a classifier of the library's estimators, whose `predict` gives classes.
  var isClassifier: Bool {
    classCount != nil && metadata["scikit_learn"]?.contains("classifier") ?? false
  }
}
