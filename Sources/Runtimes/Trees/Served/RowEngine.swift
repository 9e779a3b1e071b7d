import Inference

/// What computes a model's rows, shared by its instances.
enum RowComputer: Sendable {
  case compiled(CompiledEnsemble)
  case linear(LinearPredictor)

  init(_ predictor: TabularModel.Predictor) throws(RuntimeFault) {
    switch predictor {
    case .trees(let ensemble): self = .compiled(try CompiledEnsemble(ensemble))
    case .linear(let linear): self = .linear(linear)
    }
  }

  /// Bytes of memory that it holds.
  var byteCount: Int {
    switch self {
    case .compiled(let ensemble): ensemble.byteCount
    case .linear(let linear): (linear.weights.count + 2 * linear.bias.count) * 4
    }
  }
}

/// Computes margins, leaves and contributions of rows for one instance, in memory of its own.
///
/// Rows lie as the model's input has them, margins as the library hands them out: Float32 or Float64.
/// Not `Sendable`: one thread at a time.
final class RowEngine {
  private let model: TabularModel
  private let computer: RowComputer
  private let scratch: TreeScratch?
  /// A row and its answer in Float64, for what is computed row by row.
  private var row: [Double]
  private var numbers: [Double]

  init(_ model: TabularModel, _ computer: RowComputer) {
    self.model = model
    self.computer = computer
    scratch =
      if case .compiled(let ensemble) = computer { ensemble.makeScratch() } else { nil }
    row = [Double](repeating: 0, count: model.featureCount)
    numbers = [Double](repeating: 0, count: model.outputCount * (model.featureCount + 1))
  }

  func margins<Input: TreeScalar, Margin: TreeScalar>(
    of rows: UnsafeBufferPointer<Input>, rowCount: Int,
    into margins: UnsafeMutableBufferPointer<Margin>, rounds: Range<Int>
  ) {
    if case .compiled(let ensemble) = computer, let scratch {
      return ensemble.margins(
        of: rows, rowCount: rowCount, into: margins, rounds: rounds, scratch: scratch)
    }
    each(rows, rowCount, into: margins, count: model.outputCount) { row, numbers in
      model.margins(of: row, rounds: rounds, into: numbers)
    }
  }

  /// A number for each tree of the rounds in each row.
  func leaves<Input: TreeScalar>(
    of rows: UnsafeBufferPointer<Input>, rowCount: Int,
    into leaves: UnsafeMutableBufferPointer<Int32>, rounds: Range<Int>
  ) {
    guard case .compiled(let ensemble) = computer, let scratch else { return }
    ensemble.leaves(
      of: rows, rowCount: rowCount, into: leaves, rounds: rounds, scratch: scratch)
  }

  /// For each output one place a column and one for what is expected without any.
  func contributions<Input: TreeScalar, Number: TreeScalar>(
    of rows: UnsafeBufferPointer<Input>, rowCount: Int,
    into contributions: UnsafeMutableBufferPointer<Number>, rounds: Range<Int>
  ) {
    each(rows, rowCount, into: contributions, count: numbers.count) { row, numbers in
      model.contributions(of: row, rounds: rounds, into: numbers)
    }
  }

  /// Calls `compute` with each row in Float64, and writes the numbers that it gives.
  private func each<Input: TreeScalar, Number: TreeScalar>(
    _ rows: UnsafeBufferPointer<Input>, _ rowCount: Int,
    into target: UnsafeMutableBufferPointer<Number>, count: Int,
    _ compute: (UnsafeBufferPointer<Double>, UnsafeMutableBufferPointer<Double>) -> Void
  ) {
    row.withUnsafeMutableBufferPointer { row in
      numbers.withUnsafeMutableBufferPointer { numbers in
        let found = UnsafeMutableBufferPointer(rebasing: numbers[..<count])
        for index in 0..<rowCount {
          for column in row.indices { row[column] = Double(rows[index * row.count + column]) }
          compute(UnsafeBufferPointer(row), found)
          for place in 0..<count { target[index * count + place] = Number(found[place]) }
        }
      }
    }
  }
}
