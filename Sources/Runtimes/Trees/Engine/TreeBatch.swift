internal import Kernels

/// One call's rows and what answers them.
struct TreeBatch<Value: TreeScalar> {
  let rows: UnsafeBufferPointer<Value>
  let work: TreeWork
  // Both outlive the call that the batch is of; counting references would cost a small model's row a
  // tenth of its time.
  unowned(unsafe) let ensemble: CompiledEnsemble
  unowned(unsafe) let scratch: TreeScratch

  /// Ranks of some rows.
  func rank(_ block: TreeScratch.Block, _ range: Range<Int>) {
    guard let first = rows.baseAddress else { return }
    TreeKernels.ranks(
      work, of: first + range.lowerBound * ensemble.featureCount, rowCount: range.count,
      into: block)
  }

  /// A few rows, tree by tree each.
  func addRows<Sum: TreeScalar, Margin: TreeScalar>(
    _ range: Range<Int>, as: Sum.Type, into margins: UnsafeMutableBufferPointer<Margin>
  ) {
    let block = scratch.small
    rank(block, range)
    let outputCount = ensemble.outputCount
    let sums = block.sums.assumingMemoryBound(to: Sum.self)
    let finish = SumFinish<Sum>(ensemble, work.trees)
    for place in 0..<range.count * outputCount { sums[place] = finish.start(place % outputCount) }
    TreeKernels.addRows(work, block, rowCount: range.count, to: sums)
    let first = range.lowerBound * outputCount
    for place in 0..<range.count * outputCount {
      margins[first + place] = Margin(finish.end(sums[place], output: place % outputCount))
    }
  }

  /// At most a slice of rows, all together at each tree; sums lie output after output.
  func addSlice<Sum: TreeScalar, Margin: TreeScalar>(
    _ range: Range<Int>, as: Sum.Type, sliceRowCount: Int,
    into margins: UnsafeMutableBufferPointer<Margin>
  ) {
    rank(scratch.large, range)
    let outputCount = ensemble.outputCount
    let sums = scratch.large.sums.assumingMemoryBound(to: Sum.self)
    let finish = SumFinish<Sum>(ensemble, work.trees)
    for output in 0..<outputCount {
      let start = finish.start(output)
      for row in 0..<sliceRowCount { sums[output * sliceRowCount + row] = start }
    }
    TreeKernels.addSlice(work, scratch, rowCount: range.count, to: sums)
    for row in 0..<range.count {
      for output in 0..<outputCount {
        margins[(range.lowerBound + row) * outputCount + output] = Margin(
          finish.end(sums[output * sliceRowCount + row], output: output))
      }
    }
  }
}

/// What a sum starts from, and what is done to it after the trees.
struct SumFinish<Sum: TreeScalar> {
  private let startsWithBase: Bool
  private let isAverage: Bool
  private let base: UnsafePointer<Double>
  private let roundCount: Sum

  init(_ ensemble: CompiledEnsemble, _ trees: apus_tree_range) {
    startsWithBase = ensemble.sum.startsWithBase
    isAverage = ensemble.sum.isAverage
    base = ensemble.base
    roundCount = Sum((trees.end - trees.first) / ensemble.sum.treesPerRound)
  }

  func start(_ output: Int) -> Sum { startsWithBase ? Sum(base[output]) : 0 }

  func end(_ value: Sum, output: Int) -> Sum {
    let value = isAverage ? value / roundCount : value
    return startsWithBase ? value : value + Sum(base[output])
  }
}
