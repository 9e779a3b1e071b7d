/// What a compiled ensemble is asked.
extension CompiledEnsemble {
  /// Margins, `outputCount` a row, in the order of the rows. Where the ensemble sums in the other
  /// precision, the sums are converted at the end; rows of Float64 are rounded where it sees Float32.
  ///
  /// - Parameter rounds: which rounds of trees count; nil for all, and none beyond the last.
  package func margins<Value: TreeScalar, Margin: TreeScalar>(
    of rows: UnsafeBufferPointer<Value>, rowCount: Int,
    into margins: UnsafeMutableBufferPointer<Margin>, rounds: Range<Int>? = nil,
    scratch: TreeScratch
  ) {
    answer(rows, rowCount: rowCount, into: margins, rounds: rounds, scratch: scratch)
  }

  /// The same for Float32 on both sides, written out so that another module's call is not generic.
  package func margins(
    of rows: UnsafeBufferPointer<Float>, rowCount: Int,
    into margins: UnsafeMutableBufferPointer<Float>, rounds: Range<Int>? = nil,
    scratch: TreeScratch
  ) {
    answer(rows, rowCount: rowCount, into: margins, rounds: rounds, scratch: scratch)
  }

  /// What the library calls the leaves that rows end in, a number for each tree of the rounds.
  package func leaves<Value: TreeScalar>(
    of rows: UnsafeBufferPointer<Value>, rowCount: Int,
    into leaves: UnsafeMutableBufferPointer<Int32>, rounds: Range<Int>? = nil,
    scratch: TreeScratch
  ) {
    nameLeaves(rows, rowCount: rowCount, into: leaves, rounds: rounds, scratch: scratch)
  }
}
