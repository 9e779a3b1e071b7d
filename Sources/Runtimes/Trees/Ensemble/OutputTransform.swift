import Glibc

/// What the library makes of a row's margins: probabilities, a class, a count.
///
/// It computes in the library's precision and order, so that the last bit is the library's too.
package struct OutputTransform: Sendable, Equatable {
  package var kind: Kind
  package var precision: TreeEnsemble.Precision

  package enum Kind: Sendable, Equatable {
    case identity
    /// 1 / (1 + exp(-slope x)), each output by itself. In Float32 as XGBoost has it, whose slope is
    /// 1: with 1e-16 added to the denominator, and the exponent held below 88.7.
    case sigmoid(slope: Double)
    case exponential
    /// e^x of each output less the largest, divided by their sum.
    case softmax
    /// The place of the largest output, the first of equals.
    case classIndex
    /// 1 above zero, else 0.
    case hinge
    /// x |x|: LightGBM's `reg_sqrt`.
    case signedSquare
    /// log(1 + e^x): LightGBM's `cross_entropy_lambda`.
    case logOnePlusExponential
    /// From the least to the greatest: XGBoost's quantiles, from version 3.4 on.
    case ascending
    /// Each output adds the softplus of its own to the one before: XGBoost's expectiles.
    case risingSteps
  }

  package init(_ kind: Kind, precision: TreeEnsemble.Precision) {
    self.kind = kind
    self.precision = precision
  }

  /// How many predictions come of so many margins.
  package func resultCount(of marginCount: Int) -> Int {
    kind == .classIndex ? 1 : marginCount
  }

  /// Turns the margins of one row into predictions, the first `resultCount` places of it. Values are
  /// of `precision` before and after.
  package func apply(to row: UnsafeMutableBufferPointer<Double>) {
    switch precision {
    case .double: transform(row)
    case .float:
      withUnsafeTemporaryAllocation(of: Float.self, capacity: row.count) { floats in
        for place in row.indices { floats[place] = Float(row[place]) }
        transform(floats)
        for place in row.indices { row[place] = Double(floats[place]) }
      }
    }
  }

  /// The same for margins that lie as Float32; only where that is the precision.
  package func apply(to row: UnsafeMutableBufferPointer<Float>) {
    precondition(precision == .float, "margins of Float64 lie in Float32")
    transform(row)
  }

  private func transform<Value: MarginValue>(_ row: UnsafeMutableBufferPointer<Value>) {
    switch kind {
    case .identity: break
    case .sigmoid(let slope):
      for place in row.indices { row[place] = row[place].sigmoid(slope: Value(slope)) }
    case .exponential:
      for place in row.indices { row[place] = row[place].exponential }
    case .softmax: softmax(row)
    case .classIndex: row[0] = Value(placeOfLargest(row))
    case .hinge:
      for place in row.indices { row[place] = row[place] > 0 ? 1 : 0 }
    case .signedSquare:
      for place in row.indices { row[place] = row[place].signedSquare }
    case .logOnePlusExponential:
      for place in row.indices { row[place] = row[place].exponential.logOnePlus }
    case .ascending:
      var places = row
      places.sort()
    case .risingSteps: riseInSteps(row)
    }
  }

  private func softmax<Value: MarginValue>(_ row: UnsafeMutableBufferPointer<Value>) {
    var largest = row[0]
    for value in row.dropFirst() where value > largest { largest = value }
    // The sum is Float64 in both libraries, and rounded once before the division.
    var sum = 0.0
    for place in row.indices {
      row[place] = (row[place] - largest).exponential
      sum += Double(row[place])
    }
    for place in row.indices { row[place] /= Value(sum) }
  }

  private func placeOfLargest<Value: MarginValue>(_ row: UnsafeMutableBufferPointer<Value>) -> Int {
    var largest = 0
    for place in row.indices where row[place] > row[largest] { largest = place }
    return largest
  }

  private func riseInSteps<Value: MarginValue>(_ row: UnsafeMutableBufferPointer<Value>) {
    for place in row.indices.dropFirst() {
      row[place] = row[place - 1] + (1e-6 + row[place].softplus)
    }
  }
}

/// The two precisions, each with the functions of the C library that the libraries call.
private protocol MarginValue: BinaryFloatingPoint {
  var exponential: Self { get }
  var logOnePlus: Self { get }
  func sigmoid(slope: Self) -> Self
}

extension MarginValue {
  var signedSquare: Self {
    let sign: Self = self > 0 ? 1 : self < 0 ? -1 : 0
    return sign * self * self
  }

  var softplus: Self {
    self > 0 ? self + (-self).exponential.logOnePlus : exponential.logOnePlus
  }
}

extension Double: MarginValue {
  var exponential: Double { exp(self) }
  var logOnePlus: Double { log1p(self) }
  func sigmoid(slope: Double) -> Double { 1 / (1 + (-slope * self).exponential) }
}

extension Float: MarginValue {
  var exponential: Float { expf(self) }
  var logOnePlus: Float { log1pf(self) }
  func sigmoid(slope: Float) -> Float {
    let power = -slope * self
    return 1 / ((power < 88.7 || power.isNaN ? power : 88.7).exponential + 1 + 1e-16)
  }
}
