/// What a compiled ensemble is asked. Each is written out for both precisions of rows and answers, so
/// that no other module calls through a generic.
extension CompiledEnsemble {
  /// Margins, `outputCount` a row, in the order of the rows. Where the ensemble sums in the other
  /// precision, the sums are converted at the end; rows of Float64 are rounded where it sees Float32.
  ///
  /// - Parameter rounds: which rounds of trees count; nil for all, and none beyond the last.
  package func margins(
    of rows: UnsafeBufferPointer<Float>, rowCount: Int,
    into margins: UnsafeMutableBufferPointer<Float>, rounds: Range<Int>? = nil,
    scratch: TreeScratch
  ) {
    answer(rows, rowCount: rowCount, into: margins, rounds: rounds, scratch: scratch)
  }

  /// As above.
  package func margins(
    of rows: UnsafeBufferPointer<Float>, rowCount: Int,
    into margins: UnsafeMutableBufferPointer<Double>, rounds: Range<Int>? = nil,
    scratch: TreeScratch
  ) {
    answer(rows, rowCount: rowCount, into: margins, rounds: rounds, scratch: scratch)
  }

  /// As above.
  package func margins(
    of rows: UnsafeBufferPointer<Double>, rowCount: Int,
    into margins: UnsafeMutableBufferPointer<Float>, rounds: Range<Int>? = nil,
    scratch: TreeScratch
  ) {
    answer(rows, rowCount: rowCount, into: margins, rounds: rounds, scratch: scratch)
  }

  /// As above.
  package func margins(
    of rows: UnsafeBufferPointer<Double>, rowCount: Int,
    into margins: UnsafeMutableBufferPointer<Double>, rounds: Range<Int>? = nil,
    scratch: TreeScratch
  ) {
    answer(rows, rowCount: rowCount, into: margins, rounds: rounds, scratch: scratch)
  }

  /// What the library calls the leaves that rows end in, a number for each tree of the rounds.
  package func leaves(
    of rows: UnsafeBufferPointer<Float>, rowCount: Int,
    into leaves: UnsafeMutableBufferPointer<Int32>, rounds: Range<Int>? = nil,
    scratch: TreeScratch
  ) {
    nameLeaves(rows, rowCount: rowCount, into: leaves, rounds: rounds, scratch: scratch)
  }

  /// As above.
  package func leaves(
    of rows: UnsafeBufferPointer<Double>, rowCount: Int,
    into leaves: UnsafeMutableBufferPointer<Int32>, rounds: Range<Int>? = nil,
    scratch: TreeScratch
  ) {
    nameLeaves(rows, rowCount: rowCount, into: leaves, rounds: rounds, scratch: scratch)
  }
}
