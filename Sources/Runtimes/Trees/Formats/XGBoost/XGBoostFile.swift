/// What was read of a file of XGBoost, and what it amounts to.
struct XGBoostFile {
  var hasLearner = false
  var version: [Int] = []
  var attributes: [String: String] = [:]
  var featureNames: [String] = []
  var featureTypes: [String] = []
  var categories: [[String]] = []
  var objective = "reg:squarederror"
  var baseScore = "0.5"
  var classCount = 0
  var targetCount = 1
  var featureCount = 0
  var parallelTrees = 1
  var trees: [DecisionTree] = []
  var treeOutputs: [Int] = []
  var roundStarts: [Int] = []
  var treeWeights: [Float] = []
  var isLinear = false
  var weights: [Float] = []

  private var outputCount: Int { max(classCount, targetCount, 1) }

  func model(fileBytes: Int) throws(FormatProblem) -> TabularModel {
    guard hasLearner else { throw FormatProblem("there is no learner in it") }
    guard isLinear || !trees.isEmpty else {
      throw FormatProblem("there are no trees in it: a model that was not trained?")
    }
    try FormatLimits.checkDeclared(featureCount, "columns", fileBytes: fileBytes)
    try FormatLimits.checkDeclared(outputCount, "outputs", fileBytes: fileBytes)
    let numbers = (version.first ?? 1, version.dropFirst().first ?? 0)
    guard let meaning = XGBoostObjective(objective, version: numbers) else {
      throw FormatProblem(
        "the objective \(objective.prefix(80)) is not one of XGBoost's own, so what its margins "
          + "mean is not known")
    }
    let base = meaning.margins(ofBase: try baseScores())
    let predictor = isLinear ? try linear(base) : .trees(try ensemble(base))
    let rounds = isLinear ? 0 : trees.count / (try treesPerRound())
    return TabularModel(
      features: try features(), predictor: predictor,
      transform: OutputTransform(meaning.transform, precision: .float), objective: objective,
      format: .xgboost, rounds: rounds, bestRounds: isLinear ? nil : bestRounds(of: rounds),
      metadata: metadata)
  }

  /// One value, in brackets since version 3.1, or one for each output.
  private func baseScores() throws(FormatProblem) -> [Float] {
    var text = baseScore
    var scores: [Float] = []
    text.withUTF8 { utf8 in
      let bytes = UnsafeRawBufferPointer(utf8)
      var place = 0
      while place < bytes.count {
        if let number = DecimalText(bytes, at: &place) {
          scores.append(number.float(of: bytes))
        } else {
          place += 1
        }
      }
    }
    guard scores.count == 1 || scores.count == outputCount else {
      throw FormatProblem("its base score is \(baseScore.prefix(80)), for \(outputCount) outputs")
    }
    return scores.count == 1 ? Array(repeating: scores[0], count: outputCount) : scores
  }

  private func linear(_ base: [Float]) throws(FormatProblem) -> TabularModel.Predictor {
    guard weights.count == (featureCount + 1) * outputCount else {
      throw FormatProblem(
        "\(weights.count) weights for \(featureCount) columns and \(outputCount) outputs")
    }
    // XGBoost's linear booster adds the first output's base score to every output.
    return .linear(
      LinearPredictor(
        weights: Array(weights.dropLast(outputCount)), bias: Array(weights.suffix(outputCount)),
        base: Array(repeating: base[0], count: outputCount)))
  }

  private func ensemble(_ base: [Float]) throws(FormatProblem) -> TreeEnsemble {
    guard treeOutputs.count == trees.count else {
      throw FormatProblem("\(trees.count) trees, and outputs for \(treeOutputs.count)")
    }
    guard treeWeights.count <= trees.count else {
      throw FormatProblem("\(trees.count) trees, and weights for \(treeWeights.count)")
    }
    var placed = trees
    for place in placed.indices {
      placed[place].output = treeOutputs[place]
      if place < treeWeights.count { placed[place].weight = Double(treeWeights[place]) }
    }
    return TreeEnsemble(
      trees: placed, featureCount: featureCount, outputCount: outputCount,
      sum: LeafSum(
        precision: .float, base: base.map(Double.init), startsWithBase: true,
        treesPerRound: try treesPerRound()),
      inputPrecision: .float)
  }

  private func treesPerRound() throws(FormatProblem) -> Int {
    guard roundStarts.count > 1 else {
      let isVector = trees.first.map { $0.leafWidth > 1 } ?? false
      let count = parallelTrees.multipliedReportingOverflow(by: isVector ? 1 : outputCount)
      guard !count.overflow, trees.count % count.partialValue == 0 else {
        throw FormatProblem("\(trees.count) trees are not a number of whole rounds")
      }
      return count.partialValue
    }
    let count = roundStarts[1] &- roundStarts[0]
    guard roundStarts[0] == 0, roundStarts.last == trees.count, count > 0,
      zip(roundStarts, roundStarts.dropFirst()).allSatisfy({ $1 &- $0 == count })
    else { throw FormatProblem("its rounds are not of \(count) trees each") }
    return count
  }

  private func bestRounds(of rounds: Int) -> Int? {
    guard let text = attributes["best_iteration"], let best = Int(text), best >= 0, best < rounds
    else { return nil }
    return best + 1
  }

  private func features() throws(FormatProblem) -> [TabularFeature] {
    guard featureNames.isEmpty || featureNames.count == featureCount else {
      throw FormatProblem("\(featureNames.count) names of \(featureCount) columns")
    }
    return (0..<featureCount).map { place in
      TabularFeature(
        name: featureNames.isEmpty ? nil : featureNames[place],
        isCategorical: place < featureTypes.count && featureTypes[place] == "c",
        categories: place < categories.count ? categories[place] : [])
    }
  }

  private var metadata: [String: String] {
    var metadata = attributes
    if !version.isEmpty {
      metadata["xgboost_version"] = version.map(String.init).joined(separator: ".")
    }
    return metadata
  }
}
