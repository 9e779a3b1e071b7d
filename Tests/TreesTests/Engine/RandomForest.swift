import Testing

@testable import Trees

/// A generator of the same numbers each time.
struct Chance {
  private var state: UInt64

  init(_ seed: Int) { state = UInt64(seed) &* 0x9E37_79B9_7F4A_7C15 | 1 }

  mutating func next() -> UInt64 {
    state ^= state << 13
    state ^= state >> 7
    state ^= state << 17
    return state
  }

  mutating func below(_ count: Int) -> Int { Int((next() >> 33) % UInt64(count)) }

  mutating func holds(_ share: Double) -> Bool { unit() < share }

  mutating func unit() -> Double { Double(next() >> 11) / 9_007_199_254_740_992 }
}

/// What an ensemble of a test looks like.
struct ForestShape: Sendable, CustomTestStringConvertible {
  var name: String
  var trees = 20
  var features = 10
  var depth = 6
  var leavesMax = 1 << 20
  /// How probable it is that a node below the root is a split.
  var growth = 0.9
  var thresholds = 100
  var categorical = 0.0
  var outputs = 1
  var hasVectorLeaves = false
  var mixesWidths = false
  var precision = TreeEnsemble.Precision.float
  var sumPrecision: TreeEnsemble.Precision?
  var zeroIsMissing = false
  var startsWithBase = true
  var isAverage = false
  var isWeighted = false
  var isLinear = false
  var isChain = false
  var nanThresholds = 0.0

  var testDescription: String { name }
}

extension ForestShape {
  /// Values that decide: thresholds lie among them.
  static let edges: [Double] = [
    0, -0.0, 1, -1, .infinity, -.infinity, 1e-35, -1e-35, 1e-40, -1e-45, .leastNonzeroMagnitude,
    3.4e38, -3.4e38,
    1e308, 0.1, 2, 3, 31, 32, 63, 64, -0.5, 0.5, 1e9, 5e9,
  ]

  func ensemble(seed: Int) -> TreeEnsemble {
    var chance = Chance(seed)
    let rounds = max(1, outputs)
    return TreeEnsemble(
      trees: (0..<trees).map { tree(output: hasVectorLeaves ? 0 : $0 % outputs, $0, &chance) },
      featureCount: features, outputCount: outputs,
      zeroIsMissing: zeroIsMissing ? (0..<features).map { $0 % 2 == 0 } : [],
      sum: LeafSum(
        precision: sumPrecision ?? precision,
        base: (0..<outputs).map { _ in value(&chance, sumPrecision ?? precision) },
        startsWithBase: startsWithBase, isAverage: isAverage, treesPerRound: rounds),
      inputPrecision: precision)
  }

  func value(_ chance: inout Chance, _ precision: TreeEnsemble.Precision) -> Double {
    let value = (chance.unit() - 0.5) * 4
    return precision == .float ? Double(Float(value)) : value
  }

  /// One of `thresholds` values of a column.
  func threshold(_ chance: inout Chance) -> Double {
    if chance.holds(nanThresholds) { return .nan }
    let edge = chance.holds(0.1)
    let value =
      edge
      ? Self.edges[chance.below(Self.edges.count)]
      : (Double(chance.below(thresholds)) / Double(thresholds) - 0.5) * 4
    return precision == .float ? Double(Float(value)) : value
  }

  func rows(_ count: Int, seed: Int, missing: Double = 0.1) -> [Double] {
    var chance = Chance(seed)
    return (0..<count * features).map { _ in
      if chance.holds(missing) { return .nan }
      if chance.holds(0.2) { return Self.edges[chance.below(Self.edges.count)] }
      if chance.holds(categorical / 2) { return Double(chance.below(80)) }
      return (Double(chance.below(thresholds)) / Double(thresholds) - 0.5) * 4
        + (chance.holds(0.5) ? 0 : 1e-9)
    }
  }

  private func tree(output: Int, _ number: Int, _ chance: inout Chance) -> DecisionTree {
    var nodes = [TreeNode(.leaf(0), libraryIndex: 0)]
    var sets: [CategorySet] = []
    var open = [(place: 0, depth: 0)]
    var leafCount = 1
    let mayGrow = number % 7 != 3 || trees < 4
    while !open.isEmpty {
      let (place, depth) = open.remove(at: isChain ? open.count - 1 : chance.below(open.count))
      guard depth < self.depth, leafCount < leavesMax, mayGrow,
        depth == 0 || isChain || chance.holds(growth)
      else { continue }
      let split = Split(
        feature: chance.below(features), left: nodes.count, right: nodes.count + 1,
        missingGoesLeft: chance.holds(0.5))
      if chance.holds(categorical) {
        nodes[place].kind = .categorical(split, set: sets.count)
        sets.append(
          CategorySet(words: (0..<chance.below(4)).map { _ in UInt32(chance.next() >> 32) }))
      } else {
        nodes[place].kind = .numeric(split, threshold: threshold(&chance))
      }
      for _ in 0..<2 { nodes.append(TreeNode(.leaf(0), libraryIndex: Int32(nodes.count * 3 + 1))) }
      leafCount += 1
      // A chain goes on at one of the children only.
      let goesOn = chance.below(2)
      for side in 0..<2 where !isChain || side == goesOn {
        open.append((nodes.count - 2 + side, depth + 1))
      }
    }
    return finished(nodes, sets, output: output, number, &chance)
  }

