/// One tree as XGBoost writes it: an array for each property, with a value for each node.
struct XGBoostTree {
  var left: [Int] = []
  var right: [Int] = []
  var features: [Int] = []
  /// Thresholds, and the values of leaves.
  var conditions: [Float] = []
  var defaultLeft: [Int] = []
  var splitTypes: [Int] = []
  var covers: [Float] = []
  var baseWeights: [Float] = []
  /// Vectors of the leaves; a leaf's number is its right child. Before version 3.2 they are the
  /// base weights instead, by node.
  var leafWeights: [Float] = []
  var categories: [Int] = []
  var categoryNodes: [Int] = []
  var categorySegments: [Int] = []
  var categorySizes: [Int] = []
  var leafWidth = 1
  var declaredNodes: Int?

  /// Words of category sets that the file may still ask for.
  var categoryWordsLeft: Int

  init(fileBytes: Int) {
    categoryWordsLeft = FormatLimits.categoryWords(fileBytes: fileBytes)
  }

  /// Empties it, but keeps the memory for the next tree: a property that the next one lacks must
  /// not be the last one's.
  mutating func reset() {
    left.removeAll(keepingCapacity: true)
    right.removeAll(keepingCapacity: true)
    features.removeAll(keepingCapacity: true)
    conditions.removeAll(keepingCapacity: true)
    defaultLeft.removeAll(keepingCapacity: true)
    splitTypes.removeAll(keepingCapacity: true)
    covers.removeAll(keepingCapacity: true)
    baseWeights.removeAll(keepingCapacity: true)
    leafWeights.removeAll(keepingCapacity: true)
    categories.removeAll(keepingCapacity: true)
    categoryNodes.removeAll(keepingCapacity: true)
    categorySegments.removeAll(keepingCapacity: true)
    categorySizes.removeAll(keepingCapacity: true)
    leafWidth = 1
    declaredNodes = nil
  }

  mutating func read(_ source: inout some ModelSource) throws(FormatProblem) {
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "left_children": try source.integers(into: &left)
      case "right_children": try source.integers(into: &right)
      case "split_indices": try source.integers(into: &features)
      case "split_conditions": try source.floats(into: &conditions)
      case "default_left": try source.integers(into: &defaultLeft)
      case "split_type": try source.integers(into: &splitTypes)
      case "sum_hessian": try source.floats(into: &covers)
      case "base_weights": try source.floats(into: &baseWeights)
      case "leaf_weights": try source.floats(into: &leafWeights)
      case "categories": try source.integers(into: &categories)
      case "categories_nodes": try source.integers(into: &categoryNodes)
      case "categories_segments": try source.integers(into: &categorySegments)
      case "categories_sizes": try source.integers(into: &categorySizes)
      case "tree_param": try readParameters(&source)
      default: try source.skip()
      }
    }
  }

  private mutating func readParameters(
    _ source: inout some ModelSource
  ) throws(FormatProblem) {
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "num_nodes": declaredNodes = try source.integerOrText()
      case "size_leaf_vector": leafWidth = max(1, try source.integerOrText())
      default: try source.skip()
      }
    }
  }
}

extension XGBoostTree {
  /// The tree, with the nodes that pruning left over taken out.
  mutating func decisionTree() throws(FormatProblem) -> DecisionTree {
    try checkCounts()
    let (order, places) = try reachableNodes()
    var tree = DecisionTree(nodes: [], leafValues: [], leafWidth: leafWidth)
    tree.nodes.reserveCapacity(order.count)
    let sets = try categorySets(into: &tree)
    for node in order {
      let kind = try kind(of: node, places: places, sets: sets, leafValues: &tree.leafValues)
      tree.nodes.append(
        TreeNode(
          kind, cover: covers.isEmpty ? 0 : Double(covers[node]), libraryIndex: Int32(node)))
    }
    return tree
  }

