/// Rows of text in aligned columns, for a terminal.
///
/// Widths are counted in characters; the last column is never padded, so lines have no blank ends.
package struct TextTable: Sendable {
  package enum Alignment: Sendable { case left, right }

  /// One column: its title, which may be empty, and the side its cells lean to.
  package struct Column: Sendable {
    let title: String
    let alignment: Alignment

    package init(_ title: String, _ alignment: Alignment = .left) {
      self.title = title
      self.alignment = alignment
    }
  }

  private let columns: [Column]
  private var rows: [[String]] = []

  /// No line of titles is printed where all titles are empty.
  package init(_ columns: [Column]) { self.columns = columns }

  /// Adds a row; it has a cell for each column. Line ends and other control characters become
  /// blanks, so that a cell cannot break out of its row.
  package mutating func add(_ cells: [String]) {
    precondition(cells.count == columns.count, "\(cells.count) cells for \(columns.count) columns")
    rows.append(cells.map(Self.harmless))
  }

  package var isEmpty: Bool { rows.isEmpty }

  /// One line a row, without trailing blanks.
  package var lines: [String] {
    let titles = columns.map(\.title)
    let all = titles.allSatisfy(\.isEmpty) ? rows : [titles] + rows
    let widths = columns.indices.map { index in all.map { $0[index].count }.max() ?? 0 }
    return all.map { line(of: $0, widths: widths) }
  }

  private func line(of cells: [String], widths: [Int]) -> String {
    var line = ""
    for (index, cell) in cells.enumerated() {
      if index > 0 { line += "  " }
      let blanks = String(repeating: " ", count: widths[index] - cell.count)
      line += columns[index].alignment == .right ? blanks + cell : cell + blanks
    }
    while line.last == " " { line.removeLast() }
    return line
  }

  /// Text from a file without what would move a terminal's cursor.
  package static func harmless(_ text: String) -> String {
    guard text.unicodeScalars.contains(where: isControl) else { return text }
    var clean = String.UnicodeScalarView()
    clean.append(contentsOf: text.unicodeScalars.map { isControl($0) ? " " : $0 })
    return String(clean)
  }

  private static func isControl(_ scalar: Unicode.Scalar) -> Bool {
    scalar.properties.generalCategory == .control
  }
}
