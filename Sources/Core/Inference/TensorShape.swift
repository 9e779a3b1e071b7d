/// The lengths of a tensor's axes, outermost first, kept inline: copying one touches no heap.
///
/// Rank 0 is a scalar. Every length is 0 or more. Ranks above `rankMax` are refused at the edge.
package struct TensorShape: Sendable {
  /// The highest rank a request or an answer may have.
  package static let rankMax = 8

  @usableFromInline var lengths: InlineArray<8, Int>
  /// How many axes there are, 0 to `rankMax`.
  package private(set) var rank: Int

  /// A scalar.
  package init() {
    lengths = .init(repeating: 0)
    rank = 0
  }

  /// The shape with these lengths, or `nil` where there are more than `rankMax` or one is negative.
  package init?(_ source: some Collection<Int>) {
    guard source.count <= Self.rankMax else { return nil }
    self.init()
    for length in source {
      guard length >= 0 else { return nil }
      lengths[rank] = length
      rank += 1
    }
  }

  /// Length of one axis; setting it is how a batch axis is widened or cut.
  package subscript(axis: Int) -> Int {
    get {
      precondition(axis >= 0 && axis < rank, "axis \(axis) of a shape of rank \(rank)")
      return lengths[axis]
    }
    set {
      precondition(axis >= 0 && axis < rank && newValue >= 0, "axis \(axis) set to \(newValue)")
      lengths[axis] = newValue
    }
  }

  /// Adds an innermost axis; false where the rank is already `rankMax` or the length is negative.
  package mutating func append(_ length: Int) -> Bool {
    guard rank < Self.rankMax, length >= 0 else { return false }
    lengths[rank] = length
    rank += 1
    return true
  }

  /// Product of all lengths (1 for a scalar), or `nil` where it does not fit an `Int`.
  package var elementCount: Int? {
    var product = 1
    for axis in 0..<rank {
      let (next, overflow) = product.multipliedReportingOverflow(by: lengths[axis])
      if overflow { return nil }
      product = next
    }
    return product
  }

  /// Most rows without elements that a tensor may have.
  package static let emptyRowsMax = 65_536

  /// Whether there are more rows without elements than that.
  ///
  /// No byte stands for such a row, and yet whoever goes over a tensor row by row, or writes it as
  /// nested text, does something for each: a few bytes of a client could ask for any amount of it.
  package var hasTooManyEmptyRows: Bool {
    var rowCount = 1
    for axis in 0..<rank {
      if lengths[axis] == 0 { return rowCount > Self.emptyRowsMax }
      let (next, overflow) = rowCount.multipliedReportingOverflow(by: lengths[axis])
      rowCount = overflow ? .max : next
    }
    return false
  }

  /// The lengths as an array; for slow paths.
  package var array: [Int] { (0..<rank).map { lengths[$0] } }
}

extension TensorShape: Hashable {
  package static func == (left: TensorShape, right: TensorShape) -> Bool {
    guard left.rank == right.rank else { return false }
    for axis in 0..<left.rank where left.lengths[axis] != right.lengths[axis] { return false }
    return true
  }

  package func hash(into hasher: inout Hasher) {
    for axis in 0..<rank { hasher.combine(lengths[axis]) }
  }
}

extension TensorShape: ExpressibleByArrayLiteral {
  /// For code and tests that write a shape down; traps where `init(_:)` would give `nil`.
  package init(arrayLiteral elements: Int...) {
    guard let shape = TensorShape(elements) else { preconditionFailure("no shape: \(elements)") }
    self = shape
  }
}

extension TensorShape: CustomStringConvertible {
  /// `[1,3,640,640]`, as error messages and metadata write it.
  package var description: String { "[" + array.map(String.init).joined(separator: ",") + "]" }
}
