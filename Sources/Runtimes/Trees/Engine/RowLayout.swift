internal import Kernels

/// Trees as one row, or a few, walk them: eight abreast, six levels as a heap of bytes, and below them
/// what their depth asks for.
struct RowLayout {
  private(set) var groups: [apus_tree_group] = []
  private(set) var tops: [UInt8] = []
  private(set) var tails: [UInt64] = []
  private(set) var exits: [UInt32] = []
  private(set) var nodes: [apus_tree_node] = []

  private let heapOrder: HeapOrder

  static let abreast = Int(apus_trees_abreast)
  /// Trees of a chunk, which are of one kind.
  static let chunkTrees = abreast * Int(apus_tree_chunk_groups)
  /// What a byte can name.
  static let namedSlotsMax = 256
  private static let heapLevels = 6

  /// - Parameter rankStride: bytes of a row's ranks.
  init(_ variant: TreeVariant, rankStride: Int) {
    let isByPlace = apus_tree_heaps_lie_by_place(variant.kernels, rankStride) != 0
    heapOrder = isByPlace ? .byPlace : .byTree
  }

  static func kind(depth: Int, slotCount: Int) -> apus_tree_kind {
    guard slotCount <= namedSlotsMax else { return apus_trees_of_nodes }
    return depth <= heapLevels
      ? apus_trees_of_six : depth <= heapLevels + 2 ? apus_trees_of_eight : apus_trees_deep
  }

  /// A group of up to eight trees; those that are not there end somewhere harmless.
  ///
  /// - Parameter depth: that of the deepest tree of the chunk.
  mutating func add(
    _ planned: ArraySlice<PlannedTree>, _ trees: ArraySlice<DecisionTree>, depth: Int,
    slotCount: Int, to places: inout LeafPlaces
  ) {
    let kind = Self.kind(depth: depth, slotCount: slotCount)
    let levels = kind == apus_trees_of_nodes ? 0 : min(depth, Self.heapLevels)
    let ways = addTops(planned, levels: levels)
    var group = apus_tree_group(
      kind: kind.rawValue, level_count: UInt32(levels), first_exit: 0,
      first_place: UInt32(places.count))
    switch kind {
    case apus_trees_of_six: addLeaves(ways, trees, levels: levels, to: &places)
    case apus_trees_of_eight:
      group.first_exit = UInt32(tails.count)
      addTails(ways, planned, trees, to: &places)
    default:
      group.first_exit = UInt32(exits.count)
      group.first_place = UInt32(truncatingIfNeeded: places.count - nodes.count)
      addNodes(ways, planned, trees, to: &places)
    }
    groups.append(group)
  }

  /// By tree: the nodes that its heap leads to.
  private mutating func addTops(_ planned: ArraySlice<PlannedTree>, levels: Int) -> [[Int]] {
    let first = Self.abreast * groups.count
    let size = heapOrder.size(treeCount: first + Self.abreast)
    tops.append(contentsOf: repeatElement(0, count: size - tops.count))
    return planned.enumerated().map { number, plan in
      fillTop(plan, levels: levels, of: first + number)
    }
  }

  /// Heap places from 1; where a leaf comes early, all below leads to it.
  private mutating func fillTop(_ plan: PlannedTree, levels: Int, of tree: Int) -> [Int] {
    var level = [0]
    for depth in 0..<levels {
      var below: [Int] = []
      below.reserveCapacity(2 * level.count)
      for (number, place) in level.enumerated() {
        let node = plan.nodes[place]
        let top = heapOrder.offset(tree: tree, place: 1 << depth + number)
        tops[top] = node.isLeaf ? 0 : UInt8(node.slot)
        tops[top + heapOrder.rankStep] = node.rank
        below.append(Int(node.left))
        below.append(Int(node.right))
      }
      level = below
    }
    return level
  }

  private func addLeaves(
    _ ways: [[Int]], _ trees: ArraySlice<DecisionTree>, levels: Int, to places: inout LeafPlaces
  ) {
    let first = places.count
    places.reserve(Self.abreast << levels)
    for (number, (ways, tree)) in zip(ways, trees).enumerated() {
      for (way, node) in ways.enumerated() {
        places.set(first + number << levels + way, leafAt: node, of: tree)
      }
    }
  }

  private mutating func addTails(
    _ ways: [[Int]], _ planned: ArraySlice<PlannedTree>, _ trees: ArraySlice<DecisionTree>,
    to places: inout LeafPlaces
  ) {
    let first = places.count
    let firstTail = tails.count
    places.reserve(Self.abreast << (Self.heapLevels + 2))
    tails.append(contentsOf: repeatElement(0, count: Self.abreast << Self.heapLevels))
    for (number, (plan, tree)) in zip(planned, trees).enumerated() {
      for (way, node) in ways[number].enumerated() {
        let tail = number << Self.heapLevels + way
        tails[firstTail + tail] = Self.tail(
          from: plan.nodes[node], plan, tree, firstPlace: first + 4 * tail, &places)
      }
    }
  }

