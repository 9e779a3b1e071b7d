import Inference

/// Which rounds of boosting a request wants, by the names that the libraries have for it.
enum RoundsParameter {
  /// `nil` where the request says nothing of it; otherwise within the rounds that there are.
  ///
  /// - `iteration_range`, as XGBoost has it: `"0,10"`, `"(0, 10)"`, or 10 for the first ten; an end of 0
  ///   is all.
  /// - `ntree_limit`, XGBoost's older name: trees of each output, 0 is all.
  /// - `num_iteration`, LightGBM's: 0 and less is all.
  static func rounds(
    in parameters: [Parameter], of model: TabularModel
  ) throws(RuntimeFault) -> Range<Int>? {
    for parameter in parameters {
      switch parameter.name {
      case "iteration_range": return try range(parameter, model)
      case "ntree_limit":
        let count = try whole(parameter)
        return first(count == 0 ? 0 : max(1, count / model.parallelTreeCount), model)
      case "num_iteration": return first(try whole(parameter, from: .min), model)
      default: continue
      }
    }
    return nil
  }

  private static func first(_ count: Int, _ model: TabularModel) -> Range<Int> {
    0..<(count <= 0 ? model.rounds : min(count, model.rounds))
  }

  private static func range(
    _ parameter: Parameter, _ model: TabularModel
  ) throws(RuntimeFault) -> Range<Int> {
    guard case .string(let text) = parameter.value else {
      return first(try whole(parameter), model)
    }
    let parts = text.split { "()[], ".contains($0) }.map { Int($0) }
    if parts.count == 1, let end = parts[0], end >= 0 { return first(end, model) }
    if parts.count == 2, let start = parts[0], let end = parts[1], start >= 0 {
      let end = end == 0 ? model.rounds : min(end, model.rounds)
      if start < end { return start..<end }
    }
    throw fault(
      parameter, "must be a range of the model's \(model.rounds) rounds such as \"0,10\"")
  }

  private static func whole(
    _ parameter: Parameter, from least: Int = 0
  ) throws(RuntimeFault) -> Int {
    let number: Int? =
      switch parameter.value {
      case .integer(let number): Int(exactly: number)
      case .number(let number): Int(exactly: number)
      case .string(let text): Int(text)
      case .bool: nil
      }
    guard let number, number >= least else {
      throw fault(parameter, "must be a whole number\(least == 0 ? " from 0" : "")")
    }
    return number
  }

  private static func fault(_ parameter: Parameter, _ text: String) -> RuntimeFault {
    RuntimeFault(code: .invalidArgument, message: "parameter `\(parameter.name)` \(text)")
  }
}

extension TabularModel {
  /// Trees of each output in one round.
  var parallelTreeCount: Int {
    guard case .trees(let ensemble) = predictor, let first = ensemble.trees.first else { return 1 }
    let outputsATree = first.leafWidth == 1 ? 1 : ensemble.outputCount
    return max(1, ensemble.sum.treesPerRound * outputsATree / ensemble.outputCount)
  }
}
