/// One tree as CatBoost writes it, of either kind, before its splits are related to columns.
///
/// A symmetric tree ("oblivious") asks the same of all nodes of a level, and lists its leaves by the
/// answers: that of the first split is the lowest bit of a leaf's number. Other trees lie in each
/// other, node in node.
struct CatBoostTree {
  var nodes: [Node] = []
  /// Those of the first leaf, then those of the second.
  var leafValues: [Double] = []
  var leafCount = 0

  struct Node {
    /// Nil for a leaf.
    var split: CatBoostSplit?
    /// Where the answer is no, and where it is yes. A leaf has its number in the first.
    var no = 0
    var yes = 0
    var cover = 0.0
  }

  /// Levels of a tree: CatBoost trains 16 at most.
  private static let depthMax = 32
}

/// What a split asks, and of which column.
struct CatBoostSplit {
  var kind = ""
  /// Among the columns of its kind.
  var column = 0
  /// Yes: the value is greater.
  var border: Float = 0
  /// Yes: the hash of the category is this one.
  var hash: UInt32 = 0

  init(_ source: inout some ModelSource) throws(FormatProblem) {
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "split_type": kind = try source.string()
      case "float_feature_index", "cat_feature_index": column = try source.integer()
      case "border": border = Float(try source.double())
      case "value": hash = UInt32(truncatingIfNeeded: try source.integer())
      default: try source.skip()
      }
    }
  }
}

extension CatBoostTree {
  static func symmetric(_ source: inout some ModelSource) throws(FormatProblem) -> CatBoostTree {
    var splits: [CatBoostSplit] = []
    var tree = CatBoostTree()
    var weights: [Double] = []
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "leaf_values": try source.doubles(into: &tree.leafValues)
      case "leaf_weights": try source.doubles(into: &weights)
      case "splits" where try source.nextKind() == .array:
        try source.beginArray()
        while try source.hasElement() { splits.append(try CatBoostSplit(&source)) }
      default: try source.skip()
      }
    }
    // Before any node is made: the leaves that so many splits mean must be in the file.
    guard splits.count <= depthMax, tree.leafValues.count >= 1 << splits.count else {
      throw FormatProblem("\(splits.count) splits, and \(tree.leafValues.count) values of leaves")
    }
    tree.leafCount = 1 << splits.count
    tree.appendLevels(splits, weights: weights)
    return tree
  }

  /// The root asks the last split, so that leaves come in the order of their numbers.
  private mutating func appendLevels(_ splits: [CatBoostSplit], weights: [Double]) {
    let splitCount = leafCount - 1
    for place in 0..<splitCount {
      let level = Int.bitWidth - 1 - (place + 1).leadingZeroBitCount
      nodes.append(
        Node(split: splits[splits.count - 1 - level], no: 2 * place + 1, yes: 2 * place + 2))
    }
    for leaf in 0..<leafCount {
      nodes.append(Node(no: leaf, cover: weights.count == leafCount ? weights[leaf] : 0))
    }
    for place in stride(from: splitCount - 1, through: 0, by: -1) {
      nodes[place].cover = nodes[2 * place + 1].cover + nodes[2 * place + 2].cover
    }
  }

  static func nested(_ source: inout some ModelSource) throws(FormatProblem) -> CatBoostTree {
    var tree = CatBoostTree()
    try tree.appendNode(&source, depth: 0)
    return tree
  }

  /// Appends a node and what lies in it; returned is its place.
  private mutating func appendNode(
    _ source: inout some ModelSource, depth: Int
  ) throws(FormatProblem) {
    guard depth <= Self.depthMax else {
      throw FormatProblem("a tree is more than \(Self.depthMax) levels deep")
    }
    let place = nodes.count
    var node = Node()
    var values: [Double] = []
    nodes.append(node)
    try source.beginObject()
    while let key = try source.nextKey() {
      switch key {
      case "split": node.split = try CatBoostSplit(&source)
      case "left":
        node.no = nodes.count
        try appendNode(&source, depth: depth + 1)
      case "right":
        node.yes = nodes.count
        try appendNode(&source, depth: depth + 1)
      case "value" where try source.nextKind() == .array: try source.doubles(into: &values)
      case "value": values = [try source.double()]
      case "weight": node.cover = try source.double()
      default: try source.skip()
      }
    }
    if node.split == nil {
      node.no = leafCount
      leafCount += 1
      leafValues += values
    } else {
      guard node.no > place, node.yes > place else {
        throw FormatProblem("a split has one way out")
      }
      node.cover = nodes[node.no].cover + nodes[node.yes].cover
    }
    nodes[place] = node
  }
}
