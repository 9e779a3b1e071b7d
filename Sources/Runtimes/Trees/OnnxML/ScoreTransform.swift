/// What is done to scores after they were summed: `post_transform`, as ONNX Runtime computes it.
///
/// `PROBIT` is left to ONNX Runtime: its approximation in Float32 loses digits in a way of its own.
enum ScoreTransform: String, Sendable {
  case none = "NONE"
  case logistic = "LOGISTIC"
  case softmax = "SOFTMAX"
  case softmaxZero = "SOFTMAX_ZERO"

  init(name: String) throws(PipelineObstacle) {
    if name == "PROBIT" { throw .notComputed("'PROBIT'") }
    guard let transform = ScoreTransform(rawValue: name) else {
      throw .corrupt("there is the unknown transform '\(name)'")
    }
    self = transform
  }

  /// As version 5 of `TreeEnsemble` numbers them. The operator's text has 1 and 2 the other way round;
  /// this is how ONNX Runtime reads them.
  init(number: Int64) throws(PipelineObstacle) {
    switch number {
    case 0: self = .none
    case 1: self = .logistic
    case 2: self = .softmax
    case 3: self = .softmaxZero
    case 4: throw .notComputed("'PROBIT'")
    default: throw .corrupt("there is the unknown transform \(number)")
    }
  }

  /// Two or more scores of a row.
  func apply<Number: RealNumber>(_ scores: UnsafeMutablePointer<Number>, count: Int) {
    switch self {
    case .none: break
    case .logistic:
      for place in 0..<count { scores[place] = Number(Float.logistic(Float(scores[place]))) }
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
}
