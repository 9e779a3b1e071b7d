/// The different columns asked on the way to a node: for each the part of the training rows that
/// would come through its splits, and whether the row does.
struct ColumnPath {
  private var columns: [Int] = []
  private var shares: [Double] = []
  private var isTaken: [Bool] = []
  /// Where in the path a column stands, or -1.
  private var places: [Int]
  /// For each number of known columns, what all sets of so many come to; made by `weigh`.
  private var weights: [Double] = []
  /// 1 / n, which is multiplied with for speed; the first is not asked for.
  private var inverses: [Double] = []

  init(columnCount: Int) { places = Array(repeating: -1, count: columnCount) }

  var count: Int { columns.count }

  /// What a column was before a step of the path.
  struct Step {
    var column: Int
    /// Nil: it was not on the path.
    var before: (share: Double, isTaken: Bool)?
  }

  mutating func extend(by column: Int, share: Double, isTaken taken: Bool) -> Step {
    let place = places[column]
    guard place >= 0 else {
      places[column] = columns.count
      columns.append(column)
      shares.append(share)
      isTaken.append(taken)
      return Step(column: column, before: nil)
    }
    let before = (shares[place], isTaken[place])
    shares[place] *= share
    isTaken[place] = isTaken[place] && taken
    return Step(column: column, before: before)
  }

  /// Takes the last step back. A column that came with it is the last of the path.
  mutating func undo(_ step: Step) {
    guard let before = step.before else {
      columns.removeLast()
      shares.removeLast()
      isTaken.removeLast()
      places[step.column] = -1
      return
    }
    (shares[places[step.column]], isTaken[places[step.column]]) = before
  }

  /// Prepares the factors of the columns; false where all are zero, as no row with or without any
  /// column comes here.
  mutating func weigh() -> Bool {
    while inverses.count < count + 2 { inverses.append(1 / Double(inverses.count)) }
    weights.removeAll(keepingCapacity: true)
    weights.append(1)
    for index in columns.indices {
      guard shares[index] != 0 || isTaken[index] else { return false }
      extendWeights(share: shares[index], taken: isTaken[index] ? 1 : 0)
    }
    return true
  }

  /// EXTEND of the paper: one more column, known or not, in sets of every size.
  private mutating func extendWeights(share: Double, taken: Double) {
    let depth = weights.count
    let inverse = inverses[depth + 1]
    weights.append(0)
    for size in stride(from: depth - 1, through: 0, by: -1) {
      let weight = weights[size] * inverse
      weights[size + 1] += taken * weight * Double(size + 1)
      weights[size] = share * weight * Double(depth - size)
    }
  }

  /// The column and what its leaf's value is multiplied with: the sum over all sets of the others
  /// (UNWIND of the paper, without changing the weights), times what knowing the column changes.
  func factor(at index: Int) -> (column: Int, factor: Double) {
    let depth = weights.count - 1
    let share = shares[index]
    var total = 0.0
    guard isTaken[index] else {
      for size in 0..<depth { total += weights[size] * inverses[depth - size] }
      return (columns[index], -total * Double(depth + 1))
    }
    let step = share * inverses[depth + 1]
    var next = weights[depth]
    for size in stride(from: depth - 1, through: 0, by: -1) {
      let weight = next * Double(depth + 1) * inverses[size + 1]
      total += weight
      next = weights[size] - weight * step * Double(depth - size)
    }
    return (columns[index], total * (1 - share))
  }
}
