/// One tree as LightGBM writes it: a line for each property, with a value for each split or leaf.
///
/// A child at or above zero is a split, one below it the complement of a leaf's number.
struct LightGBMTree {
  var leafCount = 0
  var categoryCount = 0
  var isLinear = false
  var left: [Int] = []
  var right: [Int] = []
  var features: [Int] = []
  var thresholds: [Double] = []
  var decisions: [Int] = []
  var leafValues: [Double] = []
  var leafCovers: [Double] = []
  var splitCovers: [Double] = []
  var categoryBounds: [Int] = []
  var categoryWords: [Int] = []
  var leafConstants: [Double] = []
  var linearCounts: [Int] = []
  var linearFeatures: [Int] = []
  var linearCoefficients: [Double] = []

  /// A line of the tree. All of them are optional here; which must be there, `decisionTree` says.
  mutating func read(_ key: ModelKey, _ value: UnsafeRawBufferPointer) throws(FormatProblem) {
    var words = NumberWords(value)
    switch key {
    case "num_leaves": leafCount = try Self.integer(&words)
    case "num_cat": categoryCount = try Self.integer(&words)
    case "is_linear": isLinear = try Self.integer(&words) != 0
    case "left_child": try words.integers(into: &left)
    case "right_child": try words.integers(into: &right)
    case "split_feature": try words.integers(into: &features)
    case "threshold": try words.doubles(into: &thresholds)
    case "decision_type": try words.integers(into: &decisions)
    case "leaf_value": try words.doubles(into: &leafValues)
    case "leaf_count": try words.doubles(into: &leafCovers)
    case "internal_count": try words.doubles(into: &splitCovers)
    case "cat_boundaries": try words.integers(into: &categoryBounds)
    case "cat_threshold": try words.integers(into: &categoryWords)
    case "leaf_const": try words.doubles(into: &leafConstants)
    case "num_features": try words.integers(into: &linearCounts)
    case "leaf_features": try words.integers(into: &linearFeatures)
    case "leaf_coeff": try words.doubles(into: &linearCoefficients)
    default: break
    }
  }

  private static func integer(_ words: inout NumberWords) throws(FormatProblem) -> Int {
    var values: [Int] = []
    try words.integers(into: &values)
    guard values.count == 1 else { throw FormatProblem("one whole number was expected") }
    return values[0]
  }

  /// Empties it for the next tree, and keeps the memory.
  mutating func reset() {
    (leafCount, categoryCount, isLinear) = (0, 0, false)
    left.removeAll(keepingCapacity: true)
    right.removeAll(keepingCapacity: true)
    features.removeAll(keepingCapacity: true)
    thresholds.removeAll(keepingCapacity: true)
    decisions.removeAll(keepingCapacity: true)
    leafValues.removeAll(keepingCapacity: true)
    leafCovers.removeAll(keepingCapacity: true)
    splitCovers.removeAll(keepingCapacity: true)
    categoryBounds.removeAll(keepingCapacity: true)
    categoryWords.removeAll(keepingCapacity: true)
    leafConstants.removeAll(keepingCapacity: true)
    linearCounts.removeAll(keepingCapacity: true)
    linearFeatures.removeAll(keepingCapacity: true)
    linearCoefficients.removeAll(keepingCapacity: true)
  }
}

extension LightGBMTree {
  /// - Parameter columns: learns which columns count zero as missing.
  func decisionTree(columns: inout MissingColumns) throws(FormatProblem) -> DecisionTree {
    try checkCounts()
    var tree = DecisionTree(nodes: [], leafValues: leafValues)
    tree.linearLeaves = try linearLeaves()
    tree.categorySets = try categorySets()
    tree.nodes.reserveCapacity(2 * leafCount - 1)
    for split in 0..<leafCount - 1 {
      let kind = try kind(of: split, sets: tree.categorySets, columns: &columns)
      tree.nodes.append(
        TreeNode(
          kind, cover: splitCovers.isEmpty ? 0 : splitCovers[split], libraryIndex: Int32(split)))
    }
    for leaf in 0..<leafCount {
      tree.nodes.append(
        TreeNode(
          .leaf(leaf), cover: leafCovers.isEmpty ? 0 : leafCovers[leaf], libraryIndex: Int32(leaf)))
    }
    return tree
  }

