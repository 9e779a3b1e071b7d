/// The trees of a `TreeEnsembleClassifier` or `-Regressor` as its lists of nodes and weights say.
struct EnsembleNodes {
  var treeIDs: [Int64] = []
  var nodeIDs: [Int64] = []
  var features: [Int64] = []
  var modes: [Mode] = []
  /// Thresholds, of the input's precision.
  var values: [Double] = []
  var trueIDs: [Int64] = []
  var falseIDs: [Int64] = []
  /// Whether NaN is taken for true; empty where it never is.
  var missingIsTrue: [Bool] = []
  var hitRates: [Double] = []
  var weights = LeafWeights()
  /// Of thresholds and inputs.
  var precision = TreeEnsemble.Precision.float

  /// When a split leads to its true child.
  enum Mode {
    case leaf, atMost, below, atLeast, above, equal, notEqual

    init(_ text: UnsafeRawBufferPointer) throws(PipelineObstacle) {
      switch String(decoding: text, as: UTF8.self) {
      case "LEAF": self = .leaf
      case "BRANCH_LEQ": self = .atMost
      case "BRANCH_LT": self = .below
      case "BRANCH_GTE": self = .atLeast
      case "BRANCH_GT": self = .above
      case "BRANCH_EQ": self = .equal
      case "BRANCH_NEQ": self = .notEqual
      case let other: throw .corrupt("a tree's node has the unknown mode '\(other)'")
      }
    }
  }

  /// Weights of leaves: which tree, which node, for which output, how much.
  struct LeafWeights {
    var treeIDs: [Int64] = []
    var nodeIDs: [Int64] = []
    var outputs: [Int64] = []
    var values: [Double] = []
  }

  /// The trees in the file's order, and the outputs that get a weight from every row.
  func trees(
    outputCount: Int
  ) throws(PipelineObstacle) -> (trees: [DecisionTree], covered: Set<Int>) {
    try checkCounts(outputCount: outputCount)
    let runs = try treeRuns()
    let weights = try weightsByTree(runs)
    // How many values leaves may have, so that a small file cannot ask for much memory.
    var room = 16 * self.weights.values.count + 65_536
    var trees: [DecisionTree] = []
    var covered: Set<Int> = []
    for (number, run) in runs.enumerated() {
      let tree = try TreeOfNodes(
        nodes: self, run: run, weights: weights[number], outputCount: outputCount)
      room -= tree.leafValueCount
      guard room >= 0 else { throw .notComputed("leaves with few weights for very many outputs") }
      trees.append(try tree.tree())
      covered.formUnion(tree.coveredOutputs)
    }
    return (trees, covered)
  }

  private func checkCounts(outputCount: Int) throws(PipelineObstacle) {
    let count = treeIDs.count
    let lists = [
      nodeIDs.count, features.count, modes.count, values.count, trueIDs.count, falseIDs.count,
    ]
    guard lists.allSatisfy({ $0 == count }), missingIsTrue.isEmpty || missingIsTrue.count == count,
      hitRates.isEmpty || hitRates.count == count
    else { throw .corrupt("the lists that make up the trees' nodes are of different lengths") }
    let weightCount = weights.values.count
    guard
      [weights.treeIDs.count, weights.nodeIDs.count, weights.outputs.count]
        .allSatisfy({ $0 == weightCount })
    else { throw .corrupt("the lists that make up the leaves' weights are of different lengths") }
    guard weights.outputs.allSatisfy({ $0 >= 0 && $0 < outputCount }) else {
      throw .corrupt("a leaf has a weight for an output that is not there")
    }
  }

  /// Where each tree's nodes stand. The first of them is its root.
  private func treeRuns() throws(PipelineObstacle) -> [Range<Int>] {
    var runs: [Range<Int>] = []
    var start = 0
    for place in treeIDs.indices.dropFirst() where treeIDs[place] != treeIDs[place - 1] {
      runs.append(start..<place)
      start = place
    }
    if !treeIDs.isEmpty { runs.append(start..<treeIDs.count) }
    guard Set(runs.map { treeIDs[$0.lowerBound] }).count == runs.count else {
      throw .notComputed("trees whose nodes do not stand together")
    }
    return runs
  }

  /// Which weights belong to each tree.
  private func weightsByTree(_ runs: [Range<Int>]) throws(PipelineObstacle) -> [[Int]] {
    var numbers: [Int64: Int] = [:]
    for (number, run) in runs.enumerated() { numbers[treeIDs[run.lowerBound]] = number }
    var byTree = [[Int]](repeating: [], count: runs.count)
    for place in weights.treeIDs.indices {
      guard let number = numbers[weights.treeIDs[place]] else {
        throw .corrupt("a weight is for tree \(weights.treeIDs[place]), which is not there")
      }
      byTree[number].append(place)
    }
    return byTree
  }
}
