/// A tree whose splits have become questions of bytes.
struct PlannedTree {
  var nodes: [PlannedNode]
  var depth: Int
  var leafCount: Int
}

struct PlannedNode {
  /// -1 for a leaf.
  var slot: Int32
  var rank: UInt8
  /// Places of the children; a leaf's own place on both sides.
  var left: Int32
  var right: Int32

  var isLeaf: Bool { slot < 0 }
}

extension PlannedTree {
  init(_ tree: DecisionTree, scales: inout RankScales) {
    nodes = []
    nodes.reserveCapacity(tree.nodes.count)
    leafCount = 0
    for (place, node) in tree.nodes.enumerated() {
      switch node.kind {
      case .leaf:
        leafCount += 1
        nodes.append(PlannedNode(slot: -1, rank: 255, left: Int32(place), right: Int32(place)))
      case .numeric(let split, let threshold):
        nodes.append(PlannedNode(split, scales.question(split, threshold: threshold)))
      case .categorical(let split, let set):
        let question = scales.question(split, set: tree.categorySets[set])
        nodes.append(PlannedNode(split, question))
      }
    }
    depth = 0
    depth = measuredDepth()
  }

  private func measuredDepth() -> Int {
    var deepest = 0
    var open: [(place: Int, depth: Int)] = [(0, 0)]
    while let (place, depth) = open.popLast() {
      deepest = max(deepest, depth)
      let node = nodes[place]
      guard !node.isLeaf else { continue }
      open.append((Int(node.left), depth + 1))
      open.append((Int(node.right), depth + 1))
    }
    return deepest
  }
}

extension PlannedNode {
  fileprivate init(_ split: Split, _ question: RankQuestion) {
    self.init(
      slot: Int32(question.slot), rank: question.rank, left: Int32(split.left),
      right: Int32(split.right))
  }
}
