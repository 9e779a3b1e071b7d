/// A model that answers rows of columns: what a file of XGBoost, LightGBM or CatBoost says.
///
/// A value: it may be read from many threads at once. Rows have `featureCount` values each, NaN where
/// one is missing, categories as their codes.
package struct TabularModel: Sendable, Equatable {
  /// One for each column of a row, in the row's order.
  package var features: [TabularFeature]
  package var predictor: Predictor
  /// From margins to predictions, as the library's own `predict` has them.
  package var transform: OutputTransform
  /// The loss it was trained for, as the file words it (`binary:logistic`, `multiclass num_class:3`).
  package var objective: String
  package var format: TabularFormat
  /// Rounds of boosting; in each `treesPerRound` trees. 0 where the predictor is linear.
  package var rounds: Int
  /// How many rounds were best, where the training stopped early and wrote it down.
  package var bestRounds: Int?
  /// What the classes are called, in the order of the outputs (for two classes both names, though
  /// there is one output); empty where the file does not say.
  package var classLabels: [String]
  /// What the file says beside the model: attributes, versions.
  package var metadata: [String: String]

  package enum Predictor: Sendable, Equatable {
    case trees(TreeEnsemble)
    case linear(LinearPredictor)
  }

  package init(
    features: [TabularFeature], predictor: Predictor, transform: OutputTransform,
    objective: String, format: TabularFormat, rounds: Int, bestRounds: Int? = nil,
    classLabels: [String] = [], metadata: [String: String] = [:]
  ) {
    self.features = features
    self.predictor = predictor
    self.transform = transform
    self.objective = objective
    self.format = format
    self.rounds = rounds
    self.bestRounds = bestRounds
    self.classLabels = classLabels
    self.metadata = metadata
  }

  package var featureCount: Int { features.count }

  /// Margins of a row.
  package var outputCount: Int {
    switch predictor {
    case .trees(let ensemble): ensemble.outputCount
    case .linear(let linear): linear.outputCount
    }
  }

  /// Predictions of a row.
  package var predictionCount: Int { transform.resultCount(of: outputCount) }

  /// In which precision the library sums, and hands its answers out.
  package var outputPrecision: TreeEnsemble.Precision {
    switch predictor {
    case .trees(let ensemble): ensemble.sum.precision
    case .linear: .float
    }
  }

  /// The rounds that the library's estimators use when none are named.
  package var defaultRounds: Int { bestRounds ?? rounds }
}

/// Which library wrote the model.
package enum TabularFormat: String, Sendable, Equatable {
  case xgboost, lightgbm, catboost
}

/// One column.
package struct TabularFeature: Sendable, Equatable {
  package var name: String?
  package var isCategorical: Bool
  /// What the codes 0, 1, ... stand for, where the file says; otherwise empty.
  package var categories: [String]

  package init(name: String? = nil, isCategorical: Bool = false, categories: [String] = []) {
    self.name = name
    self.isCategorical = isCategorical
    self.categories = categories
  }
}
