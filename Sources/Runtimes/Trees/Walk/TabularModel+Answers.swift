extension TabularModel {
  /// The margins of a row, summed over some rounds or over `defaultRounds`.
  ///
  /// - Parameter margins: `outputCount` places, in the precision of the library.
  package func margins(
    of row: UnsafeBufferPointer<Double>, rounds: Range<Int>? = nil,
    into margins: UnsafeMutableBufferPointer<Double>
  ) {
    switch predictor {
    case .linear(let linear): linear.sum(row, into: margins)
    case .trees(let ensemble):
      TreeWalk(ensemble).margins(of: row, rounds: rounds ?? 0..<defaultRounds, into: margins)
    }
  }

  /// The predictions of a row.
  ///
  /// - Parameter results: `outputCount` places, of which the first `predictionCount` are the answer.
  package func predict(
    _ row: UnsafeBufferPointer<Double>, rounds: Range<Int>? = nil,
    into results: UnsafeMutableBufferPointer<Double>
  ) {
    margins(of: row, rounds: rounds, into: results)
    transform.apply(to: results)
  }
}
