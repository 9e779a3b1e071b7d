/// What an objective of LightGBM makes of margins. Its words are the name and `name:value` pairs.
struct LightGBMObjective {
  var transform: OutputTransform.Kind

  /// - Parameter text: what the file says; nil where it says nothing, as of an objective of the
  ///   trainer's own, whose margins are the predictions.
  init(_ text: String?) throws(FormatProblem) {
    let words = (text ?? "custom").split(separator: " ")
    let slope = words.compactMap { word in
      word.hasPrefix("sigmoid:") ? Double(word.dropFirst("sigmoid:".count)) : nil
    }.first
    switch words.first {
    case "binary", "multiclassova":
      guard let slope, slope > 0 else {
        throw FormatProblem("the objective \(text ?? "") has no sigmoid above zero")
      }
      transform = .sigmoid(slope: slope)
    case "cross_entropy", "xentropy": transform = .sigmoid(slope: 1)
    case "cross_entropy_lambda", "xentlambda": transform = .logOnePlusExponential
    case "multiclass", "softmax": transform = .softmax
    case "poisson", "gamma", "tweedie": transform = .exponential
    case "regression", "regression_l1", "quantile", "mape", "fair":
      transform = words.contains("sqrt") ? .signedSquare : .identity
    case "huber", "lambdarank", "rank_xendcg", "custom", "none", nil: transform = .identity
    default:
      throw FormatProblem(
        "the objective \(text?.prefix(80) ?? "") is not one of LightGBM's own, so what its margins "
          + "mean is not known")
    }
  }
}
