import Inference

/// Computes margins and leaves of rows for one instance, in memory of its own.
///
/// Rows lie as the model's input has them, margins as the library hands them out: Float32 or Float64.
/// Not `Sendable`: one thread at a time.
final class RowEngine {
  private let model: TabularModel
  private var row: [Double]
  private var sums: [Double]

  init(_ model: TabularModel) {
    self.model = model
    row = [Double](repeating: 0, count: model.featureCount)
    sums = [Double](repeating: 0, count: model.outputCount)
  }

  func margins<Input: RowValue, Margin: RowValue>(
    of rows: UnsafeBufferPointer<Input>, rowCount: Int,
    into margins: UnsafeMutableBufferPointer<Margin>, rounds: Int
  ) {
    for index in 0..<rowCount {
      for column in row.indices { row[column] = Double(rows[index * row.count + column]) }
      row.withUnsafeBufferPointer { row in
        sums.withUnsafeMutableBufferPointer { model.margins(of: row, rounds: 0..<rounds, into: $0) }
      }
      for output in sums.indices { margins[index * sums.count + output] = Margin(sums[output]) }
    }
  }

  /// `rounds` times the trees of a round for each row.
  func leaves<Input: RowValue>(
    of rows: UnsafeBufferPointer<Input>, rowCount: Int,
    into leaves: UnsafeMutableBufferPointer<Int32>, rounds: Int
  ) {
    guard case .trees(let ensemble) = model.predictor, rowCount > 0 else { return }
    let width = leaves.count / rowCount
    for index in 0..<rowCount {
      for column in row.indices { row[column] = Double(rows[index * row.count + column]) }
      row.withUnsafeBufferPointer { row in
        TreeWalk(ensemble).leaves(
          of: row, rounds: 0..<rounds,
          into: UnsafeMutableBufferPointer(rebasing: leaves[index * width..<(index + 1) * width]))
      }
    }
  }
}

/// What rows and margins are made of.
protocol RowValue: BinaryFloatingPoint, BitwiseCopyable {}
extension Float: RowValue {}
extension Double: RowValue {}
