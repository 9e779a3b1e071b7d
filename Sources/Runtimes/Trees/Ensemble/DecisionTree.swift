/// One tree: splits and leaves, the root at place 0.
package struct DecisionTree: Sendable, Equatable {
  package var nodes: [TreeNode]
  /// Sets of categories, one after the other, that splits name by their place.
  package var categorySets: [CategorySet]
  /// `leafWidth` values for each leaf, by the leaf's number.
  package var leafValues: [Double]
  /// 1: a leaf's value goes to `output`. Otherwise the ensemble's number of outputs: a value for each.
  package var leafWidth: Int
  package var output: Int
  /// Each leaf is multiplied with it, in the precision of the sum, before it is added (DART).
  package var weight: Double
  /// By leaf number, where leaves are linear functions; otherwise empty.
  package var linearLeaves: [LinearLeaf]

  package init(
    nodes: [TreeNode], categorySets: [CategorySet] = [], leafValues: [Double], leafWidth: Int = 1,
    output: Int = 0, weight: Double = 1, linearLeaves: [LinearLeaf] = []
  ) {
    self.nodes = nodes
    self.categorySets = categorySets
    self.leafValues = leafValues
    self.leafWidth = leafWidth
    self.output = output
    self.weight = weight
    self.linearLeaves = linearLeaves
  }
}

/// A split or a leaf.
package struct TreeNode: Sendable, Equatable {
  package var kind: Kind
  /// How many training rows, or how much of their weight, came through; for contributions.
  package var cover: Double
  /// What the library calls this node when it is asked which leaf a row ends in.
  package var libraryIndex: Int32

  package enum Kind: Sendable, Equatable {
    /// Its number among the tree's leaves.
    case leaf(Int)
    /// A value below the threshold goes left; each value does where the threshold is NaN.
    case numeric(Split, threshold: Double)
    /// A value goes left whose integral part (toward zero) is in the set.
    case categorical(Split, set: Int)
  }

  package init(_ kind: Kind, cover: Double = 0, libraryIndex: Int32) {
    self.kind = kind
    self.cover = cover
    self.libraryIndex = libraryIndex
  }
}

/// Which column a split asks, and where it leads.
package struct Split: Sendable, Equatable {
  package var feature: Int
  /// Places of the children.
  package var left: Int
  package var right: Int
  /// Where NaN goes, and zero where it counts as missing.
  package var missingGoesLeft: Bool

  package init(feature: Int, left: Int, right: Int, missingGoesLeft: Bool) {
    self.feature = feature
    self.left = left
    self.right = right
    self.missingGoesLeft = missingGoesLeft
  }
}

/// Categories 0 and up, a bit each; what lies beyond is not in the set, nor is anything negative.
package struct CategorySet: Sendable, Equatable {
  /// The lowest category is the lowest bit of the first word.
  package var words: [UInt32]

  package init(words: [UInt32]) { self.words = words }

  package func contains(_ category: Int) -> Bool {
    guard category >= 0, category >> 5 < words.count else { return false }
    return words[category >> 5] >> UInt32(category & 31) & 1 == 1
  }
}

/// A leaf's linear function: the constant and a coefficient for each of some columns. Where one of
/// those columns is missing in a row, the leaf's plain value counts instead.
package struct LinearLeaf: Sendable, Equatable {
  package var constant: Double
  package var features: [Int]
  package var coefficients: [Double]

  package init(constant: Double, features: [Int], coefficients: [Double]) {
    self.constant = constant
    self.features = features
    self.coefficients = coefficients
  }
}
