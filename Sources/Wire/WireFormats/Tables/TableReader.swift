import Inference

/// Reads tables in JSON: records (an object for each row), or column names and rows apart.
enum TableReader {
  struct Table {
    let tensors: [Tensor?]
    let rowCount: Int
  }

  // MARK: Records

  /// `[{"a": 1, "b": 2}, ...]`; what `shared` has, each row has, too, where it does not say itself.
  static func records(
    _ scanner: inout JSONScanner, _ signature: ModelSignature, field: String,
    shared: JSONScanner? = nil
  ) throws(InputProblem) -> Table {
    guard scanner.peek() == UInt8(ascii: "[") else {
      throw .fieldOfWrongKind(field, expected: "an array with an object for each row")
    }
    let rowCount = NestedShape.elementCount(scanner)
    guard rowCount > 0 else {
      throw .fieldOfWrongKind(field, expected: "an array of one row at least")
    }
    let sharedCells = try shared.map { (scanner) throws(InputProblem) in
      try self.sharedCells(of: scanner, rowCount: rowCount)
    }
    var first = scanner
    _ = first.take("[")
    var columns = try cells(of: first, "\(field)[0]").map(\.name)
    var known = Set(columns)
    for cell in sharedCells ?? [] where known.insert(cell.name).inserted {
      columns.append(cell.name)
    }
    let plan = try ColumnPlan(signature, columns: columns, width: columns.count)
    var table = try ColumnTable(
      signature, plan, rowCount: rowCount,
      // A shared cell's text counts for every row, within reason.
      byteCount: scanner.remainingByteCount * (sharedCells == nil ? 1 : 4))
    let places = Dictionary(uniqueKeysWithValues: columns.enumerated().map { ($1, $0) })
    var row = RecordRow(places: places, shared: sharedCells ?? [], field: field)
    try scanner.readArray { (scanner) throws(InputProblem) in
      try row.read(&scanner, into: &table)
    }
    return Table(tensors: try table.tensors(), rowCount: rowCount)
  }

  /// Bytes of what all rows share, over all of them.
  static let repeatedBytesMax = 64 << 20

  /// What all rows share is read, and held, again for each of them: its bytes count so many times.
  private static func sharedCells(
    of scanner: JSONScanner, rowCount: Int
  ) throws(InputProblem) -> [RecordRow.Cell] {
    var end = scanner
    try end.skipValue()
    let (byteCount, overflow) = (end.cursor - scanner.cursor)
      .multipliedReportingOverflow(by: rowCount)
    guard !overflow, byteCount <= repeatedBytesMax else {
      throw .framing(
        "`context` is repeated for each of \(rowCount) examples, which together may be at most "
          + "\(repeatedBytesMax) bytes; send fewer examples at once")
    }
    let cells = try cells(of: scanner, "context")
    var names: Set<String> = []
    for cell in cells where !names.insert(cell.name).inserted {
      throw .fieldOfWrongKind("context.\(cell.name)", expected: "given once")
    }
    return cells
  }

