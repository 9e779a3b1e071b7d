/// Decision trees whose leaves are summed: what every format is read into, and what is compiled.
///
/// Differences between the libraries are settled by the readers, so that here a split is one of two
/// kinds, and what a missing value does is one bit of each split.
package struct TreeEnsemble: Sendable, Equatable {
  /// In the order in which they are summed, which decides the last bits of the sum.
  package var trees: [DecisionTree]
  package var featureCount: Int
  /// Sums of a row, 1 or more: one for regression and two classes, one a class beyond.
  package var outputCount: Int
  /// Columns in which a value of at most 1e-35 in magnitude counts as missing, as LightGBM's
  /// `zero_as_missing` has it; as many as there are features, or none.
  package var zeroIsMissing: [Bool]
  package var sum: LeafSum
  /// What a value is before it is compared: XGBoost sees Float32, LightGBM Float64. Thresholds are
  /// values of that precision.
  package var inputPrecision: Precision

  package enum Precision: Sendable, Equatable { case float, double }

  package init(
    trees: [DecisionTree], featureCount: Int, outputCount: Int, zeroIsMissing: [Bool] = [],
    sum: LeafSum, inputPrecision: Precision
  ) {
    self.trees = trees
    self.featureCount = featureCount
    self.outputCount = outputCount
    self.zeroIsMissing = zeroIsMissing
    self.sum = sum
    self.inputPrecision = inputPrecision
  }
}

/// How leaves become a row's sums (margins).
package struct LeafSum: Sendable, Equatable {
  /// Of every addition, and of the result.
  package var precision: TreeEnsemble.Precision
  /// One for each output. Values of `precision`.
  package var base: [Double]
  /// Whether the base is there before the first tree (XGBoost) or is added to the sum of the trees.
  package var startsWithBase: Bool
  /// The sum of the trees is divided by the number of rounds that were summed (random forests of
  /// LightGBM); the base is not.
  package var isAverage: Bool
  /// Trees of one round; where a request limits the rounds, so many trees count for each.
  package var treesPerRound: Int

  package init(
    precision: TreeEnsemble.Precision, base: [Double], startsWithBase: Bool,
    isAverage: Bool = false, treesPerRound: Int = 1
  ) {
    self.precision = precision
    self.base = base
    self.startsWithBase = startsWithBase
    self.isAverage = isAverage
    self.treesPerRound = treesPerRound
  }
}
