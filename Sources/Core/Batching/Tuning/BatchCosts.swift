/// What a model's runs cost by their number of rows, learned while it serves.
///
/// Runs are sorted into sizes, the powers of two: size `n` holds runs of more than 2^(n-1) and at most
/// 2^n rows. For each size the nanoseconds of a row are a moving average in which one disturbed run
/// counts for no more than twice what is expected.
struct BatchCosts: Sendable {
  private struct Size: Sendable {
    var nanosecondsPerRow = 0.0
    var runCount = 0
  }

  private var sizes: [Size]
  private static let weight = 1.0 / 8

  /// - Parameter rowsMax: most rows of a run, 1 or more.
  init(rowsMax: Int) {
    sizes = Array(repeating: Size(), count: Self.size(ofRows: rowsMax) + 1)
  }

  static func size(ofRows rowCount: Int) -> Int {
    rowCount <= 1 ? 0 : Int.bitWidth - (rowCount - 1).leadingZeroBitCount
  }

  /// The largest size there is.
  var largest: Int { sizes.count - 1 }

  mutating func learn(nanoseconds: UInt64, rowCount: Int) {
    let size = min(Self.size(ofRows: rowCount), largest)
    let seen = Double(nanoseconds) / Double(max(1, rowCount))
    sizes[size].runCount += 1
    guard sizes[size].runCount > 1 else {
      sizes[size].nanosecondsPerRow = seen
      return
    }
    let expected = sizes[size].nanosecondsPerRow
    // The first runs of a size warm caches: a better one replaces them quickly.
    let weight = max(Self.weight, 1 / Double(sizes[size].runCount))
    sizes[size].nanosecondsPerRow += (min(seen, expected * 2) - expected) * weight
  }

  /// Cost of a row in a run of that size; `nil` where no run had it yet.
  func nanosecondsPerRow(_ size: Int) -> Double? {
    sizes[size].runCount > 0 ? sizes[size].nanosecondsPerRow : nil
  }
}
