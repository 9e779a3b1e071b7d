package import Inference
internal import Kernels

/// A tree ensemble in the form in which it runs: bytes laid out for this machine.
///
/// It answers bit for bit what a walk of the ensemble answers. Immutable: any number of threads may
/// use one at the same time, each with a scratch of its own. Rows hold `featureCount` values each, one
/// after the other; NaN is missing.
package final class CompiledEnsemble: @unchecked Sendable {
  package let featureCount: Int
  package let outputCount: Int
  package let treeCount: Int
  /// Trees of one round; 1 where the rounds do not say.
  package let treesPerRound: Int
  package let variant: TreeVariant

  // Unchecked: what the pointers lead to is written before `init` returns and never after.
  let forest: UnsafeMutablePointer<apus_forest>
  let base: UnsafePointer<Double>
  let sum: LeafSum
  let inputPrecision: TreeEnsemble.Precision
  let leaves: LeafNames
  private let memory = TreeMemory()
  private let hasSlices: Bool

  /// Takes some milliseconds for a hundred thousand nodes.
  ///
  /// - Parameter variant: one that is here.
  package init(
    _ ensemble: TreeEnsemble, variant: TreeVariant = .best
  ) throws(RuntimeFault) {
    try ensemble.check()
    precondition(variant.isHere, "this processor does not have \(variant)")
    featureCount = ensemble.featureCount
    outputCount = ensemble.outputCount
    treeCount = ensemble.trees.count
    treesPerRound = ensemble.sum.treesPerRound
    self.variant = variant
    sum = ensemble.sum
    inputPrecision = ensemble.inputPrecision
    let plan = try EnsemblePlan(ensemble, variant)
    forest = plan.kept(in: memory)
    base = UnsafePointer(memory.kept(ensemble.sum.base))
    hasSlices = plan.slices != nil
    leaves = LeafNames(plan, ensemble)
  }

  /// Bytes of the compiled form.
  package var byteCount: Int { memory.byteCount }

  /// One for each thread that runs.
  package func makeScratch() -> TreeScratch {
    TreeScratch(
      TreeScratch.Sizes(
        rankStride: Int(forest.pointee.rank_stride), columnCount: featureCount,
        outputCount: outputCount,
        placeCount: treeCount + RowLayout.chunkTrees,
        conditionBytes: hasSlices
          ? (Int(forest.pointee.condition_count) + 1) * sliceRowCount / 8 : 0))
  }

  /// Rows that pass together.
  private var sliceRowCount: Int { Int(apus_tree_slice_rows(variant.kernels)) }

  /// From so many rows on a slice is faster than row by row.
  private var slicedRowsMin: Int { hasSlices ? sliceRowCount / 8 : .max }

  func answer<Value: TreeScalar, Margin: TreeScalar>(
    _ rows: UnsafeBufferPointer<Value>, rowCount: Int,
    into margins: UnsafeMutableBufferPointer<Margin>, rounds: Range<Int>?, scratch: TreeScratch
  ) {
    precondition(rows.count >= rowCount * featureCount && margins.count >= rowCount * outputCount)
    let batch = TreeBatch(rows: rows, work: work(rounds), ensemble: self, scratch: scratch)
    guard leaves.linear.isEmpty else { return linearMargins(batch, rowCount, into: margins) }
    switch sum.precision {
    case .float: sums(batch, rowCount, as: Float.self, into: margins)
    case .double: sums(batch, rowCount, as: Double.self, into: margins)
    }
  }

  func work(_ rounds: Range<Int>?) -> TreeWork {
    let known = rounds?.clamped(to: 0..<treeCount / treesPerRound)
    let trees = known.map { $0.lowerBound * treesPerRound..<$0.upperBound * treesPerRound }
    return TreeWork(
      variant: variant.kernels, forest: UnsafePointer(forest),
      trees: apus_tree_range(
        first: trees?.lowerBound ?? 0, end: trees?.upperBound ?? treeCount))
  }

  private func sums<Value: TreeScalar, Sum: TreeScalar, Margin: TreeScalar>(
    _ batch: TreeBatch<Value>, _ rowCount: Int, as: Sum.Type,
    into margins: UnsafeMutableBufferPointer<Margin>
  ) {
    var done = 0
    while done < rowCount {
      let left = rowCount - done
      let isSliced = left >= slicedRowsMin
      let count = min(left, isSliced ? sliceRowCount : TreeScratch.smallRows)
      let rows = done..<done + count
      if isSliced {
        batch.addSlice(rows, as: Sum.self, sliceRowCount: sliceRowCount, into: margins)
      } else {
        batch.addRows(rows, as: Sum.self, into: margins)
      }
      done += count
    }
  }
}
