import Testing

@testable import Trees

@Suite struct CompiledEnsembleTests {
  static let shapes: [ForestShape] = [
    ForestShape(name: "six levels"),
    ForestShape(name: "three levels", trees: 33, depth: 3),
    ForestShape(name: "eight levels", depth: 8),
    ForestShape(name: "seven levels, full", trees: 9, depth: 7, growth: 1),
    ForestShape(name: "stumps", trees: 5, depth: 1),
    ForestShape(name: "leaves alone", trees: 3, depth: 0),
    ForestShape(name: "no tree", trees: 0),
    ForestShape(name: "leaf-wise", depth: 20, leavesMax: 63, precision: .double),
    ForestShape(name: "leaf-wise, 256 leaves", trees: 6, depth: 40, leavesMax: 256, growth: 1),
    ForestShape(name: "chains of 60", trees: 11, depth: 60, isChain: true),
    ForestShape(name: "chains of 300", trees: 3, depth: 300, isChain: true),
    ForestShape(name: "deep and large", trees: 5, depth: 14, growth: 0.98, thresholds: 3_000),
    ForestShape(name: "40 columns", features: 40, depth: 8, growth: 1),
    ForestShape(name: "100 columns", trees: 40, features: 100, depth: 8, growth: 1),
    ForestShape(name: "1200 columns", trees: 60, features: 1_200, depth: 9, growth: 1),
    ForestShape(
      name: "1000 thresholds a column", trees: 60, features: 3, depth: 8, growth: 1,
      thresholds: 1_000),
    ForestShape(
      name: "20000 thresholds a column", trees: 60, features: 4, depth: 10, growth: 1,
      thresholds: 20_000),
    ForestShape(name: "categories", depth: 8, categorical: 0.5),
    ForestShape(name: "categories of doubles", depth: 8, categorical: 0.5, precision: .double),
    ForestShape(name: "five classes", trees: 50, outputs: 5),
    ForestShape(name: "leaves of three", outputs: 3, hasVectorLeaves: true),
    ForestShape(
      name: "leaves of three, deep", depth: 15, leavesMax: 100, outputs: 3,
      hasVectorLeaves: true, precision: .double),
    ForestShape(name: "leaves of both kinds", outputs: 3, hasVectorLeaves: true, mixesWidths: true),
    ForestShape(name: "doubles", depth: 8, precision: .double),
    ForestShape(
      name: "doubles, many thresholds", depth: 8, thresholds: 1_000, precision: .double),
    ForestShape(name: "floats summed as doubles", precision: .float, sumPrecision: .double),
    ForestShape(name: "zero is missing", depth: 8, precision: .double, zeroIsMissing: true),
    ForestShape(
      name: "zero is missing, categories", categorical: 0.4, precision: .double,
      zeroIsMissing: true),
    ForestShape(name: "base last", startsWithBase: false),
    ForestShape(
      name: "average", outputs: 2, precision: .double, startsWithBase: false, isAverage: true),
    ForestShape(name: "average with base", startsWithBase: true, isAverage: true),
    ForestShape(name: "weights", isWeighted: true),
    ForestShape(name: "weights of doubles", precision: .double, isWeighted: true),
    ForestShape(name: "linear", precision: .double, isLinear: true),
    ForestShape(
      name: "linear, weighted, floats", outputs: 2, isWeighted: true, isLinear: true),
    ForestShape(name: "thresholds of NaN", depth: 8, nanThresholds: 0.2),
    ForestShape(name: "thresholds of NaN alone", nanThresholds: 1),
  ]

  static let variants = TreeVariant.allCases.filter(\.isHere)

  @Test(arguments: shapes, variants)
  func `answers are the walk's, bit for bit`(shape: ForestShape, variant: TreeVariant) throws {
    for seed in 1...2 {
      let ensemble = shape.ensemble(seed: seed)
      let compiled = try CompiledEnsemble(ensemble, variant: variant)
      for rowCount in [1, 3, 70, seed * 300] {
        let rows = shape.rows(rowCount, seed: 100 + seed)
        try Self.check(compiled, ensemble, rows, rowCount: rowCount, rounds: nil)
      }
    }
  }

  @Test(arguments: [0..<0, 0..<1, 1..<4, 3..<99, 5..<7, 50..<60], variants)
  func `some rounds alone are summed`(rounds: Range<Int>, variant: TreeVariant) throws {
    for shape in [
      ForestShape(name: "classes", trees: 60, depth: 8, outputs: 3),
      ForestShape(name: "deep", trees: 30, depth: 12, leavesMax: 60),
    ] {
      let ensemble = shape.ensemble(seed: 7)
      let compiled = try CompiledEnsemble(ensemble, variant: variant)
      for rowCount in [1, 300] {
        let rows = shape.rows(rowCount, seed: 8)
        try Self.check(compiled, ensemble, rows, rowCount: rowCount, rounds: rounds)
      }
    }
  }