  private func checkCounts() throws(FormatProblem) {
    let count = left.count
    if let declaredNodes, declaredNodes != count {
      throw FormatProblem("\(declaredNodes) nodes are declared, \(count) are there")
    }
    guard count > 0, count <= Int(Int32.max) else { throw FormatProblem("it has no node") }
    let perNode = [
      right.count, features.count, conditions.count, defaultLeft.count,
      splitTypes.isEmpty ? count : splitTypes.count, covers.isEmpty ? count : covers.count,
    ]
    guard perNode.allSatisfy({ $0 == count }) else {
      throw FormatProblem("its arrays are of different lengths")
    }
    guard
      categoryNodes.count == categorySegments.count, categoryNodes.count == categorySizes.count
    else { throw FormatProblem("the arrays of its categories are of different lengths") }
  }

  /// The nodes on paths from the root, those of a level after those of the level above, and for each
  /// node its place among them, or -1.
  private func reachableNodes() throws(FormatProblem) -> (order: [Int], places: [Int]) {
    var places = [Int](repeating: -1, count: left.count)
    var order = [0]
    places[0] = 0
    var next = 0
    while next < order.count {
      let node = order[next]
      next += 1
      guard left[node] != -1 else { continue }
      for child in [left[node], right[node]] {
        guard left.indices.contains(child) else {
          throw FormatProblem("node \(node) leads to node \(child) of \(left.count)")
        }
        guard places[child] == -1 else {
          throw FormatProblem("two ways lead to node \(child)")
        }
        places[child] = order.count
        order.append(child)
      }
    }
    return (order, places)
  }

  /// The sets go into the tree; returned is which one a node asks, by node.
  private mutating func categorySets(into tree: inout DecisionTree) throws(FormatProblem) -> [Int:
    Int]
  {
    var sets: [Int: Int] = [:]
    for (index, node) in categoryNodes.enumerated() {
      let (start, size) = (categorySegments[index], categorySizes[index])
      guard start >= 0, size >= 0, start <= categories.count, size <= categories.count - start
      else { throw FormatProblem("categories \(start)... of \(categories.count) are not there") }
      sets[node] = tree.categorySets.count
      tree.categorySets.append(
        try CategorySet(
          of: categories[start..<start + size], wordsLeft: &categoryWordsLeft))
    }
    return sets
  }

  private func kind(
    of node: Int, places: [Int], sets: [Int: Int], leafValues: inout [Double]
  ) throws(FormatProblem) -> TreeNode.Kind {
    guard left[node] != -1 else {
      let leaf = leafValues.count / leafWidth
      try appendLeaf(node, to: &leafValues)
      return .leaf(leaf)
    }
    let missingGoesLeft = defaultLeft[node] != 0
    guard !splitTypes.isEmpty, splitTypes[node] == 1 else {
      let split = Split(
        feature: features[node], left: places[left[node]], right: places[right[node]],
        missingGoesLeft: missingGoesLeft)
      // Nothing is below NaN in XGBoost, so everything goes right; here NaN says the opposite.
      let threshold = Double(conditions[node])
      return .numeric(split, threshold: threshold.isNaN ? -.infinity : threshold)
    }
    guard let set = sets[node] else {
      throw FormatProblem("node \(node) splits by category and has no categories")
    }
    // XGBoost sends the categories of the set to the right, all else to the left.
    let split = Split(
      feature: features[node], left: places[right[node]], right: places[left[node]],
      missingGoesLeft: !missingGoesLeft)
    return .categorical(split, set: set)
  }

  private func appendLeaf(_ node: Int, to values: inout [Double]) throws(FormatProblem) {
    guard leafWidth > 1 else { return values.append(Double(conditions[node])) }
    let (vectors, place) =
      leafWeights.isEmpty ? (baseWeights, node) : (leafWeights, right[node])
    guard place >= 0, place < vectors.count / leafWidth else {
      throw FormatProblem("node \(node) is a leaf without its \(leafWidth) values")
    }
    for value in vectors[place * leafWidth..<(place + 1) * leafWidth] {
      values.append(Double(value))
    }
  }
}
