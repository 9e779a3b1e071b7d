/// The shape of a value of which every row has its own: the lengths of its axes without that of rows,
/// and where that axis stands.
///
/// In memory rows come first wherever the axis stands, so that a row's elements lie together.
struct ColumnShape: Equatable {
  /// Lengths of the other axes, outermost first.
  var rowLengths: [Int]
  /// Place of the rows' axis among all.
  var rowAxis = 0

  init(_ rowLengths: [Int], rowAxis: Int = 0) {
    self.rowLengths = rowLengths
    self.rowAxis = rowAxis
  }

  /// Elements of a row; bounded where the shape was made.
  var width: Int { rowLengths.reduce(1, *) }
  var rank: Int { rowLengths.count + 1 }
  /// The row's elements are what the value's elements would be in ONNX's own order.
  var isInOrder: Bool { rowLengths[..<rowAxis].allSatisfy { $0 == 1 } }
  /// `[rows, width]`
  var isTable: Bool { rowAxis == 0 && rowLengths.count == 1 }
  /// All axes, `nil` where rows are.
  var axes: [Int?] {
    var axes: [Int?] = rowLengths
    axes.insert(nil, at: rowAxis)
    return axes
  }

  /// The shape with these axes, of which one is the rows'; `nil` where none or several are.
  init?(axes: [Int?]) {
    guard let place = axes.firstIndex(of: nil), !axes[(place + 1)...].contains(nil) else {
      return nil
    }
    self.init(axes.compactMap { $0 }, rowAxis: place)
  }

  /// Place among the row's own axes of an axis as ONNX counts it (from the end where negative);
  /// `nil` for that of rows and for one that is not there.
  func rowPlace(ofAxis axis: Int64) -> Int? {
    guard let axis = Int(exactly: axis < 0 ? axis + Int64(rank) : axis), (0..<rank).contains(axis),
      axis != rowAxis
    else { return nil }
    return axis < rowAxis ? axis : axis - 1
  }

  /// Elements before, along and after one of the row's own axes.
  func split(at place: Int) -> (outer: Int, length: Int, inner: Int) {
    (
      rowLengths[..<place].reduce(1, *), rowLengths[place],
      rowLengths[(place + 1)...].reduce(1, *)
    )
  }
}

/// How axes of different values are matched: the last with the last, 1 with anything.
enum Broadcast {
  /// The axes of the result; `nil` stands for rows. Rows match rows, 1 and nothing.
  static func axes(_ left: [Int?], _ right: [Int?]) throws(PipelineObstacle) -> [Int?] {
    let rank = max(left.count, right.count)
    let left = padded(left, to: rank)
    let right = padded(right, to: rank)
    var axes: [Int?] = []
    for (left, right) in zip(left, right) {
      if left == right || right == 1 {
        axes.append(left)
      } else if left == 1 {
        axes.append(right)
      } else {
        throw .notComputed("operands of shapes that do not match row by row")
      }
    }
    return axes
  }

  /// For each element of a row of the result, which element of the operand's row it comes from.
  static func sources(of operand: [Int?], in result: ColumnShape) -> [Int] {
    var lengths = padded(operand, to: result.rank)
    lengths.remove(at: result.rowAxis)
    var sources = [0]
    var stride = lengths.reduce(1) { $0 * ($1 ?? 1) }
    for (length, wanted) in zip(lengths, result.rowLengths) {
      let length = length ?? 1
      stride /= max(length, 1)
      sources = sources.flatMap { start in
        (0..<wanted).map { length == 1 ? start : start + $0 * stride }
      }
    }
    return sources
  }

  private static func padded(_ axes: [Int?], to rank: Int) -> [Int?] {
    [Int?](repeating: 1, count: max(0, rank - axes.count)) + axes
  }
}