  private func finished(
    _ grown: [TreeNode], _ sets: [CategorySet], output: Int, _ number: Int,
    _ chance: inout Chance
  ) -> DecisionTree {
    var nodes = grown
    var leafCount = 0
    for place in nodes.indices {
      guard case .leaf = nodes[place].kind else { continue }
      nodes[place].kind = .leaf(leafCount)
      leafCount += 1
    }
    let isWide = hasVectorLeaves && !(mixesWidths && number % 2 == 1)
    let width = isWide ? outputs : 1
    let sumPrecision = sumPrecision ?? precision
    return DecisionTree(
      nodes: nodes, categorySets: sets,
      leafValues: (0..<leafCount * width).map { _ in
        chance.holds(0.05) ? -0.0 : value(&chance, sumPrecision)
      },
      leafWidth: width, output: isWide ? 0 : mixesWidths ? number % outputs : output,
      weight: isWeighted ? value(&chance, sumPrecision) : 1,
      linearLeaves: isLinear && number % 3 != 2 ? linearLeaves(leafCount, &chance) : [])
  }

  private func linearLeaves(_ count: Int, _ chance: inout Chance) -> [LinearLeaf] {
    (0..<count).map { _ in
      let used = chance.below(3)
      return LinearLeaf(
        constant: chance.unit(), features: (0..<used).map { _ in chance.below(features) },
        coefficients: (0..<used).map { _ in chance.unit() - 0.5 })
    }
  }
}

/// A walk as the types of an ensemble describe it, and nothing else.
struct PlainWalk {
  let ensemble: TreeEnsemble

  func leaf(_ tree: DecisionTree, _ row: ArraySlice<Double>) -> (leaf: Int, node: Int) {
    var place = 0
    while true {
      switch tree.nodes[place].kind {
      case .leaf(let leaf): return (leaf, place)
      case .numeric(let split, let threshold):
        let value = value(split, row)
        place =
          isMissing(value, split)
          ? split.missingGoesLeft ? split.left : split.right
          : value < threshold || threshold.isNaN ? split.left : split.right
      case .categorical(let split, let set):
        let value = value(split, row)
        let isNamed =
          ensemble.inputPrecision == .float
          ? value >= 0 && value < 16_777_216 : value > -1 && value < 2_147_483_648
        place =
          isMissing(value, split)
          ? split.missingGoesLeft ? split.left : split.right
          : isNamed && tree.categorySets[set].contains(Int(value)) ? split.left : split.right
      }
    }
  }

  private func value(_ split: Split, _ row: ArraySlice<Double>) -> Double {
    let value = row[row.startIndex + split.feature]
    return ensemble.inputPrecision == .float ? Double(Float(value)) : value
  }

  private func isMissing(_ value: Double, _ split: Split) -> Bool {
    value.isNaN
      || !ensemble.zeroIsMissing.isEmpty && ensemble.zeroIsMissing[split.feature]
        && abs(value) <= Double(1e-35 as Float)
  }

  func margins<Sum: TreeScalar>(
    _ row: ArraySlice<Double>, trees: Range<Int>, as: Sum.Type
  ) -> [Sum] {
    let sum = ensemble.sum
    var sums = sum.base.map { sum.startsWithBase ? Sum($0) : 0 }
    for tree in ensemble.trees[trees] {
      let leaf = leaf(tree, row).leaf
      for offset in 0..<tree.leafWidth {
        let output = tree.leafWidth == 1 ? tree.output : offset
        var value = tree.leafValues[leaf * tree.leafWidth + offset]
        if !tree.linearLeaves.isEmpty, let linear = linear(tree.linearLeaves[leaf], row) {
          value = linear
        }
        sums[output] += Sum(value) * Sum(tree.weight)
      }
    }
    if sum.isAverage {
      for output in sums.indices { sums[output] /= Sum(trees.count / sum.treesPerRound) }
    }
    if !sum.startsWithBase {
      for output in sums.indices { sums[output] += Sum(sum.base[output]) }
    }
    return sums
  }

  private func linear(_ leaf: LinearLeaf, _ row: ArraySlice<Double>) -> Double? {
    var sum = leaf.constant
    for (feature, coefficient) in zip(leaf.features, leaf.coefficients) {
      let value = row[row.startIndex + feature]
      if value.isNaN { return nil }
      sum += coefficient * (abs(value) <= Double(1e-35 as Float) ? 0 : value)
    }
    return sum
  }
}
