import Glibc

/// What an objective of XGBoost means for predictions: how the base score becomes a margin, and how
/// margins become predictions.
struct XGBoostObjective {
  var link: Link
  var transform: OutputTransform.Kind

  enum Link {
    case identity, logit, logarithm, risingSteps
  }

  /// - Parameter version: the one that wrote the file, major and minor.
  init?(_ name: String, version: (Int, Int)) {
    link = .identity
    transform = .identity
    switch name {
    case "reg:squarederror", "reg:linear", "reg:squaredlogerror", "reg:pseudohubererror",
      "reg:absoluteerror", "binary:logitraw", "rank:pairwise", "rank:ndcg", "rank:map":
      break
    case "reg:logistic", "binary:logistic":
      link = .logit
      transform = .sigmoid(slope: 1)
    case "count:poisson", "reg:gamma", "reg:tweedie", "survival:cox", "survival:aft":
      link = .logarithm
      transform = .exponential
    case "binary:hinge": transform = .hinge
    case "multi:softmax": transform = .classIndex
    case "multi:softprob": transform = .softmax
    case "reg:quantileerror": transform = version >= (3, 4) ? .ascending : .identity
    case "reg:expectileerror":
      link = .risingSteps
      transform = .risingSteps
    default: return nil
    }
  }

  /// In Float32, as XGBoost computes it when it loads a model.
  func margins(ofBase base: [Float]) -> [Float] {
    switch link {
    case .identity: base
    case .logit:
      // Every label the same gives 0 or 1, which XGBoost keeps a millionth away from.
      base.map { -logf(1 / min(max($0, 1e-6), 1 - 1e-6) - 1) }
    case .logarithm: base.map { logf($0) }
    case .risingSteps:
      base.indices.map { place in
        guard place > 0 else { return base[place] }
        let step = max(base[place] - base[place - 1] - 1e-6, 1e-6)
        return step + logf(-expm1f(-step))
      }
    }
  }
}
