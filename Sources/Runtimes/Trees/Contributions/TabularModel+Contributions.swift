extension TabularModel {
  /// Why the model's contributions cannot be told, or nil.
  package var contributionsRefusal: String? {
    guard case .trees(let ensemble) = predictor else { return nil }
    for tree in ensemble.trees {
      guard tree.linearLeaves.isEmpty else {
        return "contributions of columns are not defined for trees with linear leaves"
      }
      guard tree.nodes.count == 1 || tree.nodes[0].cover > 0 else {
        return "the file does not say how many training rows each node saw, which contributions of "
          + "columns are weighted by"
      }
    }
    return nil
  }

  /// How much each column moves the margins of a row (SHAP), as XGBoost's `pred_contribs` and
  /// LightGBM's `pred_contrib` have it; the numbers of an output add up to its margin.
  ///
  /// `contributionsRefusal` must be nil. It takes time with the number of leaves, each times the
  /// square of the different columns on its path; columns beyond those cost nothing.
  ///
  /// - Parameter sums: for each output one place a column and one for the average, which is last.
  package func contributions(
    of row: UnsafeBufferPointer<Double>, rounds: Range<Int>? = nil,
    into sums: UnsafeMutableBufferPointer<Double>
  ) {
    sums.update(repeating: 0)
    switch predictor {
    case .linear(let linear): linear.contributions(of: row, into: sums)
    case .trees(let ensemble):
      let trees = TreeWalk(ensemble).treeRange(rounds ?? 0..<defaultRounds)
      var contributions = TreeContributions(ensemble)
      for tree in trees { contributions.add(tree: tree, of: row, to: sums) }
      if ensemble.sum.isAverage {
        let count = Double(trees.count / ensemble.sum.treesPerRound)
        for place in sums.indices { sums[place] /= count }
      }
      for output in 0..<ensemble.outputCount {
        sums[output * (featureCount + 1) + featureCount] += ensemble.sum.base[output]
      }
    }
  }
}

extension LinearPredictor {
  fileprivate func contributions(
    of row: UnsafeBufferPointer<Double>, into sums: UnsafeMutableBufferPointer<Double>
  ) {
    for output in 0..<outputCount {
      let start = output * (featureCount + 1)
      for feature in 0..<featureCount where !row[feature].isNaN {
        sums[start + feature] = Double(
          Float(row[feature]) * weights[feature * outputCount + output])
      }
      sums[start + featureCount] = Double(bias[output] + base[output])
    }
  }
}