  /// The names in an object, each with a scanner before its value.
  private static func cells(
    of scanner: JSONScanner, _ label: String
  ) throws(InputProblem) -> [RecordRow.Cell] {
    var scanner = scanner
    guard scanner.peek() == UInt8(ascii: "{") else {
      throw .fieldOfWrongKind(label, expected: "an object")
    }
    var cells: [RecordRow.Cell] = []
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      cells.append(RecordRow.Cell(name: key, value: scanner))
      try scanner.skipValue()
    }
    return cells
  }

  // MARK: Columns

  /// Columns of as many values each, [n] or [n,1], by name; `values` stand before their arrays.
  static func columns(
    _ names: [String], _ values: [JSONScanner], _ signature: ModelSignature
  ) throws(InputProblem) -> Table {
    guard let first = values.first else { throw .missingField(names.first ?? "inputs") }
    let rowCount = NestedShape.elementCount(first)
    let plan = try ColumnPlan(signature, columns: names, width: names.count)
    var table = try ColumnTable(
      signature, plan, rowCount: rowCount, byteCount: first.remainingByteCount)
    for (place, value) in values.enumerated() {
      var value = value
      table.beginColumn()
      try value.readArray { (scanner) throws(InputProblem) in
        guard table.hasRowsLeft else { throw .raggedArray(input: names[place]) }
        try readCell(&scanner, place, into: &table)
        table.endRow()
      }
      guard !table.hasRowsLeft else { throw .raggedArray(input: names[place]) }
    }
    return Table(tensors: try table.tensors(), rowCount: rowCount)
  }

  /// A value of a column may stand in an array of its own.
  private static func readCell(
    _ scanner: inout JSONScanner, _ column: Int, into table: inout ColumnTable
  ) throws(InputProblem) {
    guard scanner.peek() == UInt8(ascii: "[") else {
      return try table.read(&scanner, column: column)
    }
    try scanner.open("[")
    try table.read(&scanner, column: column)
    guard scanner.peek() == UInt8(ascii: "]") else {
      throw scanner.unexpected("one value in each row of a column")
    }
    scanner.close()
  }

  // MARK: Columns and rows apart

  /// `{"columns": ["a", "b"], "index": [0], "data": [[1, 2]]}`, as pandas writes with `split`.
  static func split(
    _ scanner: inout JSONScanner, _ signature: ModelSignature, field: String
  ) throws(InputProblem) -> Table {
    guard scanner.peek() == UInt8(ascii: "{") else {
      throw .fieldOfWrongKind(field, expected: "an object with `columns` and `data`")
    }
    var columns: [String]?
    var data: JSONScanner?
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      switch key {
      case "columns": columns = try readNames(&scanner, field + ".columns")
      case "data":
        data = scanner
        try scanner.skipValue()
      default: try scanner.skipValue()
      }
    }
    guard var data else { throw .missingField(field + ".data") }
    return try rows(&data, signature, columns, field: field + ".data")
  }

  private static func readNames(
    _ scanner: inout JSONScanner, _ field: String
  ) throws(InputProblem) -> [String] {
    guard scanner.peek() == UInt8(ascii: "[") else {
      throw .fieldOfWrongKind(field, expected: "an array of names")
    }
    var names: [String] = []
    try scanner.readArray { (scanner) throws(InputProblem) in
      if scanner.peek() == UInt8(ascii: "\"") {
        names.append(try scanner.readString())
      } else {
        // Columns that pandas numbered.
        names.append(
          String(decoding: try scanner.readNumber().token, as: UTF8.self))
      }
    }
    return names
  }

  private static func rows(
    _ scanner: inout JSONScanner, _ signature: ModelSignature, _ columns: [String]?,
    field: String
  ) throws(InputProblem) -> Table {
    guard scanner.peek() == UInt8(ascii: "[") else {
      throw .fieldOfWrongKind(field, expected: "an array with an array for each row")
    }
    let rowCount = NestedShape.elementCount(scanner)
    guard rowCount > 0 else {
      throw .fieldOfWrongKind(field, expected: "an array of one row at least")
    }
    var first = scanner
    _ = first.take("[")
    first.skipSpace()
    let width = columns?.count ?? NestedShape.elementCount(first)
    let plan = try ColumnPlan(signature, columns: columns, width: width)
    var table = try ColumnTable(
      signature, plan, rowCount: rowCount, byteCount: scanner.remainingByteCount)
    var row = 0
    try scanner.readArray { (scanner) throws(InputProblem) in
      try readRow(&scanner, into: &table, width: width, label: "\(field)[\(row)]")
      row += 1
    }
    return Table(tensors: try table.tensors(), rowCount: rowCount)
  }

  private static func readRow(
    _ scanner: inout JSONScanner, into table: inout ColumnTable, width: Int, label: String
  ) throws(InputProblem) {
    let wrong = InputProblem.fieldOfWrongKind(label, expected: "an array of \(width) values")
    guard scanner.peek() == UInt8(ascii: "[") else { throw wrong }
    var column = 0
    try scanner.readArray { (scanner) throws(InputProblem) in
      guard column < width else { throw wrong }
      try table.read(&scanner, column: column)
      column += 1
    }
    guard column == width else { throw wrong }
    table.endRow()
  }
}

/// Reads the rows of records: keys in any order, each once, none missing, none more.
private struct RecordRow {
  struct Cell {
    let name: String
    /// Before the value.
    let value: JSONScanner
  }

  let places: [String: Int]
  let shared: [Cell]
  let field: String
  private var index = 0
  /// The row in which each column was read last, from 1.
  private var readIn: [Int]

  init(places: [String: Int], shared: [Cell], field: String) {
    self.places = places
    self.shared = shared
    self.field = field
    readIn = [Int](repeating: 0, count: places.count)
  }

  mutating func read(
    _ scanner: inout JSONScanner, into table: inout ColumnTable
  ) throws(InputProblem) {
    let label = "\(field)[\(index)]"
    guard scanner.peek() == UInt8(ascii: "{") else {
      throw .fieldOfWrongKind(label, expected: "an object, as the first row is")
    }
    index += 1
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      guard let column = places[key] else {
        throw .fieldOfWrongKind(
          "\(label).\(key)", expected: "left out, as the first row has it not")
      }
      guard readIn[column] < index else {
        throw .fieldOfWrongKind("\(label).\(key)", expected: "given once")
      }
      readIn[column] = index
      try table.read(&scanner, column: column)
    }
    for cell in shared {
      guard let column = places[cell.name], readIn[column] < index else { continue }
      readIn[column] = index
      var value = cell.value
      try table.read(&value, column: column)
    }
    if let absent = places.first(where: { readIn[$0.value] < index }) {
      throw .missingField("\(label).\(absent.key)")
    }
    table.endRow()
  }
}
