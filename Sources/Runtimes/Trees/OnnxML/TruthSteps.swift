/// A comparison of two numbers of one kind; false where one is NaN.
enum Comparison: String {
  case equal = "Equal"
  case greater = "Greater"
  case greaterOrEqual = "GreaterOrEqual"
  case less = "Less"
  case lessOrEqual = "LessOrEqual"
}

struct ComparisonStep<Number: Comparable & BitwiseCopyable>: PipelineStep {
  let comparison: Comparison
  let places: PairedPlaces
  let result: Int

  @_specialize(where Number == Float)
  @_specialize(where Number == Double)
  @_specialize(where Number == Int64)
  func run(_ memory: ColumnMemory, rowCount: Int) {
    let left = memory.elements(places.left.place, as: Number.self)
    let right = memory.elements(places.right.place, as: Number.self)
    let result = memory.elements(result, as: UInt8.self)
    @inline(__always) func each(_ body: (Number, Number) -> Bool) {
      places.forEach(rowCount: rowCount) { result[$2] = body(left[$0], right[$1]) ? 1 : 0 }
    }
    switch comparison {
    case .equal: each { $0 == $1 }
    case .greater: each { $0 > $1 }
    case .greaterOrEqual: each { $0 >= $1 }
    case .less: each { $0 < $1 }
    case .lessOrEqual: each { $0 <= $1 }
    }
  }
}

/// `And`, `Or` and `Xor` of truths.
struct ConnectiveStep: PipelineStep {
  enum Connective: String {
    case and = "And"
    case or = "Or"
    case xor = "Xor"
  }

  let connective: Connective
  let places: PairedPlaces
  let result: Int

  func run(_ memory: ColumnMemory, rowCount: Int) {
    let left = memory.elements(places.left.place, as: UInt8.self)
    let right = memory.elements(places.right.place, as: UInt8.self)
    let result = memory.elements(result, as: UInt8.self)
    switch connective {
    case .and: places.forEach(rowCount: rowCount) { result[$2] = left[$0] & right[$1] }
    case .or: places.forEach(rowCount: rowCount) { result[$2] = left[$0] | right[$1] }
    case .xor: places.forEach(rowCount: rowCount) { result[$2] = left[$0] ^ right[$1] }
    }
  }
}

struct NotStep: PipelineStep {
  let source: Int
  let result: Int
  let width: Int

  func run(_ memory: ColumnMemory, rowCount: Int) {
    let source = memory.elements(source, as: UInt8.self)
    let result = memory.elements(result, as: UInt8.self)
    for place in 0..<rowCount * width { result[place] = source[place] ^ 1 }
  }
}

struct IsNaNStep<Number: RealNumber>: PipelineStep {
  let source: Int
  let result: Int
  let width: Int

  @_specialize(where Number == Float)
  @_specialize(where Number == Double)
  func run(_ memory: ColumnMemory, rowCount: Int) {
    let source = memory.elements(source, as: Number.self)
    let result = memory.elements(result, as: UInt8.self)
    for place in 0..<rowCount * width { result[place] = source[place].isNaN ? 1 : 0 }
  }
}

/// `Where`: elements of one size from one or the other operand, as a truth says.
struct ChoiceStep<Element: BitwiseCopyable>: PipelineStep {
  let truth: Operand
  let places: PairedPlaces
  let result: Int

  @_specialize(where Element == UInt32)
  @_specialize(where Element == UInt64)
  func run(_ memory: ColumnMemory, rowCount: Int) {
    let truths = memory.elements(truth.place, as: UInt8.self)
    let left = memory.elements(places.left.place, as: Element.self)
    let right = memory.elements(places.right.place, as: Element.self)
    let result = memory.elements(result, as: Element.self)
    let width = places.width
    places.forEach(rowCount: rowCount) { (fromLeft, fromRight, place) in
      let (row, element) = place.quotientAndRemainder(dividingBy: width)
      let source = truth.sources.isEmpty ? element : truth.sources[element]
      let isTrue = truths[row * truth.rowStride + source] != 0
      result[place] = isTrue ? left[fromLeft] : right[fromRight]
    }
  }
}

/// Values of one kind as another: `Cast` among numbers and truths.
struct CastStep<Source: CastNumber, Result: CastNumber>: PipelineStep {
  let source: Int
  let result: Int
  let width: Int

  @_specialize(where Source == Int64, Result == Float)
  @_specialize(where Source == Float, Result == Int64)
  @_specialize(where Source == Float, Result == Double)
  @_specialize(where Source == Double, Result == Float)
  @_specialize(where Source == Truth, Result == Float)
  @_specialize(where Source == Float, Result == Truth)
  func run(_ memory: ColumnMemory, rowCount: Int) {
    let source = memory.elements(source, as: Source.self)
    let result = memory.elements(result, as: Result.self)
    for place in 0..<rowCount * width { result[place] = Result(casting: source[place]) }
  }
}

/// A number or truth as C++ casts it, and where that is not defined, as x86 processors do.
protocol CastNumber: BitwiseCopyable {
  init(casting source: some CastNumber)
  var asDouble: Double { get }
  /// `nil` for floating-point numbers.
  var asInteger: Int64? { get }
}

extension CastNumber where Self: BinaryFloatingPoint {
  init(casting source: some CastNumber) {
    if let integer = source.asInteger { self = Self(integer) } else { self = Self(source.asDouble) }
  }
  var asDouble: Double { Double(self) }
  var asInteger: Int64? { nil }
}

extension Float: CastNumber {}
extension Double: CastNumber {}

extension Int64: CastNumber {
  init(casting source: some CastNumber) {
    self = source.asInteger ?? Int64(exactly: source.asDouble.rounded(.towardZero)) ?? .min
  }
  var asDouble: Double { Double(self) }
  var asInteger: Int64? { self }
}

extension Int32: CastNumber {
  init(casting source: some CastNumber) {
    self =
      source.asInteger.map { Int32(truncatingIfNeeded: $0) }
      ?? Int32(exactly: source.asDouble.rounded(.towardZero)) ?? .min
  }
  var asDouble: Double { Double(self) }
  var asInteger: Int64? { Int64(self) }
}

/// A truth: 0 or 1.
struct Truth: CastNumber {
  let value: UInt8

  init(casting source: some CastNumber) {
    value = (source.asInteger.map { $0 != 0 } ?? (source.asDouble != 0)) ? 1 : 0
  }
  var asDouble: Double { Double(value) }
  var asInteger: Int64? { Int64(value) }
}
