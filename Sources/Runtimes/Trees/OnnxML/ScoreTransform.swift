import Glibc

/// What is done to scores after they were summed: `post_transform`, as ONNX Runtime computes it.
enum ScoreTransform: String, Sendable {
  case none = "NONE"
  case logistic = "LOGISTIC"
  case softmax = "SOFTMAX"
  case softmaxZero = "SOFTMAX_ZERO"
  case probit = "PROBIT"

  /// `TreeEnsemble` of version 5 numbers them.
  init?(number: Int64) {
    switch number {
    case 0: self = .none
    case 1: self = .softmax
    case 2: self = .logistic
    case 3: self = .softmaxZero
    case 4: self = .probit
    default: return nil
    }
  }

  /// Two or more scores of a row.
  func apply<Number: RealNumber>(_ scores: UnsafeMutablePointer<Number>, count: Int) {
    switch self {
    case .none: break
    case .logistic:
      for place in 0..<count { scores[place] = Number(Float.logistic(Float(scores[place]))) }
    case .probit:
      for place in 0..<count { scores[place] = Self.probit(scores[place]) }
    case .softmax: Softmax.apply(scores, count: count)
    case .softmaxZero: Self.softmaxZero(scores, count: count)
    }
  }

  /// As softmax, but scores next to 0 keep out of the sum.
  private static func softmaxZero<Number: RealNumber>(
    _ scores: UnsafeMutablePointer<Number>, count: Int
  ) {
    var largest = -Number.greatestFiniteMagnitude
    for place in 0..<count where scores[place] > largest { largest = scores[place] }
    let scale = Number.exponential(-largest)
    var sum: Number = 0
    for place in 0..<count {
      if abs(scores[place]) > 0.0000001 {
        scores[place] = Number.exponential(scores[place] - largest)
        sum += scores[place]
      } else {
        scores[place] *= scale
      }
    }
    for place in 0..<count { scores[place] /= sum }
  }

  /// The quantile of the normal distribution, by Winitzki's approximation of the inverse error
  /// function with the constants that ONNX Runtime has.
  static func probit<Number: RealNumber>(_ value: Number) -> Number {
    Number(Float(1.41421356) * inverseError(2 * Float(value) - 1))
  }

  private static func inverseError(_ value: Float) -> Float {
    let logarithm = logf((1 - value) * (1 + value))
    let first = 2 / (Float(3.14159) * Float(0.147)) + 0.5 * logarithm
    let second = 1 / Float(0.147) * logarithm
    let root = (-first + (first * first - second).squareRoot()).squareRoot()
    return value < 0 ? -root : root
  }
}
