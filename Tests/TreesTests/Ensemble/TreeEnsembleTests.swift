import Inference
import Testing

@testable import Trees

@Suite struct TreeEnsembleTests {
  /// x0 < 1 ? (x1 < 2 ? 10 : 20) : 30
  static func ensemble(_ change: (inout DecisionTree) -> Void = { _ in }) -> TreeEnsemble {
    var tree = DecisionTree(
      nodes: [
        TreeNode(split(0, below: 1, left: 1, right: 2), libraryIndex: 0),
        TreeNode(split(1, below: 2, left: 3, right: 4), libraryIndex: 1),
        TreeNode(.leaf(2), libraryIndex: 2),
        TreeNode(.leaf(0), libraryIndex: 3),
        TreeNode(.leaf(1), libraryIndex: 4),
      ],
      leafValues: [10, 20, 30])
    change(&tree)
    return TreeEnsemble(
      trees: [tree], featureCount: 2, outputCount: 1,
      sum: LeafSum(precision: .float, base: [0], startsWithBase: true), inputPrecision: .float)
  }

  static func split(
    _ feature: Int, below threshold: Double, left: Int, right: Int
  ) -> TreeNode.Kind {
    .numeric(
      Split(feature: feature, left: left, right: right, missingGoesLeft: true),
      threshold: threshold)
  }

  @Test func `a tree passes`() throws {
    try Self.ensemble().check()
  }

  static let faults: [(String, @Sendable (inout DecisionTree) -> Void)] = [
    ("no node", { $0.nodes = [] }),
    ("leads to node 0", { $0.nodes[1].kind = split(1, below: 2, left: 0, right: 4) }),
    ("leads to node 5", { $0.nodes[1].kind = split(1, below: 2, left: 5, right: 4) }),
    ("leads to node -1", { $0.nodes[1].kind = split(1, below: 2, left: 3, right: -1) }),
    ("two ways lead to node 2", { $0.nodes[1].kind = split(1, below: 2, left: 2, right: 4) }),
    ("two ways lead to node 3", { $0.nodes[1].kind = split(1, below: 2, left: 3, right: 3) }),
    ("hang on no path", { $0.nodes[0].kind = .leaf(0) }),
    ("asks column 2 of 2", { $0.nodes[1].kind = split(2, below: 2, left: 3, right: 4) }),
    ("is leaf 3 of 3", { $0.nodes[2].kind = .leaf(3) }),
    ("for an output that is not there", { $0.output = 1 }),
    ("for an output that is not there", { $0.leafWidth = 3 }),
    (
      "asks for set 0 of 0",
      {
        $0.nodes[1].kind = .categorical(
          Split(feature: 1, left: 3, right: 4, missingGoesLeft: false), set: 0)
      }
    ),
    (
      "1 linear leaves of 3",
      {
        $0.linearLeaves = [LinearLeaf(constant: 0, features: [], coefficients: [])]
      }
    ),
  ]

  @Test(arguments: faults.indices)
  func `what no walk may meet is refused`(place: Int) throws {
    let (words, change) = Self.faults[place]
    let fault = #expect(throws: RuntimeFault.self) { try Self.ensemble(change).check() }
    #expect(fault?.code == .invalidModel)
    #expect(fault?.message.contains(words) == true, "\(fault?.message ?? "")")
  }

  @Test func `a set holds its categories and nothing else`() {
    let set = CategorySet(words: [0b101, 1])
    #expect([0, 2, 32].allSatisfy(set.contains))
    #expect(![-1, 1, 31, 33, 64, .max, .min].contains(where: set.contains))
  }
}
