import Testing

@testable import Trees

/// The committed models, against the answers of the libraries that wrote them.
@Suite struct FixtureAnswersTests {
  static let xgboost = [
    "xgb-reg-squarederror.ubj", "xgb-reg-squaredlogerror.ubj", "xgb-reg-pseudohubererror.ubj",
    "xgb-reg-absoluteerror.ubj", "xgb-reg-gamma.ubj", "xgb-reg-tweedie.ubj",
    "xgb-reg-logistic.ubj", "xgb-reg-quantileerror.ubj", "xgb-count-poisson.json",
    "xgb-binary-logistic.json", "xgb-binary-logitraw.json", "xgb-binary-hinge.json",
    "xgb-multi-softmax.ubj", "xgb-multi-softprob.ubj", "xgb-rank-pairwise.ubj",
    "xgb-rank-ndcg.ubj", "xgb-rank-map.ubj", "xgb-survival-cox.ubj", "xgb-survival-aft.ubj",
    "xgb-dart.json", "xgb-dart-multi.ubj", "xgb-linear.ubj", "xgb-linear-multi.json",
    "xgb-forest.ubj", "xgb-boosted-forest.ubj", "xgb-outputs.ubj", "xgb-outputs-vector.json",
    "xgb-outputs-vector-ubj.ubj", "xgb-pruned.json", "xgb-names.json", "xgb-categories.ubj",
    "xgb-categories-onehot.json", "xgb-base-score.ubj", "xgb-lossguide.ubj", "xgb-stump.ubj",
    "xgb-early-stop.json", "xgb-frame.json", "xgb-frame.ubj", "xgb-old.json",
    "xgb-pickled-state.ubj",
    // Of version 2.1.
    "xgb21-binary.json", "xgb21-poisson.ubj", "xgb21-outputs-vector.ubj",
    "xgb21-outputs-vector-text.json", "xgb21-categories.json", "xgb21-dart.ubj",
    "xgb21-linear.ubj", "xgb21-hinge.ubj",
  ]

  static let lightgbm = [
    "regression", "regression_l1", "huber", "fair", "quantile", "mape", "poisson", "gamma",
    "tweedie", "sqrt", "binary", "multiclass", "multiclassova", "cross-entropy",
    "cross-entropy-lambda", "lambdarank", "rank_xendcg", "dart", "goss", "forest",
    "forest-multiclass", "categories", "zero-missing", "no-missing", "whole", "constant", "linear",
    "custom", "deep", "frame",
  ].map { "lgb-\($0).lgb" }

  static let catboost = [
    "regression", "binary", "multiclass", "one-vs-all", "poisson", "lossguide",
    "lossguide-multiclass", "nan-greatest", "one-hot",
  ].map { "cat-\($0).json" }

  @Test(arguments: xgboost + lightgbm)
  func `margins, predictions and leaves are the library's, bit for bit`(file: String) throws {
    let answers = try LibraryAnswers(file)
    let model = answers.model
    var margins = answers.margins
    // LightGBM hands out the sum of a forest as the margin, and divides it before the transform.
    if case .trees(let ensemble) = model.predictor, ensemble.sum.isAverage {
      margins = margins.map { $0.map { $0 / Double(model.rounds) } }
    }
    #expect(answers.rows.count >= 10)
    #expect(Differences(answers.rows.map { model.margins($0) }, margins) == .none)
    #expect(Differences(answers.rows.map { model.predictions($0) }, answers.predictions) == .none)
    guard !answers.leaves.isEmpty else { return }
    let rounds = 0..<model.defaultRounds
    let leaves = answers.rows.map { model.leaves($0, rounds: rounds) }
    #expect(Differences(leaves, answers.leaves) == .none)
  }

  @Test(arguments: catboost)
  func `margins and predictions are CatBoost's`(file: String) throws {
    let answers = try LibraryAnswers(file)
    let model = answers.model
    #expect(answers.rows.count >= 10)
    #expect(Differences(answers.rows.map { model.margins($0) }, answers.margins).largest < 1e-13)
    let predictions = answers.rows.map { model.predictions($0) }
    #expect(Differences(predictions, answers.predictions).largest < 1e-13)
    guard !answers.leaves.isEmpty else { return }
    #expect(Differences(answers.rows.map { model.leaves($0) }, answers.leaves) == .none)
  }

