import Testing

@testable import Trees

@Suite struct ContributionsTests {
  static let files = (FixtureAnswersTests.xgboost + FixtureAnswersTests.lightgbm).filter {
    (try? LibraryAnswers($0).contributions.isEmpty) == false
  }

  @Test(arguments: files)
  func `contributions are the library's`(file: String) throws {
    let answers = try LibraryAnswers(file)
    let model = answers.model
    #expect(model.contributionsRefusal == nil)
    // LightGBM's are those of the sum of a forest, ours of its average, which it predicts with.
    var divisor = 1.0
    if case .trees(let ensemble) = model.predictor, ensemble.sum.isAverage {
      divisor = Double(model.rounds)
    }
    for (row, expected) in zip(answers.rows, answers.contributions) {
      let found = model.contributions(row)
      #expect(found.count == expected.count)
      for (value, wanted) in zip(found, expected) {
        #expect((value - wanted / divisor).magnitude <= 1e-4 * max(1, wanted.magnitude))
      }
    }
  }

  @Test func `most fixtures have contributions to compare with`() {
    #expect(Self.files.count > 60)
  }

  @Test(
    arguments: FixtureAnswersTests.xgboost + FixtureAnswersTests.lightgbm
      + FixtureAnswersTests.catboost)
  func `contributions of an output add up to its margin`(file: String) throws {
    let answers = try LibraryAnswers(file)
    let model = answers.model
    guard model.contributionsRefusal == nil else { return }
    for row in answers.rows {
      let contributions = model.contributions(row)
      let width = model.featureCount + 1
      for (output, margin) in model.margins(row).enumerated() {
        let sum = contributions[output * width..<(output + 1) * width].reduce(0, +)
        #expect((sum - margin).magnitude <= 1e-5 * max(1, margin.magnitude))
      }
    }
  }

  @Test func `trees with linear leaves and trees without counts are refused`() throws {
    let linear = try LibraryAnswers("lgb-linear.lgb").model
    #expect(linear.contributionsRefusal?.contains("linear") == true)
    var bare = try LibraryAnswers("lgb-binary.lgb").model
    var ensemble = bare.ensemble
    for place in ensemble.trees[0].nodes.indices { ensemble.trees[0].nodes[place].cover = 0 }
    bare.predictor = .trees(ensemble)
    #expect(bare.contributionsRefusal?.contains("training rows") == true)
  }

  @Test func `contributions are the Shapley values of the expectation`() throws {
    let model = try LibraryAnswers("lgb-deep.lgb").model
    let answers = try LibraryAnswers("lgb-deep.lgb")
    for row in answers.rows.prefix(4) {
      let found = model.contributions(row)
      let wanted = Shapley(model: model, row: row).values
      for (value, want) in zip(found, wanted) { #expect((value - want).magnitude < 1e-9) }
    }
  }

  @Test func `a tree as deep as it has splits is neither too deep nor too slow`() throws {
    let depth = 20_000
    var nodes: [TreeNode] = []
    for level in 0..<depth {
      nodes.append(
        TreeNode(
          .numeric(
            Split(
              feature: level % 3, left: 2 * level + 1, right: 2 * level + 2, missingGoesLeft: true),
            threshold: Double(level)),
          cover: Double(depth + 1 - level), libraryIndex: Int32(2 * level)))
      nodes.append(TreeNode(.leaf(level), cover: 1, libraryIndex: Int32(2 * level + 1)))
    }
    nodes.append(TreeNode(.leaf(depth), cover: 1, libraryIndex: Int32(2 * depth)))
    let tree = DecisionTree(nodes: nodes, leafValues: (0...depth).map { Double($0) })
    let ensemble = TreeEnsemble(
      trees: [tree], featureCount: 3, outputCount: 1,
      sum: LeafSum(precision: .double, base: [0], startsWithBase: true), inputPrecision: .double)
    try ensemble.check()
    let model = TabularModel(
      features: Array(repeating: TabularFeature(), count: 3), predictor: .trees(ensemble),
      transform: OutputTransform(.identity, precision: .double), objective: "", format: .lightgbm,
      rounds: 1)
    let row = [5_000.5, 7_000.5, 9_000.5]
    let sum = model.contributions(row).reduce(0, +)
    #expect((sum - model.margins(row)[0]).magnitude < 1e-6)
  }
}

/// The definition, by trying all sets of columns; for one tree with few of them.
private struct Shapley {
  let model: TabularModel
  let row: [Double]

  var values: [Double] {
    let count = model.featureCount
    var values = [Double](repeating: 0, count: count + 1)
    for column in 0..<count {
      for known in 0..<1 << count where known >> column & 1 == 0 {
        let size = known.nonzeroBitCount
        let weight = 1 / (Double(count) * Self.choose(count - 1, size))
        values[column] += weight * (expectation(known | 1 << column) - expectation(known))
      }
    }
    values[count] = expectation(0)
    return values
  }

  private func expectation(_ known: Int) -> Double {
    row.withUnsafeBufferPointer { expectation(known, node: 0, row: $0) }
  }

  private func expectation(_ known: Int, node: Int, row: UnsafeBufferPointer<Double>) -> Double {
    let tree = model.ensemble.trees[0]
    switch tree.nodes[node].kind {
    case .leaf(let leaf): return tree.leafValues[leaf]
    case .numeric(let split, _), .categorical(let split, _):
      if known >> split.feature & 1 == 1 {
        let next = TreeWalk(model.ensemble).step(from: node, in: tree, row: row)
        return expectation(known, node: next ?? 0, row: row)
      }
      let whole = tree.nodes[node].cover
      return [split.left, split.right].map { child in
        tree.nodes[child].cover / whole * expectation(known, node: child, row: row)
      }.reduce(0, +)
    }
  }

  private static func choose(_ count: Int, _ size: Int) -> Double {
    (0..<size).reduce(1) { $0 * Double(count - $1) / Double($1 + 1) }
  }
}
