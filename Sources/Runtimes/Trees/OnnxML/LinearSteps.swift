import Kernels

/// Products of each row with a matrix, and intercepts: what `MatMul`, `Gemm`, `LinearClassifier` and
/// `LinearRegressor` have in common.
///
/// Each product is added with one rounding, in the order of the columns, and the intercept last, as
/// ONNX Runtime's kernels do where a row is not long.
struct MatrixStep<Number: RealNumber>: PipelineStep {
  let source: Int
  let width: Int
  /// Among the constants: a coefficient for each output, column after column.
  let coefficients: Int
  /// Among the constants, one for each output.
  let intercepts: Int?
  let outputCount: Int
  /// What a product is multiplied with before the intercept is added; `Gemm`'s alpha.
  var factor: Number = 1
  let result: Int

  @_specialize(where Number == Float)
  @_specialize(where Number == Double)
  func run(_ memory: ColumnMemory, rowCount: Int) {
    let result = memory.elements(result, as: Number.self)
    Number.products(
      of: memory.elements(source, as: Number.self), rowCount: rowCount, width: width,
      memory.elements(coefficients, as: Number.self), outputCount: outputCount, into: result)
    let intercepts = intercepts.map { memory.elements($0, as: Number.self) }
    for row in 0..<rowCount {
      for output in 0..<outputCount {
        let place = row * outputCount + output
        result[place] = factor * result[place] + (intercepts?[output] ?? 0)
      }
    }
  }

  /// From a coefficient for each column, output after output, to the order in which they are read.
  static func picks(width: Int, outputCount: Int) -> [Int] {
    (0..<width).flatMap { column in (0..<outputCount).map { $0 * width + column } }
  }
}

/// What this processor computes products with.
private let productVariant = apus_best_variant()

extension Float {
  static func products(
    of rows: UnsafeMutablePointer<Float>, rowCount: Int, width: Int,
    _ coefficients: UnsafeMutablePointer<Float>, outputCount: Int,
    into result: UnsafeMutablePointer<Float>
  ) {
    apus_products_float(
      productVariant, rows, rowCount, width, coefficients, outputCount, result)
  }
}

extension Double {
  static func products(
    of rows: UnsafeMutablePointer<Double>, rowCount: Int, width: Int,
    _ coefficients: UnsafeMutablePointer<Double>, outputCount: Int,
    into result: UnsafeMutablePointer<Double>
  ) {
    apus_products_double(
      productVariant, rows, rowCount, width, coefficients, outputCount, result)
  }
}

/// `LinearClassifier` after the products: the class with the largest score, then the scores'
/// transform.
struct LinearClassStep: PipelineStep {
  /// Scores, of which the results are made in place where there is no second class to add.
  let scores: Int
  let scoreCount: Int
  let transform: ScoreTransform
  /// One score stands for two classes: it is the second's, and the first has what is left of 1; no
  /// transform but `LOGISTIC` changes that.
  let addsSecondClass: Bool
  let labels: LabelWriter
  let result: Int

  func run(_ memory: ColumnMemory, rowCount: Int) {
    for row in 0..<rowCount {
      let scores = memory.elements(scores, as: Float.self) + row * scoreCount
      labels.write(memory, row: row, choice(scores))
      if addsSecondClass {
        let result = memory.elements(result, as: Float.self) + row * 2
        (result[0], result[1]) =
          transform == .logistic ? Float.logisticPair(scores[0]) : (1 - scores[0], scores[0])
      } else {
        let result = memory.elements(result, as: Float.self) + row * scoreCount
        result.update(from: scores, count: scoreCount)
        transform.apply(result, count: scoreCount)
      }
    }
  }

  private func choice(_ scores: UnsafeMutablePointer<Float>) -> Int {
    if scoreCount == 1 { return scores[0] > 0 ? 1 : 0 }
    var best = 0
    for place in 1..<scoreCount where scores[place] > scores[best] { best = place }
    return best
  }
}

/// Writes a row's label: one of a classifier's, which are numbers or strings.
struct LabelWriter: Sendable {
  enum Labels: Sendable {
    case numbers([Int64])
    case texts(TextSlots)
  }

  let labels: Labels
  let column: Int

  func write(_ memory: ColumnMemory, row: Int, _ choice: Int) {
    switch labels {
    case .numbers(let all): memory.elements(column, as: Int64.self)[row] = all[choice]
    case .texts(let all): memory.elements(column, as: TextSlot.self)[row] = all[choice]
    }
  }
}

/// Transforms a regression's scores in place, of which there are several: a single one stays as it is
/// whatever the file says, as ONNX Runtime has it.
struct RegressionTransformStep<Number: RealNumber>: PipelineStep {
  let transform: ScoreTransform
  let scores: Int
  let scoreCount: Int

  @_specialize(where Number == Float)
  @_specialize(where Number == Double)
  func run(_ memory: ColumnMemory, rowCount: Int) {
    for row in 0..<rowCount {
      transform.apply(
        memory.elements(scores, as: Number.self) + row * scoreCount, count: scoreCount)
    }
  }
}
