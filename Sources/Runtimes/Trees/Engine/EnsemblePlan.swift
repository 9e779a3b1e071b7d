import Inference
internal import Kernels

/// An ensemble laid out, before it is put where the kernels read it.
struct EnsemblePlan {
  private(set) var rows: RowLayout
  /// Nil where the trees are too large for slices.
  private(set) var slices: SliceLayout?
  private(set) var places: LeafPlaces
  private let scales: RankScales
  private let lanes: LaneScales?
  private let columnCount: Int
  private let outputCount: Int
  private let outputs: [UInt32]
  private let precision: TreeEnsemble.Precision

  init(_ ensemble: TreeEnsemble, _ variant: TreeVariant) throws(RuntimeFault) {
    var scales = RankScales(ensemble)
    let planned = ensemble.trees.map { PlannedTree($0, scales: &scales) }
    guard scales.slotCount < 1 << 24 else {
      throw RuntimeFault(
        code: .invalidModel, message: "its splits ask \(scales.slotCount) different questions")
    }
    self.scales = scales
    let rankStride = Self.stride(scales.slotCount)
    lanes = variant == .avx512 ? LaneScales(scales, rankStride: rankStride) : nil
    rows = RowLayout(variant, rankStride: rankStride)
    places = LeafPlaces(ensemble)
    columnCount = ensemble.featureCount
    outputCount = ensemble.outputCount
    precision = ensemble.sum.precision
    outputs = ensemble.trees.map { $0.leafWidth == 1 ? UInt32($0.output) : .max }
    slices = SliceLayout(planned, slotCount: scales.slotCount)
    for first in Swift.stride(from: 0, to: planned.count, by: RowLayout.chunkTrees) {
      addChunk(first..<min(first + RowLayout.chunkTrees, planned.count), planned, ensemble.trees)
    }
    guard places.count < Int32.max else {
      throw RuntimeFault(code: .invalidModel, message: "it has \(places.count) places for leaves")
    }
  }

  private mutating func addChunk(
    _ chunk: Range<Int>, _ planned: [PlannedTree], _ trees: [DecisionTree]
  ) {
    let depth = planned[chunk].map(\.depth).max() ?? 0
    for first in Swift.stride(from: chunk.lowerBound, to: chunk.upperBound, by: RowLayout.abreast) {
      let end = min(first + RowLayout.abreast, chunk.upperBound)
      add(first..<end, depth: depth, planned, trees)
    }
  }

  private mutating func add(
    _ group: Range<Int>, depth: Int, _ planned: [PlannedTree], _ trees: [DecisionTree]
  ) {
    let firstPlace = places.count
    rows.add(
      planned[group], trees[group], depth: depth, slotCount: scales.slotCount, to: &places)
    guard slices != nil, let last = rows.groups.last else { return }
    let kind = apus_tree_kind(last.kind)
    let isHeap = kind == apus_trees_of_six || kind == apus_trees_of_eight
    let levels = Int(last.level_count) + (kind == apus_trees_of_eight ? 2 : 0)
    for (number, tree) in group.enumerated() {
      if isHeap {
        slices?.addHeap(planned[tree], levels: levels, firstPlace: firstPlace + number << levels)
      } else {
        slices?.addProgram(planned[tree], trees[tree], to: &places)
      }
    }
  }

  /// Copies everything to where it stays as long as the memory.
  func kept(in memory: TreeMemory) -> UnsafeMutablePointer<apus_forest> {
    let forest = memory.room(for: apus_forest.self, count: 1)
    forest.pointee.column_count = UInt32(columnCount)
    forest.pointee.tree_count = UInt32(outputs.count)
    forest.pointee.group_count = UInt32(rows.groups.count)
    forest.pointee.output_count = UInt32(outputCount)
    forest.pointee.leaf_width = UInt32(places.width)
    forest.pointee.rank_stride = UInt32(Self.stride(scales.slotCount))
    keepScales(in: memory, forest)
    forest.pointee.groups = UnsafePointer(memory.kept(rows.groups))
    forest.pointee.tops = UnsafePointer(memory.kept(rows.tops))
    forest.pointee.tails = UnsafePointer(memory.kept(rows.tails))
    forest.pointee.exits = UnsafePointer(memory.kept(rows.exits))
    forest.pointee.nodes = UnsafePointer(memory.kept(rows.nodes))
    forest.pointee.outputs = UnsafePointer(memory.kept(outputs))
    forest.pointee.values =
      switch precision {
      case .float: UnsafeRawPointer(memory.kept(places.floats))
      case .double: UnsafeRawPointer(memory.kept(places.doubles))
      }
    if let slices { keep(slices, in: memory, forest) }
    return forest
  }

  /// Registers of 64 slots: one, two or four; beyond, rows of ranks are as long as need be.
  private static func stride(_ slotCount: Int) -> Int {
    for registers in [64, 128, 256] where slotCount <= registers { return registers }
    return (slotCount + 63) & ~63
  }

  private func keepScales(
    in memory: TreeMemory, _ forest: UnsafeMutablePointer<apus_forest>
  ) {
    forest.pointee.scales = UnsafePointer(memory.kept(scales.scales))
    forest.pointee.scale_count = UInt32(scales.scales.count)
    forest.pointee.categories = UnsafePointer(memory.kept(scales.categories))
    forest.pointee.category_count = UInt32(scales.categories.count)
    forest.pointee.category_words = UnsafePointer(memory.kept(scales.categoryWords))
    forest.pointee.float_thresholds = UnsafePointer(memory.kept(scales.floatThresholds))
    if let lanes {
      forest.pointee.lanes = UnsafePointer(memory.kept(lanes.lanes))
      forest.pointee.lanes_count = UInt32(lanes.lanes.count)
      forest.pointee.slot_scales = UnsafePointer(memory.kept(lanes.slotScales))
      forest.pointee.slot_missing_ranks = UnsafePointer(memory.kept(lanes.slotMissingRanks))
    }
    if scales.isDouble {
      forest.pointee.double_thresholds = UnsafePointer(memory.kept(scales.doubleThresholds))
    }
  }

  private func keep(
    _ slices: SliceLayout, in memory: TreeMemory, _ forest: UnsafeMutablePointer<apus_forest>
  ) {
    forest.pointee.slots = UnsafePointer(memory.kept(slices.slots))
    forest.pointee.slot_count = UInt32(slices.slots.count)
    forest.pointee.condition_count = UInt32(slices.conditionCount)
    forest.pointee.slices = UnsafePointer(memory.kept(slices.slices))
    forest.pointee.steps = UnsafePointer(memory.kept(slices.steps))
    forest.pointee.heap_conditions = UnsafePointer(memory.kept(slices.heapConditions))
  }
}
