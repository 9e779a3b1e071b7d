/// How much each column moves a row's sums away from what the trees give on average: Shapley values
/// along the paths of the trees (TreeSHAP, Lundberg et al., "Consistent Individualized Feature
/// Attribution for Tree Ensembles", 2018), where a column that is not known follows both ways in
/// proportion to the training rows that went there.
///
/// The value of a leaf is shared out by the columns on its path. A column that is asked several
/// times counts once, with the product of its shares, so that a leaf costs the square of the number
/// of different columns on its path, and memory grows with the depth and no more. Nothing recurses.
/// One value of it serves one row after the other, on one thread.
struct TreeContributions {
  private let walk: TreeWalk
  private let featureCount: Int
  private var path: ColumnPath
  private var open: [Visit] = []

  /// A node to be entered, or the way back out of it.
  private struct Visit {
    var node: Int
    /// Nil at the root.
    var column: Int?
    /// The part of the training rows that went here, and whether the row does.
    var share = 1.0
    var isTaken = true
    /// What to put back on the way out.
    var before: ColumnPath.Step?
  }

  init(_ ensemble: TreeEnsemble) {
    walk = TreeWalk(ensemble)
    featureCount = ensemble.featureCount
    path = ColumnPath(columnCount: ensemble.featureCount)
  }

  /// Adds the contributions of one tree, for each output those of the columns and then the average.
  mutating func add(
    tree number: Int, of row: UnsafeBufferPointer<Double>,
    to sums: UnsafeMutableBufferPointer<Double>
  ) {
    let tree = walk.ensemble.trees[number]
    addAverage(tree, to: sums)
    open.append(Visit(node: 0, column: nil))
    while let visit = open.popLast() {
      if let before = visit.before {
        path.undo(before)
        continue
      }
      if let column = visit.column {
        var exit = visit
        exit.before = path.extend(by: column, share: visit.share, isTaken: visit.isTaken)
        open.append(exit)
      }
      enter(visit.node, of: tree, row: row, sums: sums)
    }
  }

  private mutating func enter(
    _ node: Int, of tree: DecisionTree, row: UnsafeBufferPointer<Double>,
    sums: UnsafeMutableBufferPointer<Double>
  ) {
    switch tree.nodes[node].kind {
    case .leaf(let leaf): add(leaf, of: tree, to: sums)
    case .numeric(let split, _), .categorical(let split, _):
      let taken = walk.step(from: node, in: tree, row: row)
      for child in [split.right, split.left] {
        let (part, whole) = (tree.nodes[child].cover, tree.nodes[node].cover)
        open.append(
          Visit(
            node: child, column: split.feature, share: whole > 0 ? part / whole : 0,
            isTaken: child == taken))
      }
    }
  }

  private mutating func add(
    _ leaf: Int, of tree: DecisionTree, to sums: UnsafeMutableBufferPointer<Double>
  ) {
    guard path.weigh() else { return }
    for index in 0..<path.count {
      let (column, factor) = path.factor(at: index)
      addValues(of: leaf, in: tree, times: factor, column: column, to: sums)
    }
  }

  private func addValues(
    of leaf: Int, in tree: DecisionTree, times factor: Double, column: Int,
    to sums: UnsafeMutableBufferPointer<Double>
  ) {
    for offset in 0..<tree.leafWidth {
      let output = tree.leafWidth == 1 ? tree.output : offset
      sums[output * (featureCount + 1) + column] +=
        factor * tree.weight * tree.leafValues[leaf * tree.leafWidth + offset]
    }
  }

  /// What the tree gives when no column is known: each leaf times the shares on its way.
  private mutating func addAverage(
    _ tree: DecisionTree, to sums: UnsafeMutableBufferPointer<Double>
  ) {
    open.append(Visit(node: 0, column: nil))
    while let visit = open.popLast() {
      switch tree.nodes[visit.node].kind {
      case .leaf(let leaf):
        addValues(of: leaf, in: tree, times: visit.share, column: featureCount, to: sums)
      case .numeric(let split, _), .categorical(let split, _):
        let whole = tree.nodes[visit.node].cover
        for child in [split.right, split.left] where whole > 0 {
          let share = visit.share * tree.nodes[child].cover / whole
          open.append(Visit(node: child, column: nil, share: share))
        }
      }
    }
  }
}