  private static func tail(
    from node: PlannedNode, _ plan: PlannedTree, _ tree: DecisionTree, firstPlace: Int,
    _ places: inout LeafPlaces
  ) -> UInt64 {
    var bytes = tailBytes(node, at: 0)
    for side in 0...1 {
      let below = plan.nodes[Int(side == 0 ? node.left : node.right)]
      bytes |= tailBytes(below, at: 1 + side)
      places.set(firstPlace + 2 * side, leafAt: Int(below.left), of: tree)
      places.set(firstPlace + 2 * side + 1, leafAt: Int(below.right), of: tree)
    }
    return bytes
  }

  private static func tailBytes(_ node: PlannedNode, at byte: Int) -> UInt64 {
    let slot = node.isLeaf ? 0 : UInt64(node.slot)
    return slot << UInt64(8 * byte) | UInt64(node.rank) << UInt64(32 + 8 * byte)
  }

  /// A leaf's place is its node's number from the group's first.
  private mutating func addNodes(
    _ ways: [[Int]], _ planned: ArraySlice<PlannedTree>, _ trees: ArraySlice<DecisionTree>,
    to places: inout LeafPlaces
  ) {
    let firstNode = nodes.count
    let shift = places.count - firstNode
    var wayCount = 1
    for (number, (plan, tree)) in zip(planned, trees).enumerated() {
      var known: [Int: Int] = [:]
      wayCount = ways[number].count
      for node in ways[number] {
        let subtree = known[node] ?? addSubtree(plan, from: node)
        known[node] = subtree
        exits.append(UInt32(subtree))
      }
      places.reserve(nodes.count + shift - places.count)
      for (node, way) in known { setPlaces(from: node, at: way, plan, tree, shift, &places) }
    }
    let missing = wayCount * (Self.abreast - planned.count)
    exits.append(contentsOf: repeatElement(UInt32(firstNode), count: missing))
  }

  /// Siblings are beside each other, the root of the subtree alone.
  private mutating func addSubtree(_ plan: PlannedTree, from root: Int) -> Int {
    let first = nodes.count
    appendLeaf()
    var open = [(place: first, node: root)]
    while let (place, number) = open.popLast() {
      let node = plan.nodes[number]
      guard !node.isLeaf else { continue }
      nodes[place] = apus_tree_node(
        slot_and_rank: UInt32(node.slot) << 8 | UInt32(node.rank), left: UInt32(nodes.count))
      open.append((nodes.count + 1, Int(node.right)))
      open.append((nodes.count, Int(node.left)))
      appendLeaf()
      appendLeaf()
    }
    return first
  }

  private mutating func appendLeaf() {
    nodes.append(apus_tree_node(slot_and_rank: 255, left: UInt32(nodes.count)))
  }

  private func setPlaces(
    from root: Int, at way: Int, _ plan: PlannedTree, _ tree: DecisionTree, _ shift: Int,
    _ places: inout LeafPlaces
  ) {
    var open = [(place: way, node: root)]
    while let (place, number) = open.popLast() {
      let node = plan.nodes[number]
      if node.isLeaf {
        places.set(place + shift, leafAt: number, of: tree)
      } else {
        let left = Int(nodes[place].left)
        open.append((left, Int(node.left)))
        open.append((left + 1, Int(node.right)))
      }
    }
  }
}

/// How the bytes of heaps follow each other: a slot and a rank for each of a tree's 64 places.
enum HeapOrder {
  /// Tree after tree; at each place the slot and then the rank.
  case byTree
  /// Chunk after chunk; at each place the slots of all its trees and then their ranks.
  case byPlace

  /// From a slot to its rank.
  var rankStep: Int { self == .byTree ? 1 : RowLayout.chunkTrees }

  func offset(tree: Int, place: Int) -> Int {
    switch self {
    case .byTree: return 128 * tree + 2 * place
    case .byPlace:
      let (chunk, lane) = tree.quotientAndRemainder(dividingBy: RowLayout.chunkTrees)
      return 128 * (chunk * RowLayout.chunkTrees + place) + lane
    }
  }

  /// Bytes of so many trees; chunks are whole.
  func size(treeCount: Int) -> Int {
    let unit = self == .byTree ? 1 : RowLayout.chunkTrees
    return 128 * ((treeCount + unit - 1) / unit * unit)
  }
}