  @Test(arguments: variants)
  func `rows without a missing value, and rows of nothing else`(variant: TreeVariant) throws {
    let shape = ForestShape(name: "eight", trees: 40, depth: 8)
    let ensemble = shape.ensemble(seed: 3)
    let compiled = try CompiledEnsemble(ensemble, variant: variant)
    for missing in [0.0, 1.0] {
      let rows = shape.rows(300, seed: 4, missing: missing)
      try Self.check(compiled, ensemble, rows, rowCount: 300, rounds: nil)
    }
  }

  @Test func `a broken ensemble is refused`() {
    var ensemble = ForestShape(name: "one", trees: 1).ensemble(seed: 1)
    ensemble.trees[0].nodes = []
    #expect(throws: (any Error).self) { try CompiledEnsemble(ensemble) }
  }

  @Test func `the best variant is here`() {
    #expect(TreeVariant.best.isHere)
    #expect(TreeVariant.portable.isHere)
  }

  /// Both forms of rows and of margins, and the leaves, against the plain walk.
  static func check(
    _ compiled: CompiledEnsemble, _ ensemble: TreeEnsemble, _ rows: [Double], rowCount: Int,
    rounds: Range<Int>?
  ) throws {
    let doubles = answers(compiled, rows, rowCount, rounds, as: Double.self)
    let floats = rows.map(Float.init)
    let ofFloats = answers(compiled, floats, rowCount, rounds, as: Double.self)
    let asFloats = answers(compiled, rows, rowCount, rounds, as: Float.self)
    let leaves = self.leaves(compiled, rows, rowCount, rounds)
    let walk = PlainWalk(ensemble: ensemble)
    let perRound = ensemble.sum.treesPerRound
    let known = (rounds ?? 0..<Int.max).clamped(to: 0..<ensemble.trees.count / perRound)
    let trees =
      rounds == nil
      ? ensemble.trees.indices : known.lowerBound * perRound..<known.upperBound * perRound
    let columns = ensemble.featureCount
    let outputs = ensemble.outputCount
    for row in 0..<rowCount {
      let slice = rows[row * columns..<(row + 1) * columns]
      let expected = expectedMargins(walk, slice, trees)
      let place = row * outputs..<(row + 1) * outputs
      try #require(bits(doubles[place]) == bits(expected[...]), "row \(row)")
      let narrowed = expected.map { Double(Float($0)) }
      try #require(bits(asFloats[place].map(Double.init)[...]) == bits(narrowed[...]))
      let single = floats[row * columns..<(row + 1) * columns].map(Double.init)
      let expectedOfFloats = expectedMargins(walk, single[...], trees)
      try #require(bits(ofFloats[place]) == bits(expectedOfFloats[...]), "row \(row) as Float32")
      let expectedLeaves = ensemble.trees[trees].map {
        $0.nodes[walk.leaf($0, slice).node].libraryIndex
      }
      try #require(
        Array(leaves[row * trees.count..<(row + 1) * trees.count]) == expectedLeaves)
    }
  }

  private static func expectedMargins(
    _ walk: PlainWalk, _ row: ArraySlice<Double>, _ trees: Range<Int>
  ) -> [Double] {
    switch walk.ensemble.sum.precision {
    case .float: walk.margins(row, trees: trees, as: Float.self).map(Double.init)
    case .double: walk.margins(row, trees: trees, as: Double.self)
    }
  }

  /// All NaN are one.
  private static func bits(_ values: ArraySlice<Double>) -> [UInt64] {
    values.map { $0.isNaN ? 1 : $0.bitPattern }
  }

  private static func answers<Value: TreeScalar, Margin: TreeScalar>(
    _ compiled: CompiledEnsemble, _ rows: [Value], _ rowCount: Int, _ rounds: Range<Int>?,
    as: Margin.Type
  ) -> [Margin] {
    let scratch = compiled.makeScratch()
    var margins = [Margin](repeating: .nan, count: rowCount * compiled.outputCount)
    rows.withUnsafeBufferPointer { rows in
      margins.withUnsafeMutableBufferPointer { margins in
        compiled.answer(
          rows, rowCount: rowCount, into: margins, rounds: rounds, scratch: scratch)
      }
    }
    return margins
  }

  private static func leaves(
    _ compiled: CompiledEnsemble, _ rows: [Double], _ rowCount: Int, _ rounds: Range<Int>?
  ) -> [Int32] {
    let scratch = compiled.makeScratch()
    var leaves = [Int32](repeating: -1, count: rowCount * compiled.treeCount)
    rows.withUnsafeBufferPointer { rows in
      leaves.withUnsafeMutableBufferPointer { leaves in
        compiled.leaves(
          of: rows, rowCount: rowCount, into: leaves, rounds: rounds, scratch: scratch)
      }
    }
    return leaves
  }
}
