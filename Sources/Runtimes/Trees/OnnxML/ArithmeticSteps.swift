import Glibc

/// An operation on one number.
enum UnaryOperation: String {
  case abs = "Abs"
  case ceil = "Ceil"
  case exp = "Exp"
  case floor = "Floor"
  case log = "Log"
  case negative = "Neg"
  case reciprocal = "Reciprocal"
  case rectified = "Relu"
  case sigmoid = "Sigmoid"
  case squareRoot = "Sqrt"
  case tanh = "Tanh"

  /// In the precision of `Number`; ONNX Runtime's own exponential functions differ in the last bits.
  func apply<Number: RealNumber>(
    _ source: UnsafeMutablePointer<Number>, _ result: UnsafeMutablePointer<Number>, count: Int
  ) {
    @inline(__always) func each(_ body: (Number) -> Number) {
      for place in 0..<count { result[place] = body(source[place]) }
    }
    switch self {
    case .abs: each { Swift.abs($0) }
    case .ceil: each { $0.rounded(.up) }
    case .exp: each { Number.exponential($0) }
    case .floor: each { $0.rounded(.down) }
    case .log: each { Number.logarithm($0) }
    case .negative: each { -$0 }
    case .reciprocal: each { 1 / $0 }
    case .rectified: each { $0 < 0 ? 0 : $0 }
    case .sigmoid: each { Number.logistic($0) }
    case .squareRoot: each { $0.squareRoot() }
    case .tanh: each { Number.hyperbolicTangent($0) }
    }
  }
}

/// `Float` and `Double` with the functions of the C library in their precision.
protocol RealNumber: BinaryFloatingPoint, BitwiseCopyable, Sendable {
  static func exponential(_ value: Self) -> Self
  static func logarithm(_ value: Self) -> Self
  static func hyperbolicTangent(_ value: Self) -> Self
  static func power(_ base: Self, _ exponent: Self) -> Self
  /// Products of rows with a matrix, which has `outputCount` coefficients for each of their columns.
  static func products(
    of rows: UnsafeMutablePointer<Self>, rowCount: Int, width: Int,
    _ coefficients: UnsafeMutablePointer<Self>, outputCount: Int,
    into result: UnsafeMutablePointer<Self>)
}

extension RealNumber {
  /// Without overflow at either end.
  static func logistic(_ value: Self) -> Self {
    let share = 1 / (1 + exponential(-Swift.abs(value)))
    return value < 0 ? 1 - share : share
  }

  /// The logistic functions of a value's negative and of the value, at the cost of one.
  static func logisticPair(_ value: Self) -> (negative: Self, positive: Self) {
    let share = 1 / (1 + exponential(-Swift.abs(value)))
    // Of zero, and of what is no number, both are the same.
    return value < 0 ? (share, 1 - share) : value > 0 ? (1 - share, share) : (share, share)
  }
}

extension Float: RealNumber {
  static func exponential(_ value: Float) -> Float { expf(value) }
  static func logarithm(_ value: Float) -> Float { logf(value) }
  static func hyperbolicTangent(_ value: Float) -> Float { tanhf(value) }
  static func power(_ base: Float, _ exponent: Float) -> Float { powf(base, exponent) }
}

extension Double: RealNumber {
  static func exponential(_ value: Double) -> Double { exp(value) }
  static func logarithm(_ value: Double) -> Double { log(value) }
  static func hyperbolicTangent(_ value: Double) -> Double { tanh(value) }
  static func power(_ base: Double, _ exponent: Double) -> Double { pow(base, exponent) }
}

struct UnaryStep<Number: RealNumber>: PipelineStep {
  let operation: UnaryOperation
  let source: Int
  let result: Int
  let width: Int

  @_specialize(where Number == Float)
  @_specialize(where Number == Double)
  func run(_ memory: ColumnMemory, rowCount: Int) {
    operation.apply(
      memory.elements(source, as: Number.self), memory.elements(result, as: Number.self),
      count: rowCount * width)
  }
}

/// Calls `body` with the places of both operands' elements and the result's, row by row.
struct PairedPlaces: Sendable {
  let left: Operand
  let right: Operand
  let width: Int

  @inline(__always)
  func forEach(rowCount: Int, _ body: (_ left: Int, _ right: Int, _ result: Int) -> Void) {
    // The usual operands, without a question for each element, so that several are computed at once.
    if left.sources.isEmpty, right.sources.isEmpty {
      for row in 0..<rowCount {
        let (leftRow, rightRow) = (row * left.rowStride, row * right.rowStride)
        for place in 0..<width { body(leftRow + place, rightRow + place, row * width + place) }
      }
      return
    }
    left.sources.withUnsafeBufferPointer { leftSources in
      right.sources.withUnsafeBufferPointer { rightSources in
        for row in 0..<rowCount {
          let (leftRow, rightRow) = (row * left.rowStride, row * right.rowStride)
          for place in 0..<width {
            body(
              leftRow + (leftSources.isEmpty ? place : leftSources[place]),
              rightRow + (rightSources.isEmpty ? place : rightSources[place]),
              row * width + place)
          }
        }
      }
    }
  }
}

/// An operation on two numbers of one kind.
enum BinaryOperation: String {
  case add = "Add"
  case divide = "Div"
  case maximum = "Max"
  case minimum = "Min"
  case multiply = "Mul"
  case power = "Pow"
  case subtract = "Sub"
}

struct BinaryStep<Number: RealNumber>: PipelineStep {
  let operation: BinaryOperation
  let places: PairedPlaces
  let result: Int

  @_specialize(where Number == Float)
  @_specialize(where Number == Double)
  func run(_ memory: ColumnMemory, rowCount: Int) {
    let left = memory.elements(places.left.place, as: Number.self)
    let right = memory.elements(places.right.place, as: Number.self)
    let result = memory.elements(result, as: Number.self)
    @inline(__always) func each(_ body: (Number, Number) -> Number) {
      places.forEach(rowCount: rowCount) { result[$2] = body(left[$0], right[$1]) }
    }
    switch operation {
    case .add: each { $0 + $1 }
    case .divide: each { $0 / $1 }
    case .maximum: each { $0.isNaN || $0 > $1 ? $0 : $1 }
    case .minimum: each { $0.isNaN || $0 < $1 ? $0 : $1 }
    case .multiply: each { $0 * $1 }
    case .power: each { Number.power($0, $1) }
    case .subtract: each { $0 - $1 }
    }
  }
}

/// As `BinaryStep` for whole numbers, which wrap around.
struct IntegerStep<Number: FixedWidthInteger & BitwiseCopyable & Sendable>: PipelineStep {
  enum Operation: String {
    case add = "Add"
    case multiply = "Mul"
    case subtract = "Sub"
  }

  let operation: Operation
  let places: PairedPlaces
  let result: Int

  @_specialize(where Number == Int64)
  func run(_ memory: ColumnMemory, rowCount: Int) {
    let left = memory.elements(places.left.place, as: Number.self)
    let right = memory.elements(places.right.place, as: Number.self)
    let result = memory.elements(result, as: Number.self)
    @inline(__always) func each(_ body: (Number, Number) -> Number) {
      places.forEach(rowCount: rowCount) { result[$2] = body(left[$0], right[$1]) }
    }
    switch operation {
    case .add: each { $0 &+ $1 }
    case .multiply: each { $0 &* $1 }
    case .subtract: each { $0 &- $1 }
    }
  }
}
