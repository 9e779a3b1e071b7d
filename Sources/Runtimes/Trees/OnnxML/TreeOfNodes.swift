/// One tree among an ensemble's nodes.
struct TreeOfNodes {
  private let nodes: EnsembleNodes
  private let run: Range<Int>
  private let outputCount: Int
  /// By node id, the place in the run; `nil` where a node's id is its place.
  private let places: [Int64: Int]?
  /// Numbers of weights, by the place of their node in the run.
  private let weights: [[Int]]
  /// The one output that the tree's leaves have weights for.
  private let singleOutput: Int?

  init(
    nodes: EnsembleNodes, run: Range<Int>, weights: [Int], outputCount: Int
  ) throws(PipelineObstacle) {
    self.nodes = nodes
    self.run = run
    self.outputCount = outputCount
    let places = try Self.places(nodes, run)
    var byNode = [[Int]](repeating: [], count: run.count)
    for weight in weights {
      byNode[try Self.place(of: nodes.weights.nodeIDs[weight], places, nodes, run)].append(weight)
    }
    self.places = places
    self.weights = byNode
    singleOutput = try Self.singleOutput(nodes, run, byNode, outputCount: outputCount)
  }

  private static func places(
    _ nodes: EnsembleNodes, _ run: Range<Int>
  ) throws(PipelineObstacle) -> [Int64: Int]? {
    if run.allSatisfy({ nodes.nodeIDs[$0] == $0 - run.lowerBound }) { return nil }
    var places: [Int64: Int] = [:]
    for (place, node) in run.enumerated() { places[nodes.nodeIDs[node]] = place }
    guard places.count == run.count else {
      throw .corrupt("two nodes of tree \(nodes.treeIDs[run.lowerBound]) have one number")
    }
    return places
  }

  private static func place(
    of id: Int64, _ places: [Int64: Int]?, _ nodes: EnsembleNodes, _ run: Range<Int>
  ) throws(PipelineObstacle) -> Int {
    if let places {
      if let place = places[id] { return place }
    } else if id >= 0 && id < run.count {
      return Int(id)
    }
    throw .corrupt("tree \(nodes.treeIDs[run.lowerBound]) asks for node \(id), which is not there")
  }

  private static func singleOutput(
    _ nodes: EnsembleNodes, _ run: Range<Int>, _ weights: [[Int]], outputCount: Int
  ) throws(PipelineObstacle) -> Int? {
    var output: Int64?
    var isSingle = true
    for (place, node) in run.enumerated() where nodes.modes[node] == .leaf {
      let own = weights[place].map { nodes.weights.outputs[$0] }
      guard Set(own).count == own.count else {
        throw .notComputed("leaves with several weights for one output")
      }
      if outputCount == 1 && own.isEmpty && nodes.values[node] != 0 {
        throw .notComputed("leaves without a weight")
      }
      isSingle = isSingle && own.count == 1 && (output == nil || output == own.first)
      output = own.first
    }
    if outputCount == 1 { return 0 }
    return isSingle ? output.map { Int($0) } : nil
  }

  private var leaves: [Int] { run.indices.filter { nodes.modes[$0] == .leaf } }
  private var leafWidth: Int { singleOutput == nil ? outputCount : 1 }

  /// How many values its leaves have together; more than can be counted where that is too many.
  var leafValueCount: Int {
    let (count, overflow) = leaves.count.multipliedReportingOverflow(by: leafWidth)
    return overflow ? .max : count
  }

  /// Outputs for which every leaf has a weight.
  var coveredOutputs: Set<Int> {
    var covered: Set<Int>?
    for leaf in leaves {
      let own = Set(weights[leaf - run.lowerBound].map { Int(nodes.weights.outputs[$0]) })
      covered = covered?.intersection(own) ?? own
    }
    return covered ?? []
  }

  func tree() throws(PipelineObstacle) -> DecisionTree {
    var tree = DecisionTree(
      nodes: [], leafValues: [Double](repeating: 0, count: leafValueCount), leafWidth: leafWidth,
      output: singleOutput ?? 0)
    tree.nodes.reserveCapacity(run.count)
    var leafCount = 0
    for node in run {
      var kind = TreeNode.Kind.leaf(leafCount)
      if nodes.modes[node] == .leaf {
        for weight in weights[node - run.lowerBound] {
          let output = singleOutput == nil ? Int(nodes.weights.outputs[weight]) : 0
          tree.leafValues[leafCount * leafWidth + output] = nodes.weights.values[weight]
        }
        leafCount += 1
      } else {
        kind = try split(node)
      }
      tree.nodes.append(
        TreeNode(
          kind, cover: nodes.hitRates.isEmpty ? 0 : nodes.hitRates[node],
          libraryIndex: Int32(truncatingIfNeeded: nodes.nodeIDs[node])))
    }
    return tree
  }

  private func split(_ node: Int) throws(PipelineObstacle) -> TreeNode.Kind {
    guard let feature = Int(exactly: nodes.features[node]) else {
      throw .corrupt("a tree asks for column \(nodes.features[node])")
    }
    let split = TreeSplit(
      mode: nodes.modes[node], threshold: nodes.values[node], feature: feature,
      missingIsTrue: !nodes.missingIsTrue.isEmpty && nodes.missingIsTrue[node])
    return try split.kind(
      whenTrue: try Self.place(of: nodes.trueIDs[node], places, nodes, run),
      whenFalse: try Self.place(of: nodes.falseIDs[node], places, nodes, run),
      precision: nodes.precision)
  }
}

/// A split as ONNX writes it, made into one that asks whether a value is below a threshold.
struct TreeSplit {
  let mode: EnsembleNodes.Mode
  let threshold: Double
  let feature: Int
  let missingIsTrue: Bool

  /// `x <= t` is `x < the next number after t`; "at least" and "above" are those with their children
  /// changed over. A NaN is on neither side, so it counts as false unless it is tracked as true.
  func kind(
    whenTrue: Int, whenFalse: Int, precision: TreeEnsemble.Precision
  ) throws(PipelineObstacle) -> TreeNode.Kind {
    let isTrueBelow = mode == .atMost || mode == .below
    guard isTrueBelow || mode == .atLeast || mode == .above else {
      throw .notComputed("splits that ask for one value")
    }
    // No number is on either side of NaN, so all are false; a threshold of NaN sends all left.
    if threshold.isNaN {
      return .numeric(
        Split(
          feature: feature, left: whenFalse, right: whenTrue, missingGoesLeft: !missingIsTrue),
        threshold: .nan)
    }
    let split = Split(
      feature: feature, left: isTrueBelow ? whenTrue : whenFalse,
      right: isTrueBelow ? whenFalse : whenTrue,
      missingGoesLeft: isTrueBelow == missingIsTrue)
    if mode == .below || mode == .atLeast { return .numeric(split, threshold: threshold) }
    if threshold == .infinity { return .numeric(split, threshold: .nan) }
    let next = precision == .float ? Double(Float(threshold).nextUp) : threshold.nextUp
    return .numeric(split, threshold: next)
  }
}
