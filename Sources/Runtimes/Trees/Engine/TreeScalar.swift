internal import Kernels

/// The two precisions of values and sums.
package protocol TreeScalar: BinaryFloatingPoint, BitwiseCopyable, Sendable {}

extension Float: TreeScalar {}
extension Double: TreeScalar {}

/// What the kernels are called with.
struct TreeWork {
  let variant: apus_tree_variant
  let forest: UnsafePointer<apus_forest>
  let trees: apus_tree_range
}

/// The kernels of either precision.
enum TreeKernels {
  static func ranks<Value: TreeScalar>(
    _ work: TreeWork, of rows: UnsafePointer<Value>, rowCount: Int,
    into block: TreeScratch.Block
  ) {
    let raw = UnsafeRawPointer(rows)
    if Value.self == Float.self {
      apus_tree_ranks_float(
        work.variant, work.forest, raw.assumingMemoryBound(to: Float.self), rowCount, block.ranks)
    } else if work.forest.pointee.double_thresholds != nil {
      apus_tree_ranks_double(
        work.variant, work.forest, raw.assumingMemoryBound(to: Double.self), rowCount,
        block.ranks)
    } else {
      for place in 0..<rowCount * Int(work.forest.pointee.column_count) {
        block.floats[place] = Float(rows[place])
      }
      apus_tree_ranks_float(work.variant, work.forest, block.floats, rowCount, block.ranks)
    }
  }

  static func addRows<Sum: TreeScalar>(
    _ work: TreeWork, _ block: TreeScratch.Block, rowCount: Int, to sums: UnsafeMutablePointer<Sum>
  ) {
    let raw = UnsafeMutableRawPointer(sums)
    if Sum.self == Float.self {
      apus_tree_sums_float(
        work.variant, work.forest, block.ranks, rowCount, work.trees,
        raw.assumingMemoryBound(to: Float.self))
    } else {
      apus_tree_sums_double(
        work.variant, work.forest, block.ranks, rowCount, work.trees,
        raw.assumingMemoryBound(to: Double.self))
    }
  }

  static func addSlice<Sum: TreeScalar>(
    _ work: TreeWork, _ scratch: TreeScratch, rowCount: Int, to sums: UnsafeMutablePointer<Sum>
  ) {
    let raw = UnsafeMutableRawPointer(sums)
    let ranks = scratch.large.ranks
    if Sum.self == Float.self {
      apus_tree_slice_sums_float(
        work.variant, work.forest, ranks, rowCount, work.trees, scratch.conditions,
        raw.assumingMemoryBound(to: Float.self))
    } else {
      apus_tree_slice_sums_double(
        work.variant, work.forest, ranks, rowCount, work.trees, scratch.conditions,
        raw.assumingMemoryBound(to: Double.self))
    }
  }
}
