internal import Kernels

/// Trees as many rows pass them at once: a condition is a bit a row, and each bit of a leaf's number is
/// made of conditions by choosing, so that nothing depends on where a single row goes.
struct SliceLayout {
  private(set) var slots: [apus_tree_slot] = []
  private(set) var conditionCount = 1
  private(set) var slices: [apus_tree_slice] = []
  private(set) var steps: [apus_tree_step] = []
  private(set) var heapConditions: [UInt16] = []

  /// By slot: its ranks that are asked, and by rank the condition's number.
  private var conditions: [[Int32]]

  /// What a byte can number.
  private static let leavesMax = 256
  private static let heapLevelsMax = 8

  /// Nil where a tree has too many leaves, or all trees too many conditions for their table to stay
  /// near.
  init?(_ planned: [PlannedTree], slotCount: Int) {
    conditions = [[Int32]](repeating: [], count: slotCount)
    for tree in planned {
      guard tree.depth <= Self.heapLevelsMax || tree.leafCount <= Self.leavesMax else {
        return nil
      }
      for node in tree.nodes where !node.isLeaf {
        if conditions[Int(node.slot)].isEmpty {
          conditions[Int(node.slot)] = [Int32](repeating: -1, count: 256)
        }
        conditions[Int(node.slot)][Int(node.rank)] = 0
      }
    }
    numberConditions()
    guard conditionCount <= Int(apus_tree_conditions_max) else { return nil }
  }

  private mutating func numberConditions() {
    for slot in conditions.indices where !conditions[slot].isEmpty {
      var entry = apus_tree_slot()
      entry.slot = UInt32(slot)
      entry.first_condition = UInt32(conditionCount)
      withUnsafeMutableBytes(of: &entry.held_count) { held in
        var count: UInt8 = 0
        for rank in 0..<256 {
          held[rank] = count
          guard conditions[slot][rank] >= 0 else { continue }
          conditions[slot][rank] = Int32(conditionCount)
          conditionCount += 1
          count += 1
        }
        entry.condition_count = UInt32(count)
      }
      slots.append(entry)
    }
  }

  private func condition(_ node: PlannedNode) -> UInt16 {
    node.isLeaf ? 0 : UInt16(conditions[Int(node.slot)][Int(node.rank)])
  }

  /// The next tree, whose leaves have their places by the ways out of a heap.
  mutating func addHeap(_ plan: PlannedTree, levels: Int, firstPlace: Int) {
    var slice = apus_tree_slice()
    slice.first_place = UInt32(firstPlace)
    slice.bit_count = UInt8(levels)
    slice.is_heap = 1
    slice.first = UInt32(heapConditions.count)
    slices.append(slice)
    heapConditions.append(0)
    var level = [0]
    for _ in 0..<levels {
      heapConditions += level.map { condition(plan.nodes[$0]) }
      level = level.flatMap { [Int(plan.nodes[$0].left), Int(plan.nodes[$0].right)] }
    }
  }

  /// The next tree, with places of its own for its leaves, from left to right.
  mutating func addProgram(_ plan: PlannedTree, _ tree: DecisionTree, to places: inout LeafPlaces) {
    var slice = apus_tree_slice()
    slice.first_place = UInt32(places.count)
    slice.first = UInt32(steps.count)
    var program = SliceProgram(plan: plan, conditionOf: condition)
    let bits = program.run()
    slice.bit_count = UInt8(bits.count)
    slice.step_count = UInt16(program.steps.count)
    withUnsafeMutableBytes(of: &slice.bits) { $0.copyBytes(from: bits.withUnsafeBytes(Array.init)) }
    steps += program.steps
    slices.append(slice)
    let first = places.count
    places.reserve(program.leaves.count)
    for (number, node) in program.leaves.enumerated() {
      places.set(first + number, leafAt: node, of: tree)
    }
  }
}

/// Makes a tree's steps: after them, each bit of the number of the leaf that a row ends in is in a
/// register.
private struct SliceProgram {
  let plan: PlannedTree
  let conditionOf: (PlannedNode) -> UInt16
  private(set) var steps: [apus_tree_step] = []
  /// Nodes from left to right.
  private(set) var leaves: [Int] = []
  /// Registers 0 and 1 hold no row and all rows.
  private var free: [UInt16] = []
  private var registerCount: UInt16 = 2

  init(plan: PlannedTree, conditionOf: @escaping (PlannedNode) -> UInt16) {
    self.plan = plan
    self.conditionOf = conditionOf
  }

  mutating func run() -> [UInt16] {
    let bitCount = Int.bitWidth - max(plan.leafCount - 1, 0).leadingZeroBitCount
    return bits(of: plan.nodes[0], at: 0, bitCount: bitCount)
  }

  /// Depth is at most the number of leaves, which a byte numbers.
  private mutating func bits(of node: PlannedNode, at place: Int, bitCount: Int) -> [UInt16] {
    guard !node.isLeaf else {
      let number = leaves.count
      leaves.append(place)
      return (0..<bitCount).map { UInt16(number >> $0 & 1) }
    }
    let left = bits(of: plan.nodes[Int(node.left)], at: Int(node.left), bitCount: bitCount)
    let right = bits(of: plan.nodes[Int(node.right)], at: Int(node.right), bitCount: bitCount)
    return zip(left, right).map { chosen(conditionOf(node), otherwise: $0, then: $1) }
  }

  /// A register holds a bit of one subtree, so what was chosen from is free again.
  private mutating func chosen(_ condition: UInt16, otherwise: UInt16, then: UInt16) -> UInt16 {
    guard otherwise != then else { return then }
    for register in [otherwise, then] where register > 1 { free.append(register) }
    let result = free.popLast() ?? registerCount
    if result == registerCount { registerCount += 1 }
    steps.append(
      apus_tree_step(condition: condition, otherwise: otherwise, then: then, result: result))
    return result
  }
}
