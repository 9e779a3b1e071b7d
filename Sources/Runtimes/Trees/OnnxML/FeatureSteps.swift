/// `Scaler`: less an offset, times a scale.
struct ScalerStep<Number: RealNumber>: PipelineStep {
  let source: Int
  /// Of each column.
  let offsets: [Float]
  let scales: [Float]
  let width: Int
  let result: Int

  @_specialize(where Number == Float)
  @_specialize(where Number == Double)
  func run(_ memory: ColumnMemory, rowCount: Int) {
    let source = memory.elements(source, as: Number.self)
    let result = memory.elements(result, as: Float.self)
    offsets.withUnsafeBufferPointer { offsets in
      scales.withUnsafeBufferPointer { scales in
        for row in 0..<rowCount {
          for column in 0..<width {
            let place = row * width + column
            result[place] = Float(
              (source[place] - Number(offsets[column])) * Number(scales[column]))
          }
        }
      }
    }
  }
}

/// `Imputer`: one value, which may be NaN, replaced by another, each column's own or one for all.
struct ImputerStep<Number: Comparable & BitwiseCopyable & Sendable>: PipelineStep {
  let source: Int
  let replaced: Number
  let replacements: [Number]
  let width: Int
  let result: Int

  @_specialize(where Number == Float)
  @_specialize(where Number == Int64)
  func run(_ memory: ColumnMemory, rowCount: Int) {
    let source = memory.elements(source, as: Number.self)
    let result = memory.elements(result, as: Number.self)
    // What is not equal to itself is NaN.
    let replacesNaN = replaced != replaced
    replacements.withUnsafeBufferPointer { replacements in
      for row in 0..<rowCount {
        for column in 0..<width {
          let value = source[row * width + column]
          let isReplaced = value == replaced || (replacesNaN && value != value)
          result[row * width + column] =
            isReplaced ? replacements[replacements.count == width ? column : 0] : value
        }
      }
    }
  }
}

/// `Binarizer`: 1 above a threshold, otherwise 0; NaN is an error of its row.
struct BinarizerStep: PipelineStep {
  let source: Int
  let threshold: Float
  let width: Int
  let result: Int

  func run(_ memory: ColumnMemory, rowCount: Int) {
    let source = memory.elements(source, as: Float.self)
    let result = memory.elements(result, as: Float.self)
    for place in 0..<rowCount * width {
      result[place] = source[place] > threshold ? 1 : 0
      if source[place].isNaN { memory.fail(place / width, "'Binarizer' takes no NaN") }
    }
  }
}

/// `Normalizer`: rows divided by their largest value, the sum of their magnitudes, or their length;
/// a row where that is 0 stays as it is.
struct NormalizerStep: PipelineStep {
  enum Norm: String {
    case max = "MAX"
    case l1 = "L1"
    case l2 = "L2"
  }

  let norm: Norm
  let source: Int
  let width: Int
  let result: Int

  func run(_ memory: ColumnMemory, rowCount: Int) {
    for row in 0..<rowCount {
      let source = memory.elements(source, as: Float.self) + row * width
      let result = memory.elements(result, as: Float.self) + row * width
      switch norm {
      case .max: divide(source, by: largest(source), result)
      case .l1: divide(source, by: sum(source) { abs($0) }, result)
      case .l2: divideByLength(source, result)
      }
    }
  }

  private func largest(_ source: UnsafeMutablePointer<Float>) -> Float {
    var largest = -Float.greatestFiniteMagnitude
    for column in 0..<width where largest < source[column] { largest = source[column] }
    return largest
  }

  private func sum(
    _ source: UnsafeMutablePointer<Float>, _ measure: (Float) -> Float
  ) -> Float {
    var sum: Float = 0
    for column in 0..<width { sum += measure(source[column]) }
    return sum
  }

  private func divide(
    _ source: UnsafeMutablePointer<Float>, by divisor: Float,
    _ result: UnsafeMutablePointer<Float>
  ) {
    for column in 0..<width {
      result[column] = divisor == 0 ? source[column] : source[column] / divisor
    }
  }

  /// The root of a square's share, with the value's sign, as ONNX Runtime rounds it.
  private func divideByLength(
    _ source: UnsafeMutablePointer<Float>, _ result: UnsafeMutablePointer<Float>
  ) {
    let squares = sum(source) { $0 * $0 }
    for column in 0..<width {
      let value = source[column]
      if squares == 0 {
        result[column] = value
      } else {
        let share = (value * value / squares).squareRoot()
        result[column] = value < 0 ? -share : share
      }
    }
  }
}
