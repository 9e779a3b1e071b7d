/// Which columns count zero as missing. LightGBM says so at each split, the ensemble for a column.
///
/// A split may say it and mean nothing by it, when missing values go where zero goes anyhow. Only
/// those where they part make a column one of these; then no split of it may send NaN apart from
/// zero. No training writes that, continuing one with other settings could.
struct MissingColumns {
  /// How a split takes missing values, as LightGBM numbers it.
  enum Kind: Int {
    case none = 0
    case zero = 1
    case nan = 2
  }

  private(set) var zeroIsMissing: [Bool]
  private var partsNaNFromZero: [Bool]

  init(columnCount: Int) {
    zeroIsMissing = Array(repeating: false, count: columnCount)
    partsNaNFromZero = zeroIsMissing
  }

  /// - Parameter isUnlikeZero: missing values go another way than zero.
  mutating func note(_ column: Int, _ kind: Kind, isUnlikeZero: Bool) {
    guard isUnlikeZero, zeroIsMissing.indices.contains(column) else { return }
    switch kind {
    case .none: break
    case .zero: zeroIsMissing[column] = true
    case .nan: partsNaNFromZero[column] = true
    }
  }

  /// NaN goes right at a split by category; so must category 0 where it counts as missing.
  mutating func noteCategories(_ column: Int, zeroGoesLeft: Bool) {
    guard zeroGoesLeft, zeroIsMissing.indices.contains(column) else { return }
    partsNaNFromZero[column] = true
  }

  /// As the ensemble wants it: none, or one for each column.
  func checked() throws(FormatProblem) -> [Bool] {
    for column in zeroIsMissing.indices where zeroIsMissing[column] && partsNaNFromZero[column] {
      throw FormatProblem(
        "column \(column) counts zero as missing at some splits and not at others")
    }
    return zeroIsMissing.contains(true) ? zeroIsMissing : []
  }
}