  @Test(arguments: [
    "xgb-multi-softprob.ubj", "xgb-dart.json", "lgb-multiclass.lgb", "lgb-forest.lgb",
  ])
  func `some rounds of several are the library's, bit for bit`(file: String) throws {
    let model = try LibraryAnswers(file).model
    let answers = try LibraryAnswers("\(file.prefix { $0 != "." })-1-3.answers", of: model)
    var margins = answers.margins
    if model.ensemble.sum.isAverage { margins = margins.map { $0.map { $0 / 2 } } }
    let rows = answers.rows
    #expect(rows.count > 10)
    #expect(Differences(rows.map { model.margins($0, rounds: 1..<3) }, margins) == .none)
    let predictions = rows.map { model.predictions($0, rounds: 1..<3) }
    #expect(Differences(predictions, answers.predictions) == .none)
    // XGBoost tells leaves from the first round on only.
    guard model.format == .lightgbm else { return }
    #expect(Differences(rows.map { model.leaves($0, rounds: 1..<3) }, answers.leaves) == .none)
  }

  @Test func `rounds beyond the last are none, and no round leaves the base`() throws {
    let model = try LibraryAnswers("xgb-base-score.ubj").model
    let row = [Double](repeating: 0.5, count: 5)
    #expect(model.margins(row, rounds: 0..<Int.max) == model.margins(row))
    #expect(model.margins(row, rounds: 7..<9) == model.ensemble.sum.base)
    #expect(model.margins(row, rounds: 0..<0) == model.ensemble.sum.base)
  }

  @Test func `categories beyond the known ones, below zero and with a fraction go XGBoost's way`()
    throws
  {
    let model = try LibraryAnswers("xgb-categories.ubj").model
    let odd = try LibraryAnswers("xgb-odd-categories.answers", of: model)
    #expect(odd.rows.count == 6)
    #expect(Differences(odd.rows.map { model.margins($0) }, odd.margins) == .none)
  }

  @Test func `columns have the names and categories of the frame they were trained on`() throws {
    for file in ["xgb-frame.json", "xgb-frame.ubj", "lgb-frame.lgb"] {
      let model = try LibraryAnswers(file).model
      #expect(model.features.map(\.name) == ["size", "colour", "number"])
      #expect(model.features.map(\.isCategorical) == [false, true, true])
      #expect(model.features[0].categories.isEmpty)
      // XGBoost writes the bytes of letters beyond ASCII, but counts them as one.
      let fourth = model.format == .lightgbm ? "grün" : "plum"
      #expect(
        model.features[1].categories == ["red", "green", "blue", fourth, "grey", "pink"])
      #expect(model.features[2].categories.prefix(3) == ["0", "10", "20"])
    }
  }

  @Test func `names with quotes, spaces and letters beyond ASCII are kept`() throws {
    let model = try LibraryAnswers("xgb-names.json").model
    #expect(model.features.map(\.name) == ["length", "größe", "a b", "x\"y", "last"])
  }

  @Test func `what the file says beside the trees is kept`() throws {
    let stopped = try LibraryAnswers("xgb-early-stop.json").model
    #expect(stopped.bestRounds == stopped.defaultRounds)
    #expect((stopped.bestRounds ?? 0) < stopped.rounds)
    #expect(stopped.metadata["best_iteration"] == "\(stopped.defaultRounds - 1)")
    #expect(stopped.metadata["xgboost_version"] == "3.2.0")
    let forest = try LibraryAnswers("xgb-boosted-forest.ubj").model
    #expect(forest.rounds == 2 && forest.ensemble.sum.treesPerRound == 6)
    let kinds = try LibraryAnswers("cat-multiclass.json").model
    #expect(kinds.classLabels == ["0", "1", "2"] && kinds.objective == "MultiClass")
    let dart = try LibraryAnswers("lgb-dart.lgb").model
    #expect(dart.metadata["boosting"] == "dart" && dart.objective == "binary sigmoid:1")
  }
}
