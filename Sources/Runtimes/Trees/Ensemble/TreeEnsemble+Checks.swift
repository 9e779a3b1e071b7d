package import Inference

extension TreeEnsemble {
  /// Refuses what no walk may meet: places out of range, a node with two parents or none, columns,
  /// sets and leaves that are not there. After it every walk ends in a leaf.
  package func check() throws(RuntimeFault) {
    guard outputCount >= 1, featureCount >= 0, sum.base.count == outputCount,
      sum.treesPerRound >= 1, zeroIsMissing.isEmpty || zeroIsMissing.count == featureCount
    else { throw Self.broken("its counts do not agree with each other") }
    for (place, tree) in trees.enumerated() {
      do throws(TreeProblem) {
        try tree.check(featureCount: featureCount, outputCount: outputCount)
      } catch {
        throw Self.broken("tree \(place): \(error.text)")
      }
    }
  }

  private static func broken(_ words: String) -> RuntimeFault {
    RuntimeFault(code: .invalidModel, message: words)
  }
}

/// What is wrong with a tree, in words.
struct TreeProblem: Error {
  let text: String
}

extension DecisionTree {
  func check(featureCount: Int, outputCount: Int) throws(TreeProblem) {
    guard !nodes.isEmpty else { throw TreeProblem(text: "it has no node") }
    guard leafWidth == 1 || leafWidth == outputCount, (0..<outputCount).contains(output) else {
      throw TreeProblem(text: "its leaves are for an output that is not there")
    }
    let leafCount = leafValues.count / leafWidth
    guard linearLeaves.isEmpty || linearLeaves.count == leafCount else {
      throw TreeProblem(text: "\(linearLeaves.count) linear leaves of \(leafCount)")
    }
    var parents = [UInt8](repeating: 0, count: nodes.count)
    for (place, node) in nodes.enumerated() {
      switch node.kind {
      case .leaf(let number):
        guard (0..<leafCount).contains(number) else {
          throw TreeProblem(text: "node \(place) is leaf \(number) of \(leafCount)")
        }
      case .numeric(let split, _):
        try count(split, at: place, featureCount: featureCount, into: &parents)
      case .categorical(let split, let set):
        guard categorySets.indices.contains(set) else {
          throw TreeProblem(text: "node \(place) asks for set \(set) of \(categorySets.count)")
        }
        try count(split, at: place, featureCount: featureCount, into: &parents)
      }
    }
    for linear in linearLeaves {
      guard linear.features.count == linear.coefficients.count,
        linear.features.allSatisfy({ (0..<featureCount).contains($0) })
      else { throw TreeProblem(text: "a linear leaf asks for a column that is not there") }
    }
    // Each node but the root has one parent, and no node was reached twice; what could still be is a
    // ring apart from the root, which a count of what the root reaches finds.
    guard reachable == nodes.count else {
      throw TreeProblem(text: "\(nodes.count - reachable) nodes hang on no path from the root")
    }
  }

  private func count(
    _ split: Split, at place: Int, featureCount: Int, into parents: inout [UInt8]
  ) throws(TreeProblem) {
    guard (0..<featureCount).contains(split.feature) else {
      throw TreeProblem(text: "node \(place) asks column \(split.feature) of \(featureCount)")
    }
    for child in [split.left, split.right] {
      guard nodes.indices.contains(child), child != 0 else {
        throw TreeProblem(text: "node \(place) leads to node \(child) of \(nodes.count)")
      }
      guard parents[child] == 0 else {
        throw TreeProblem(text: "two ways lead to node \(child)")
      }
      parents[child] = 1
    }
  }

  private var reachable: Int {
    var count = 0
    var open = [0]
    while let place = open.popLast() {
      count += 1
      switch nodes[place].kind {
      case .leaf: break
      case .numeric(let split, _), .categorical(let split, _):
        open.append(split.left)
        open.append(split.right)
      }
    }
    return count
  }
}
