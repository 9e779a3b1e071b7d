package import Inference
package import WireFormats

/// Rows of cells as they were written, from CSV or from JSON; nothing is a number yet.
package struct RowTable: Sendable, Equatable {
  /// Titles of the columns, where the text has them.
  package let titles: [String]?
  /// All cells, row after row.
  let cells: [String]
  package let columnCount: Int

  package var rowCount: Int { columnCount == 0 ? 0 : cells.count / columnCount }

  package func cell(row: Int, column: Int) -> String { cells[row * columnCount + column] }

  /// Some rows as a table of their own.
  package func rows(_ range: Range<Int>) -> RowTable {
    let cells = cells[range.lowerBound * columnCount..<range.upperBound * columnCount]
    return RowTable(titles: titles, cells: Array(cells), columnCount: columnCount)
  }

  /// The table without one of its columns, and that column's cells.
  ///
  /// - Parameter name: its title, or, counted from 1, its number.
  package func separating(_ name: String) throws(RowProblem) -> (rest: RowTable, column: [String]) {
    let numbered = Int(name).map { $0 - 1 }
    guard let place = titles?.firstIndex(of: name) ?? numbered, (0..<columnCount).contains(place)
    else {
      throw .missingColumns([name], titles: titles ?? (1...max(1, columnCount)).map(String.init))
    }
    var rest: [String] = []
    rest.reserveCapacity(cells.count)
    for (index, cell) in cells.enumerated() where index % columnCount != place {
      rest.append(cell)
    }
    var titles = titles
    titles?.remove(at: place)
    let column = (0..<rowCount).map { cell(row: $0, column: place) }
    return (RowTable(titles: titles, cells: rest, columnCount: columnCount - 1), column)
  }

  private init(titles: [String]?, cells: [String], columnCount: Int) {
    self.titles = titles
    self.cells = cells
    self.columnCount = columnCount
  }

  private init(titles: [String]?, rows: [[String]]) {
    self.titles = titles
    columnCount = titles?.count ?? rows.first?.count ?? 0
    cells = Array(rows.joined())
  }

  // MARK: CSV

  /// Reads CSV (RFC 4180): commas, or semicolons or tabs where the first line has no comma.
  ///
  /// The first line is a line of titles where none of its cells is a number. Every line has as many
  /// cells as the first; empty lines do not count.
  package init(csv text: String) throws(RowProblem) {
    var rows: [[String]] = []
    var reader = CSVReader(text)
    while let row = try reader.next() {
      if let first = rows.first, row.count != first.count {
        throw .ragged(line: reader.line, expected: first.count, got: row.count)
      }
      rows.append(row)
    }
    guard let first = rows.first else { throw .empty }
    let hasTitles = first.allSatisfy { Double($0) == nil }
    if hasTitles { rows.removeFirst() }
    guard !rows.isEmpty else { throw .empty }
    self.init(titles: hasTitles ? first : nil, rows: rows)
  }

  // MARK: JSON

  /// Takes an array of rows, each an array of numbers or an object of numbers by title; a plain array
  /// of numbers is one row.
  package init(json: JSONValue) throws(RowProblem) {
    guard case .array(let elements) = json, let first = elements.first else { throw .empty }
    switch first {
    case .array: self.init(titles: nil, rows: try Self.arrays(elements))
    case .object(let members):
      let titles = members.map(\.key)
      self.init(titles: titles, rows: try Self.objects(elements, titles: titles))
    default: self.init(titles: nil, rows: [try Self.row(elements, number: 1)])
    }
  }

  private static func arrays(_ elements: [JSONValue]) throws(RowProblem) -> [[String]] {
    var rows: [[String]] = []
    for (index, element) in elements.enumerated() {
      guard case .array(let cells) = element else { throw .notARow(number: index + 1) }
      if let first = rows.first, cells.count != first.count {
        throw .ragged(line: index + 1, expected: first.count, got: cells.count)
      }
      rows.append(try row(cells, number: index + 1))
    }
    return rows
  }

  private static func objects(
    _ elements: [JSONValue], titles: [String]
  ) throws(RowProblem) -> [[String]] {
    var rows: [[String]] = []
    for (index, element) in elements.enumerated() {
      guard case .object(let members) = element else { throw .notARow(number: index + 1) }
      guard members.count == titles.count else {
        throw .ragged(line: index + 1, expected: titles.count, got: members.count)
      }
      var cells: [JSONValue] = []
      for title in titles {
        guard let cell = element[title] else {
          throw .missingColumns([title], titles: members.map(\.key))
        }
        cells.append(cell)
      }
      rows.append(try row(cells, number: index + 1))
    }
    return rows
  }

  private static func row(_ cells: [JSONValue], number: Int) throws(RowProblem) -> [String] {
    var texts: [String] = []
    for (column, cell) in cells.enumerated() {
      switch cell {
      case .integer(let integer): texts.append(String(integer))
      case .number(let number): texts.append(String(number))
      case .bool(let flag): texts.append(flag ? "1" : "0")
      case .string(let text): texts.append(text)
      case .null, .array, .object:
        throw .notANumber(row: number, column: String(column + 1), text: "")
      }
    }
    return texts
  }
}

/// What is wrong with rows.
package enum RowProblem: Error, Sendable, Equatable {
  case empty
  case notText
  case ragged(line: Int, expected: Int, got: Int)
  case unclosedQuote(line: Int)
  case notARow(number: Int)
  case notANumber(row: Int, column: String, text: String)
  case outOfRange(row: Int, column: String, text: String, datatype: Datatype)
  /// The titles have not all that the model wants.
  case missingColumns([String], titles: [String])
  case wrongColumnCount(expected: Int, names: [String], got: Int)
  /// The model takes something that rows of numbers cannot be.
  case noRowInput(reason: String)
  /// The model computes so many rows at once, and the number of rows is no multiple of it.
  case wrongRowCount(multipleOf: Int, got: Int)
}

extension RowProblem: CustomStringConvertible {
  /// One sentence: what was expected, what came, what to do.
  package var description: String {
    switch self {
    case .empty: "there are no rows"
    case .notText: "this is no text, so no table either"
    case .ragged(let line, let expected, let got):
      "row \(line) has \(got) cells, the first has \(expected)"
    case .unclosedQuote(let line): "the quote that line \(line) opens is never closed"
    case .notARow(let number): "element \(number) is no row: write an array or object for each row"
    case .notANumber(let row, let column, let text):
      "row \(row), column \(column): \(text.isEmpty ? "an empty cell" : "`\(text)`") is no number"
    case .outOfRange(let row, let column, let text, let datatype):
      "row \(row), column \(column): `\(text)` is no \(datatype.name)"
    case .missingColumns(let missing, let titles):
      "no column \(missing.map { "`\($0)`" }.joined(separator: ", ")); there are: "
        + titles.joined(separator: ", ")
    case .wrongColumnCount(let expected, let names, let got):
      "the model takes \(expected) numbers a row"
        + (names.isEmpty ? "" : " (\(names.joined(separator: ", ")))") + ", these rows have \(got)"
    case .noRowInput(let reason): "this model takes no rows of numbers: \(reason)"
    case .wrongRowCount(let multiple, let got):
      "the model computes \(multiple) rows at a time, and \(got) is no multiple of it"
    }
  }
}
