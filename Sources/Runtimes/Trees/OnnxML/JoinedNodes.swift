/// The nodes of version 5's `TreeEnsemble`: splits of all trees in one list, leaves in another.
struct JoinedNodes {
  private let features: [Int64]
  private let modes: [EnsembleNodes.Mode]
  private let values: [Double]
  private let trueIDs: [Int64]
  private let falseIDs: [Int64]
  private let trueIsLeaf: [Bool]
  private let falseIsLeaf: [Bool]
  private let missingIsTrue: [Bool]
  private let roots: [Int64]
  private let leafTargets: [Int64]
  private let leafWeights: [Double]
  private let precision: TreeEnsemble.Precision

  init(_ node: OnnxNode, _ precision: TreeEnsemble.Precision) throws(PipelineObstacle) {
    self.precision = precision
    features = try node.integers("nodes_featureids")
    guard let modes = try node.tensor("nodes_modes")?.smallNumbers() else {
      throw .corrupt("a tree ensemble has no modes")
    }
    self.modes = try Self.modes(modes)
    values = try Self.numbers(node, "nodes_splits", precision)
    trueIDs = try node.integers("nodes_truenodeids")
    falseIDs = try node.integers("nodes_falsenodeids")
    trueIsLeaf = try node.integers("nodes_trueleafs").map { $0 != 0 }
    falseIsLeaf = try node.integers("nodes_falseleafs").map { $0 != 0 }
    missingIsTrue = try node.integers("nodes_missing_value_tracks_true").map { $0 == 1 }
    roots = try node.integers("tree_roots")
    leafTargets = try node.integers("leaf_targetids")
    leafWeights = try Self.numbers(node, "leaf_weights", precision)
    let count = features.count
    let lists = [self.modes.count, values.count, trueIDs.count, falseIDs.count, trueIsLeaf.count]
    guard lists.allSatisfy({ $0 == count }), falseIsLeaf.count == count,
      missingIsTrue.isEmpty || missingIsTrue.count == count,
      leafTargets.count == leafWeights.count
    else { throw .corrupt("the lists that make up the trees' nodes are of different lengths") }
  }

  private static func modes(_ numbers: [UInt8]) throws(PipelineObstacle) -> [EnsembleNodes.Mode] {
    var modes: [EnsembleNodes.Mode] = []
    for number in numbers {
      switch number {
      case 0: modes.append(.atMost)
      case 1: modes.append(.below)
      case 2: modes.append(.atLeast)
      case 3: modes.append(.above)
      case 4: modes.append(.equal)
      case 5: modes.append(.notEqual)
      case 6: throw .notComputed("splits that ask for one of several values")
      default: throw .corrupt("a tree's node has the unknown mode \(number)")
      }
    }
    return modes
  }

  private static func numbers(
    _ node: OnnxNode, _ name: String, _ precision: TreeEnsemble.Precision
  ) throws(PipelineObstacle) -> [Double] {
    switch try node.tensor(name)?.elements() {
    case .doubles(let all) where precision == .double: return all
    case .floats(let all) where precision == .float: return all.map(Double.init)
    default: throw .corrupt("a tree ensemble's '\(name)' is missing or of another precision")
    }
  }

  /// The same trees, each with nodes of its own.
  func nodes() throws(PipelineObstacle) -> EnsembleNodes {
    var nodes = EnsembleNodes()
    nodes.precision = precision
    // No node belongs to two trees, and none twice to one: so there are at most as many as these.
    var room = features.count + roots.count
    for (tree, root) in roots.enumerated() {
      try add(tree: Int64(tree), root: root, to: &nodes, room: &room)
    }
    return nodes
  }

  private func add(
    tree: Int64, root: Int64, to nodes: inout EnsembleNodes, room: inout Int
  ) throws(PipelineObstacle) {
    let first = nodes.treeIDs.count
    // Where both ways lead to one leaf, the tree is that leaf.
    guard let start = Int(exactly: root), features.indices.contains(start) else {
      throw .corrupt("a tree's root is node \(root), which is not there")
    }
    if trueIsLeaf[start], falseIsLeaf[start], trueIDs[start] == falseIDs[start] {
      return try addLeaf(trueIDs[start], tree: tree, id: 0, to: &nodes)
    }
    var open: [(node: Int64, isLeaf: Bool)] = [(root, false)]
    var next = 0
    while next < open.count {
      let (number, isLeaf) = open[next]
      let id = Int64(nodes.treeIDs.count - first)
      next += 1
      if isLeaf {
        try addLeaf(number, tree: tree, id: id, to: &nodes)
        continue
      }
      room -= 1
      guard room >= 0, let node = Int(exactly: number), features.indices.contains(node) else {
        throw .corrupt("a tree leads to node \(number), which is not there or was met before")
      }
      nodes.treeIDs.append(tree)
      nodes.nodeIDs.append(id)
      nodes.features.append(features[node])
      nodes.modes.append(modes[node])
      nodes.values.append(values[node])
      nodes.missingIsTrue.append(!missingIsTrue.isEmpty && missingIsTrue[node])
      nodes.trueIDs.append(Int64(open.count))
      nodes.falseIDs.append(Int64(open.count + 1))
      open.append((trueIDs[node], trueIsLeaf[node]))
      open.append((falseIDs[node], falseIsLeaf[node]))
    }
  }

  private func addLeaf(
    _ leaf: Int64, tree: Int64, id: Int64, to nodes: inout EnsembleNodes
  ) throws(PipelineObstacle) {
    guard let place = Int(exactly: leaf), leafWeights.indices.contains(place) else {
      throw .corrupt("a tree leads to leaf \(leaf), which is not there")
    }
    nodes.treeIDs.append(tree)
    nodes.nodeIDs.append(id)
    nodes.features.append(0)
    nodes.modes.append(.leaf)
    nodes.values.append(0)
    nodes.missingIsTrue.append(false)
    nodes.trueIDs.append(0)
    nodes.falseIDs.append(0)
    nodes.weights.treeIDs.append(tree)
    nodes.weights.nodeIDs.append(id)
    nodes.weights.outputs.append(leafTargets[place])
    nodes.weights.values.append(leafWeights[place])
  }
}
