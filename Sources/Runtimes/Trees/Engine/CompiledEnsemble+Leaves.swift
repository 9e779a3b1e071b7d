internal import Kernels

/// What is behind a place: the leaf's name, and its linear function where it has one.
struct LeafNames: Sendable {
  let libraryIndices: [Int32]
  /// Leaf numbers by place; empty where no leaf is linear.
  let numbers: [Int32]
  /// By tree; empty where no leaf is linear.
  let linear: [LinearTree]

  init(_ plan: EnsemblePlan, _ ensemble: TreeEnsemble) {
    let isLinear = ensemble.trees.contains { !$0.linearLeaves.isEmpty }
    libraryIndices = plan.places.libraryIndices
    numbers = isLinear ? plan.places.leaves : []
    linear = isLinear ? ensemble.trees.map(LinearTree.init) : []
  }
}

/// What the leaves of a linear tree need.
struct LinearTree: Sendable {
  let leaves: [LinearLeaf]
  let values: [Double]
  let width: Int
  let output: Int
  let weight: Double

  init(_ tree: DecisionTree) {
    leaves = tree.linearLeaves
    values = tree.leafValues
    width = tree.leafWidth
    output = tree.output
    weight = tree.weight
  }
}

extension CompiledEnsemble {
  func nameLeaves<Value: TreeScalar>(
    _ rows: UnsafeBufferPointer<Value>, rowCount: Int,
    into leaves: UnsafeMutableBufferPointer<Int32>, rounds: Range<Int>?, scratch: TreeScratch
  ) {
    precondition(rows.count >= rowCount * featureCount)
    let batch = TreeBatch(rows: rows, work: work(rounds), ensemble: self, scratch: scratch)
    let trees = batch.work.trees
    let count = trees.end - trees.first
    precondition(leaves.count >= rowCount * count)
    batch.eachRowPlaces(rowCount) { row, places in
      for tree in 0..<count {
        leaves[row * count + tree] = self.leaves.libraryIndices[Int(places[trees.first + tree])]
      }
    }
  }

  /// Sums of ensembles in which leaves are functions.
  func linearMargins<Value: TreeScalar, Margin: TreeScalar>(
    _ batch: TreeBatch<Value>, _ rowCount: Int, into margins: UnsafeMutableBufferPointer<Margin>
  ) {
    switch sum.precision {
    case .float: linearSums(batch, rowCount, as: Float.self, into: margins)
    case .double: linearSums(batch, rowCount, as: Double.self, into: margins)
    }
  }

  private func linearSums<Value: TreeScalar, Sum: TreeScalar, Margin: TreeScalar>(
    _ batch: TreeBatch<Value>, _ rowCount: Int, as: Sum.Type,
    into margins: UnsafeMutableBufferPointer<Margin>
  ) {
    let finish = SumFinish<Sum>(self, batch.work.trees)
    let sums = batch.scratch.small.sums.assumingMemoryBound(to: Sum.self)
    batch.eachRowPlaces(rowCount) { row, places in
      for output in 0..<outputCount { sums[output] = finish.start(output) }
      let values = UnsafeBufferPointer(
        rebasing: batch.rows[row * featureCount..<(row + 1) * featureCount])
      for tree in batch.work.trees.first..<batch.work.trees.end {
        let number = Int(leaves.numbers[Int(places[tree])])
        leaves.linear[tree].add(leaf: number, of: values, to: sums)
      }
      for output in 0..<outputCount {
        margins[row * outputCount + output] = Margin(finish.end(sums[output], output: output))
      }
    }
  }
}

extension TreeBatch {
  /// Row by row the places of its leaves, by tree.
  func eachRowPlaces(_ rowCount: Int, _ body: (Int, UnsafePointer<UInt32>) -> Void) {
    let block = scratch.small
    for row in 0..<rowCount {
      rank(block, row..<row + 1)
      apus_tree_places(work.variant, work.forest, block.ranks, scratch.places)
      body(row, scratch.places)
    }
  }
}

extension LinearTree {
  /// The product with the weight is rounded as the sum is.
  func add<Value: TreeScalar, Sum: TreeScalar>(
    leaf: Int, of row: UnsafeBufferPointer<Value>, to sums: UnsafeMutablePointer<Sum>
  ) {
    if !leaves.isEmpty, let value = value(of: leaves[leaf], row) {
      sums[output] += Sum(value) * Sum(weight)
    } else if width == 1 {
      sums[output] += Sum(values[leaf]) * Sum(weight)
    } else {
      for output in 0..<width { sums[output] += Sum(values[leaf * width + output]) * Sum(weight) }
    }
  }

  /// Nil where a column it asks is missing. What counts as zero to a split does here too.
  private func value<Value: TreeScalar>(
    of leaf: LinearLeaf, _ row: UnsafeBufferPointer<Value>
  ) -> Double? {
    var sum = leaf.constant
    for (feature, coefficient) in zip(leaf.features, leaf.coefficients) {
      let value = Double(row[feature])
      if value.isNaN { return nil }
      sum += coefficient * (value.magnitude <= Double(APUS_TREE_ZERO_MAX) ? 0 : value)
    }
    return sum
  }
}
