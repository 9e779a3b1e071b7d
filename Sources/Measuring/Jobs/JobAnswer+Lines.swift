import Inference
import Reports
import Vision
import WireFormats

extension JobAnswer {
  /// Rows of a table that is printed whole; of more, the first and a word about the rest.
  private static let rowsMax = 1_000
  /// Columns of one output that are printed.
  private static let columnsMax = 12

  /// The answer as a person reads it.
  package var lines: [String] {
    switch content {
    case .detections(let found): lines(of: found)
    case .classes(let found): Self.lines(of: found)
    case .tensors(let outputs, _, _, let labels): Self.lines(of: outputs, labels: labels)
    }
  }

  private func lines(of found: [Detection]) -> [String] {
    let photo = "\(head.width) x \(head.height)"
    guard !found.isEmpty else { return ["\(photo): nothing found"] }
    var table = TextTable(
      [.init("label"), .init("score", .right)]
        + ["x1", "y1", "x2", "y2"].map { .init($0, .right) })
    for each in found {
      let edges = [each.box.x1, each.box.y1, each.box.x2, each.box.y2]
      table.add(
        [each.label, Readable.decimal(Double(each.score), places: 3)]
          + edges.map { Readable.decimal(Double($0), places: 1) })
    }
    return ["\(photo): \(found.count) found"] + table.lines
  }

  private static func lines(of found: [Classification]) -> [String] {
    var table = TextTable([.init("class"), .init("score", .right)])
    for each in found {
      table.add([each.label, Readable.decimal(Double(each.score), places: 4)])
    }
    return table.lines
  }

  /// Outputs of a row for each input row stand side by side; any other kind below, by itself.
  private static func lines(of outputs: [NamedTensor], labels: [String]) -> [String] {
    let columns = outputs.compactMap { TensorColumns($0, labels: labels, countMax: columnsMax) }
    var lines: [String] = []
    let rowCounts = Set(columns.map(\.rowCount))
    if rowCounts.count == 1, let rowCount = rowCounts.first {
      lines += table(of: columns, rowCount: rowCount)
    } else {
      for each in columns { lines += table(of: [each], rowCount: each.rowCount) }
    }
    let others = outputs.filter { TensorColumns($0, labels: labels, countMax: columnsMax) == nil }
    return lines
      + others.map { "\($0.name): \($0.tensor.datatype.name) \($0.tensor.shape), see --json" }
  }

  private static func table(of columns: [TensorColumns], rowCount: Int) -> [String] {
    var table = TextTable(
      [.init("row", .right)] + columns.flatMap(\.titles).map { .init($0, .right) })
    for row in 0..<min(rowCount, rowsMax) {
      table.add([String(row + 1)] + columns.flatMap { $0.cells(row: row) })
    }
    let rest = rowCount - rowsMax
    return table.lines + (rest > 0 ? ["... and \(rest) rows more, see --json"] : [])
  }
}

/// An output with rows on axis 0 and few numbers in each, as columns of a table.
private struct TensorColumns {
  let rowCount: Int
  let titles: [String]
  private let columnCount: Int
  private let shownCount: Int
  private let texts: [String]

  /// `nil` where the output has no such form.
  init?(_ output: NamedTensor, labels: [String], countMax: Int) {
    let shape = output.tensor.shape
    guard (1...2).contains(shape.rank), shape[0] > 0, output.tensor.elementCount > 0 else {
      return nil
    }
    rowCount = shape[0]
    let columnCount = shape.rank == 2 ? shape[1] : 1
    let shownCount = min(columnCount, countMax)
    self.columnCount = columnCount
    self.shownCount = shownCount
    texts = TensorTexts.of(output.tensor)
    guard texts.count == rowCount * columnCount else { return nil }
    if columnCount == 1 {
      titles = [output.name]
    } else {
      let names = (0..<shownCount).map {
        labels.count == columnCount ? labels[$0] : "\(output.name)[\($0)]"
      }
      titles = names + (columnCount > shownCount ? ["..."] : [])
    }
  }

  func cells(row: Int) -> [String] {
    let start = row * columnCount
    return Array(texts[start..<start + shownCount]) + (columnCount > shownCount ? [""] : [])
  }
}

/// Elements of a tensor as short texts; fractions to four digits.
enum TensorTexts {
  static func of(_ tensor: Tensor) -> [String] {
    switch tensor.datatype {
    case .bool: tensor.elements(as: UInt8.self).map { $0 == 0 ? "false" : "true" }
    case .uint8: tensor.elements(as: UInt8.self).map { String($0) }
    case .uint16: tensor.elements(as: UInt16.self).map { String($0) }
    case .uint32: tensor.elements(as: UInt32.self).map { String($0) }
    case .uint64: tensor.elements(as: UInt64.self).map { String($0) }
    case .int8: tensor.elements(as: Int8.self).map { String($0) }
    case .int16: tensor.elements(as: Int16.self).map { String($0) }
    case .int32: tensor.elements(as: Int32.self).map { String($0) }
    case .int64: tensor.elements(as: Int64.self).map { String($0) }
    case .float16: tensor.elements(as: Float16.self).map { text(Double($0)) }
    case .float32: tensor.elements(as: Float.self).map { text(Double($0)) }
    case .float64: tensor.elements(as: Double.self).map { text($0) }
    case .bfloat16:
      tensor.elements(as: UInt16.self).map {
        text(Double(Float(bitPattern: UInt32($0) << 16)))
      }
    case .bytes: tensor.strings
    }
  }

  private static func text(_ value: Double) -> String {
    let isPlain = value == 0 || (0.0001..<1e9).contains(value.magnitude) || !value.isFinite
    return isPlain ? Readable.decimal(value, places: 4) : Readable.scientific(value)
  }
}