  private func checkCounts() throws(FormatProblem) {
    guard leafCount >= 1, leafCount <= Int(Int32.max) else {
      throw FormatProblem("num_leaves is \(leafCount)")
    }
    let splits = leafCount - 1
    // A tree of one leaf is written with its value alone, or with empty lines.
    for (name, count) in [
      ("left_child", left.count), ("right_child", right.count),
      ("split_feature", features.count), ("threshold", thresholds.count),
    ] where count != splits {
      throw FormatProblem("\(name) has \(count) values for \(splits) splits")
    }
    guard leafValues.count == leafCount else {
      throw FormatProblem("leaf_value has \(leafValues.count) values for \(leafCount) leaves")
    }
    guard decisions.isEmpty || decisions.count == splits,
      splitCovers.isEmpty || splitCovers.count == splits,
      leafCovers.isEmpty || leafCovers.count == leafCount
    else { throw FormatProblem("decision_type or the counts are not as many as the splits") }
  }

  private func kind(
    of node: Int, sets: [CategorySet], columns: inout MissingColumns
  ) throws(FormatProblem) -> TreeNode.Kind {
    let decision = decisions.isEmpty ? 0 : decisions[node]
    var split = Split(
      feature: features[node], left: place(of: left[node]), right: place(of: right[node]),
      missingGoesLeft: false)
    guard decision & 1 == 0 else {
      guard let set = Int(exactly: thresholds[node]), sets.indices.contains(set) else {
        throw FormatProblem("split \(node) asks for set \(thresholds[node]) of \(sets.count)")
      }
      columns.noteCategories(split.feature, zeroGoesLeft: sets[set].contains(0))
      return .categorical(split, set: set)
    }
    let threshold = Self.threshold(below: thresholds[node])
    let zeroGoesLeft = 0 < threshold || threshold.isNaN
    let missing = MissingColumns.Kind(rawValue: decision >> 2 & 3) ?? .none
    // Without a rule for missing values NaN is taken for zero.
    split.missingGoesLeft = missing == .none ? zeroGoesLeft : decision & 2 != 0
    columns.note(
      split.feature, missing, isUnlikeZero: split.missingGoesLeft != zeroGoesLeft)
    return .numeric(split, threshold: threshold)
  }

  private func place(of child: Int) -> Int {
    child >= 0 ? child : leafCount - 1 + ~child
  }

  /// What a value is below of where it is at most `bound`, after LightGBM has taken all that is at
  /// most `zeroBound` in magnitude for zero.
  static func threshold(below bound: Double) -> Double {
    let zero = TreeEnsemble.zeroBound
    if bound.isNaN { return -.infinity }
    if bound >= -zero, bound < 0 { return -zero }
    if bound >= 0, bound <= zero { return zero.nextUp }
    // Everything is at most infinity, which no threshold says but NaN.
    return bound == .infinity ? .nan : bound.nextUp
  }

  private func categorySets() throws(FormatProblem) -> [CategorySet] {
    guard categoryCount > 0 else { return [] }
    guard categoryBounds.count - 1 == categoryCount else {
      throw FormatProblem("cat_boundaries has \(categoryBounds.count) values for \(categoryCount)")
    }
    var sets: [CategorySet] = []
    for (start, end) in zip(categoryBounds, categoryBounds.dropFirst()) {
      guard start >= 0, start <= end, end <= categoryWords.count else {
        throw FormatProblem("cat_threshold has \(categoryWords.count) words, not up to \(end)")
      }
      sets.append(
        CategorySet(words: categoryWords[start..<end].map { UInt32(truncatingIfNeeded: $0) }))
    }
    return sets
  }

  private func linearLeaves() throws(FormatProblem) -> [LinearLeaf] {
    guard isLinear else { return [] }
    guard leafConstants.count == leafCount, linearCounts.count == leafCount,
      linearCounts.allSatisfy({ $0 >= 0 && $0 <= linearFeatures.count }),
      linearFeatures.count == linearCoefficients.count,
      linearCounts.reduce(0, +) == linearFeatures.count
    else { throw FormatProblem("the linear functions of its leaves are not whole") }
    var start = 0
    return (0..<leafCount).map { leaf in
      let range = start..<start + linearCounts[leaf]
      start = range.upperBound
      return LinearLeaf(
        constant: leafConstants[leaf], features: Array(linearFeatures[range]),
        coefficients: Array(linearCoefficients[range]))
    }
  }
}
