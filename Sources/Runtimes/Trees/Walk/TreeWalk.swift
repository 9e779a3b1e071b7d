/// Walks the trees of an ensemble one by one, just as their descriptions say.
///
/// It is what a compiled ensemble is compared with, and answers for ensembles that are not compiled.
/// The ensemble has passed `check`; without it a walk might not end. Rows have `featureCount`
/// values; where the ensemble sees Float32, a row's values are rounded to it.
package struct TreeWalk: Sendable {
  package let ensemble: TreeEnsemble

  package init(_ ensemble: TreeEnsemble) { self.ensemble = ensemble }

  /// The margins of a row: what its leaves sum to over some rounds, or all.
  ///
  /// - Parameter sums: as many places as the ensemble has outputs; what it held is overwritten.
  package func margins(
    of row: UnsafeBufferPointer<Double>, rounds: Range<Int>? = nil,
    into sums: UnsafeMutableBufferPointer<Double>
  ) {
    let trees = treeRange(rounds)
    let sum = ensemble.sum
    for output in sums.indices { sums[output] = sum.startsWithBase ? sum.base[output] : 0 }
    for tree in trees { add(tree, of: row, to: sums) }
    guard sum.isAverage || !sum.startsWithBase else { return }
    let count = Double(trees.count / sum.treesPerRound)
    for output in sums.indices {
      if sum.isAverage { sums[output] = rounded(sums[output] / count) }
      if !sum.startsWithBase { sums[output] = rounded(sums[output] + sum.base[output]) }
    }
  }

  /// What the library calls the leaf that the row ends in, for each tree of the rounds.
  package func leaves(
    of row: UnsafeBufferPointer<Double>, rounds: Range<Int>? = nil,
    into leaves: UnsafeMutableBufferPointer<Int32>
  ) {
    for (place, tree) in treeRange(rounds).enumerated() {
      leaves[place] = ensemble.trees[tree].nodes[leafPlace(of: row, in: tree)].libraryIndex
    }
  }

  /// The trees of some rounds; rounds beyond the last are none.
  package func treeRange(_ rounds: Range<Int>?) -> Range<Int> {
    guard let rounds else { return ensemble.trees.indices }
    let perRound = ensemble.sum.treesPerRound
    let known = rounds.clamped(to: 0..<ensemble.trees.count / perRound)
    return known.lowerBound * perRound..<known.upperBound * perRound
  }

  /// The place of the leaf among the tree's nodes.
  package func leafPlace(of row: UnsafeBufferPointer<Double>, in tree: Int) -> Int {
    let tree = ensemble.trees[tree]
    var place = 0
    while let next = step(from: place, in: tree, row: row) { place = next }
    return place
  }

  /// The child that the row goes to, or nil at a leaf.
  func step(from place: Int, in tree: DecisionTree, row: UnsafeBufferPointer<Double>) -> Int? {
    switch tree.nodes[place].kind {
    case .leaf: return nil
    case .numeric(let split, let threshold):
      guard let value = value(of: split.feature, in: row) else { return split.whereMissing }
      return value < threshold || threshold.isNaN ? split.left : split.right
    case .categorical(let split, let set):
      guard let value = value(of: split.feature, in: row) else { return split.whereMissing }
      guard let category = ensemble.category(of: value) else { return split.right }
      return tree.categorySets[set].contains(category) ? split.left : split.right
    }
  }

  /// Nil where it is missing.
  private func value(of feature: Int, in row: UnsafeBufferPointer<Double>) -> Double? {
    let value =
      ensemble.inputPrecision == .float ? Double(Float(row[feature])) : row[feature]
    if value.isNaN { return nil }
    let countsAsZero = !ensemble.zeroIsMissing.isEmpty && ensemble.zeroIsMissing[feature]
    return countsAsZero && value.magnitude <= TreeEnsemble.zeroBound ? nil : value
  }

  private func add(
    _ tree: Int, of row: UnsafeBufferPointer<Double>, to sums: UnsafeMutableBufferPointer<Double>
  ) {
    let place = leafPlace(of: row, in: tree)
    let tree = ensemble.trees[tree]
    guard case .leaf(let leaf) = tree.nodes[place].kind else { return }
    guard tree.linearLeaves.isEmpty else {
      let value = linearValue(of: tree.linearLeaves[leaf], row: row) ?? tree.leafValues[leaf]
      return add(value, weight: tree.weight, to: &sums[tree.output])
    }
    for offset in 0..<tree.leafWidth {
      let output = tree.leafWidth == 1 ? tree.output : offset
      add(
        tree.leafValues[leaf * tree.leafWidth + offset], weight: tree.weight, to: &sums[output])
    }
  }

  private func add(_ value: Double, weight: Double, to sum: inout Double) {
    sum = rounded(sum + rounded(value * weight))
  }

  /// Of Float32 values the product and the sum in Float64, rounded to Float32, are what Float32
  /// arithmetic gives: Float64 has more than twice its digits.
  private func rounded(_ value: Double) -> Double {
    ensemble.sum.precision == .float ? Double(Float(value)) : value
  }

  /// Nil where a column it asks is missing.
  private func linearValue(of leaf: LinearLeaf, row: UnsafeBufferPointer<Double>) -> Double? {
    var sum = leaf.constant
    for (feature, coefficient) in zip(leaf.features, leaf.coefficients) {
      let value = row[feature]
      if value.isNaN { return nil }
      sum += coefficient * (value.magnitude <= TreeEnsemble.zeroBound ? 0 : value)
    }
    return sum
  }
}

extension Split {
  var whereMissing: Int { missingGoesLeft ? left : right }
}
