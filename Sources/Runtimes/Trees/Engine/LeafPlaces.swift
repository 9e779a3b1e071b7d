/// Values of leaves by place, where the walks end; a leaf may have several places.
struct LeafPlaces {
  private(set) var floats: [Float] = []
  private(set) var doubles: [Double] = []
  /// What the library calls the node, and the leaf's number in its tree, by place.
  private(set) var libraryIndices: [Int32] = []
  private(set) var leaves: [Int32] = []
  let width: Int
  private let precision: TreeEnsemble.Precision

  init(_ ensemble: TreeEnsemble) {
    width = ensemble.trees.map(\.leafWidth).max() ?? 1
    precision = ensemble.sum.precision
  }

  var count: Int { leaves.count }

  mutating func reserve(_ more: Int) {
    let end = count + more
    libraryIndices.append(contentsOf: repeatElement(0, count: more))
    leaves.append(contentsOf: repeatElement(0, count: more))
    switch precision {
    case .float: floats.append(contentsOf: repeatElement(0, count: end * width - floats.count))
    case .double: doubles.append(contentsOf: repeatElement(0, count: end * width - doubles.count))
    }
  }

  /// Values are kept weighted, rounded as the sum would round the product.
  mutating func set(_ place: Int, leafAt node: Int, of tree: DecisionTree) {
    guard case .leaf(let leaf) = tree.nodes[node].kind else { return }
    libraryIndices[place] = tree.nodes[node].libraryIndex
    leaves[place] = Int32(leaf)
    for output in 0..<tree.leafWidth {
      let value = tree.leafValues[leaf * tree.leafWidth + output]
      switch precision {
      case .float: floats[place * width + output] = Float(value) * Float(tree.weight)
      case .double: doubles[place * width + output] = value * tree.weight
      }
    }
  }
}
