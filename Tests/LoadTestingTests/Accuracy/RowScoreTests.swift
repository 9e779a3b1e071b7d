import Testing

@testable import LoadTesting

@Suite struct RowScoreTests {
  private func values(
    truths: [String], _ answers: RowScore.Answers, names: [String] = []
  ) throws -> [String: Double] {
    let figures = try RowScore(truths: truths, answers: answers, names: names).figures()
    return Dictionary(
      uniqueKeysWithValues: figures.compactMap { each in each.value.map { (each.name, $0) } })
  }

  /// The example of scikit-learn's `roc_auc_score`, and one with ties.
  @Test func `the area under the curve counts ties half`() throws {
    let area = BinaryCurve.area(
      scores: [0.1, 0.4, 0.35, 0.8], isTrue: [false, false, true, true])
    #expect(area == 0.75)
    let tied = BinaryCurve.area(scores: [0.5, 0.5, 0.5, 0.9], isTrue: [false, true, false, true])
    #expect(tied == 0.75)
    #expect(BinaryCurve.area(scores: [1, 1], isTrue: [true, false]) == 0.5)
    #expect(BinaryCurve.area(scores: [1, 2], isTrue: [true, true]) == nil)
    #expect(BinaryCurve.area(scores: [.nan, 2], isTrue: [true, false]) == nil)
  }

  /// scikit-learn: `log_loss(y, p)` 0.21616187468057912 for the example of its documentation.
  @Test func `log loss is that of scikit-learn's example`() throws {
    let scores: [[Double]] = [[0.1, 0.9], [0.9, 0.1], [0.8, 0.2], [0.35, 0.65]]
    let values = try values(
      truths: ["spam", "ham", "ham", "spam"], .init(scores: scores))
    #expect((try #require(values["log_loss"]) - 0.21616187468057912).magnitude < 1e-12)
    #expect(values["accuracy"] == 1)
    #expect(values["auc"] == 1)
  }

  @Test func `labels are matched as numbers, as texts, and through the model's names`() throws {
    #expect(try values(truths: ["1", "0.0"], .init(labels: ["1.0", "0"]))["accuracy"] == 1)
    #expect(try values(truths: ["a", "b"], .init(labels: ["a", "a"]))["accuracy"] == 0.5)
    let named = try values(
      truths: ["setosa", "virginica"], .init(labels: ["0", "2"]),
      names: ["setosa", "versicolor", "virginica"])
    #expect(named["accuracy"] == 1)
  }

  @Test func `scores of classes without names are in the order of the labels`() throws {
    let scores: [[Double]] = [[0.7, 0.2, 0.1], [0.1, 0.1, 0.8], [0.3, 0.4, 0.3]]
    let values = try values(truths: ["ant", "cat", "bee"], .init(scores: scores))
    #expect(values["accuracy"] == 1)
  }

  @Test func `a label that is no class is an error and not a wrong answer`() {
    #expect(throws: AccuracyProblem.self) {
      try RowScore(
        truths: ["9"], answers: .init(scores: [[0.5, 0.5]]), names: ["a", "b"]
      ).figures()
    }
    #expect(throws: AccuracyProblem.self) {
      try RowScore(
        truths: ["a", "b", "c"], answers: .init(scores: [[1, 0], [1, 0], [1, 0]]), names: []
      )
      .figures()
    }
    #expect(throws: AccuracyProblem.self) {
      try RowScore(truths: ["many"], answers: .init(values: [1.5]), names: []).figures()
    }
  }

  @Test func `one number from 0 to 1 is how likely 1 is`() throws {
    let values = try values(
      truths: ["1", "0", "1", "0"], .init(values: [0.9, 0.2, 0.4, 0.4]))
    #expect(values["accuracy"] == 0.75)
    #expect(values["auc"] == 0.875)
    #expect(values["log_loss"] != nil)
  }

  @Test func `other numbers are near or far`() throws {
    let values = try values(truths: ["3", "-0.5", "2", "7"], .init(values: [2.5, 0, 2, 8]))
    #expect((try #require(values["rmse"]) - 0.375.squareRoot()).magnitude < 1e-12)
    #expect((try #require(values["r2"]) - 0.9486081370449679).magnitude < 1e-12)
  }

  @Test func `whole numbers against whole labels are classes`() throws {
    #expect(try values(truths: ["2", "1"], .init(values: [2, 0]))["accuracy"] == 0.5)
  }
}
