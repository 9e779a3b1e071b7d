import Inference

/// Reads comma-separated values (RFC 4180) into a model's inputs.
enum CSVTable {
  struct Table {
    let tensors: [Tensor?]
    let rowCount: Int
    /// The first line named the columns.
    let hasHeader: Bool
  }

  /// - Parameter hasHeader: `nil` where the first line tells: a line of numbers names nothing.
  static func read(
    _ body: UnsafeRawBufferPointer, _ signature: ModelSignature, hasHeader: Bool?
  ) throws(InputProblem) -> Table {
    guard UTF8Text.isWellFormed(body) else {
      throw .syntax(.csv, expected: "well-formed UTF-8", byteOffset: 0)
    }
    var cursor = CSVCursor(body)
    var first: [CSVCell] = []
    guard try cursor.readLine(into: &first) else {
      throw .syntax(.csv, expected: "a row", byteOffset: 0)
    }
    let isHeader = hasHeader ?? !first.allSatisfy(\.isNumber)
    let columns = isHeader ? first.map(\.text) : nil
    let rowCount = try CSVCursor(body).lineCount() - (isHeader ? 1 : 0)
    guard rowCount > 0 else {
      throw .syntax(.csv, expected: "a row behind the names", byteOffset: body.count)
    }
    let plan = try ColumnPlan(signature, columns: columns, width: first.count)
    var table = try ColumnTable(signature, plan, rowCount: rowCount, byteCount: body.count)
    if !isHeader { try append(first, to: &table) }
    var line: [CSVCell] = []
    while try cursor.readLine(into: &line) {
      guard line.count == first.count else {
        throw .syntax(
          .csv, expected: "a row of \(first.count) values before this place",
          byteOffset: cursor.place)
      }
      try append(line, to: &table)
    }
    return Table(tensors: try table.tensors(), rowCount: rowCount, hasHeader: isHeader)
  }

  private static func append(
    _ line: [CSVCell], to table: inout ColumnTable
  ) throws(InputProblem) {
    for (column, cell) in line.enumerated() {
      do throws(InputProblem) {
        try append(cell, column, to: &table)
      } catch {
        throw told(error, cell, table.datatype(ofColumn: column))
      }
    }
    table.endRow()
  }

  private static func append(
    _ cell: CSVCell, _ column: Int, to table: inout ColumnTable
  ) throws(InputProblem) {
    switch table.datatype(ofColumn: column) {
    case .bytes: try read(cell.json, column, into: &table)
    case .bool where cell.isMissing: try table.readMissing(column: column)
    case .bool: try read(cell.truth, column, into: &table)
    default:
      if cell.isMissing { return try table.readMissing(column: column) }
      try JSONScanner.scanning(cell.bytes, depthMax: 1) { (scanner) throws(InputProblem) in
        try table.read(&scanner, column: column)
      }
    }
  }

  /// Reads a value that had to be written anew.
  private static func read(
    _ json: [UInt8], _ column: Int, into table: inout ColumnTable
  ) throws(InputProblem) {
    var problem: InputProblem?
    json.withUnsafeBytes { bytes in
      do throws(InputProblem) {
        try JSONScanner.scanning(bytes, depthMax: 1) { (scanner) throws(InputProblem) in
          try table.read(&scanner, column: column)
        }
      } catch { problem = error }
    }
    if let problem { throw problem }
  }

  /// Where a cell is no number, its text says more than a place in it.
  private static func told(
    _ problem: InputProblem, _ cell: CSVCell, _ datatype: Datatype
  ) -> InputProblem {
    guard case .syntax = problem else { return problem }
    return .parameter("a value of the table", expected: "of \(datatype.name)", got: cell.text)
  }
}

/// One value of a line: a range of the body, of use as long as that is.
struct CSVCell {
  /// Without the quotes around it, or the spaces.
  let bytes: UnsafeRawBufferPointer
  let isQuoted: Bool
  /// Some of its quotes stand twice.
  var hasDoubledQuotes = false

  var text: String { String(decoding: content, as: UTF8.self) }

  private var content: [UInt8] {
    guard hasDoubledQuotes else { return Array(bytes) }
    var content: [UInt8] = []
    content.reserveCapacity(bytes.count)
    var place = 0
    while place < bytes.count {
      content.append(bytes[place])
      place += bytes[place] == UInt8(ascii: "\"") ? 2 : 1
    }
    return content
  }

  /// Whether it begins as numbers do; an empty one is a missing number.
  var isNumber: Bool {
    guard !isQuoted, let first = bytes.first else { return !isQuoted }
    return first == UInt8(ascii: "-") || first == UInt8(ascii: ".") || first == UInt8(ascii: "+")
      || UInt8(ascii: "0")...UInt8(ascii: "9") ~= first || isMissing
  }

  /// Whether it stands for a value that is not there.
  var isMissing: Bool {
    switch bytes.count {
    case 0: true
    case 2: isWord("NA")
    case 3: isWord("nan") || isWord("NaN")
    case 4: isWord("null") || isWord("None")
    default: false
    }
  }

  /// It is as long as the word.
  private func isWord(_ word: StaticString) -> Bool {
    for place in 0..<word.utf8CodeUnitCount where bytes[place] != word.utf8Start[place] {
      return false
    }
    return true
  }

  /// The text as a string of JSON.
  var json: [UInt8] {
    let content = content
    var writer = JSONWriter(reservedByteCount: content.count + 2)
    content.withUnsafeBytes { writer.write(utf8: $0) }
    return writer.bytes
  }

  /// A word of JSON, where the text is a truth as tables have them.
  var truth: [UInt8] {
    switch text.lowercased() {
    case "true", "1": Array("true".utf8)
    case "false", "0": Array("false".utf8)
    default: content
    }
  }
}

/// Goes over comma-separated values, line by line.
struct CSVCursor {
  private let body: UnsafeRawBufferPointer
  private(set) var place = 0
  /// Columns of one line.
  static let columnCountMax = 100_000

  init(_ body: UnsafeRawBufferPointer) { self.body = body }

  /// Lines that hold something.
  func lineCount() throws(InputProblem) -> Int {
    var cursor = self
    var count = 0
    var line: [CSVCell] = []
    while try cursor.readLine(into: &line) { count += 1 }
    return count
  }

  /// Reads the next line that is not empty; false at the end.
  mutating func readLine(into cells: inout [CSVCell]) throws(InputProblem) -> Bool {
    while place < body.count, body[place] == 0x0A || body[place] == 0x0D { place += 1 }
    cells.removeAll(keepingCapacity: true)
    guard place < body.count else { return false }
    while true {
      guard cells.count < Self.columnCountMax else {
        throw .syntax(
          .csv, expected: "at most \(Self.columnCountMax) columns", byteOffset: place)
      }
      cells.append(try readCell())
      guard place < body.count else { return true }
      let end = body[place]
      place += 1
      if end == UInt8(ascii: ",") { continue }
      return true
    }
  }

  private mutating func readCell() throws(InputProblem) -> CSVCell {
    while place < body.count, body[place] == 0x20 { place += 1 }
    guard place < body.count, body[place] == UInt8(ascii: "\"") else {
      let begin = place
      while place < body.count, !isEnd(body[place]) { place += 1 }
      var end = place
      while end > begin, body[end - 1] == 0x20 { end -= 1 }
      return CSVCell(bytes: part(begin..<end), isQuoted: false)
    }
    return try readQuoted()
  }

  private mutating func readQuoted() throws(InputProblem) -> CSVCell {
    place += 1
    let begin = place
    var hasDoubledQuotes = false
    while place < body.count {
      let byte = body[place]
      place += 1
      guard byte == UInt8(ascii: "\"") else { continue }
      if place < body.count, body[place] == UInt8(ascii: "\"") {
        hasDoubledQuotes = true
        place += 1
        continue
      }
      let end = place - 1
      while place < body.count, body[place] == 0x20 { place += 1 }
      guard place == body.count || isEnd(body[place]) else {
        throw .syntax(.csv, expected: "a comma or the end of the line", byteOffset: place)
      }
      return CSVCell(
        bytes: part(begin..<end), isQuoted: true, hasDoubledQuotes: hasDoubledQuotes)
    }
    throw .syntax(.csv, expected: "the closing quote", byteOffset: place)
  }

  private func part(_ range: Range<Int>) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: body[range])
  }

  private func isEnd(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: ",") || byte == 0x0A || byte == 0x0D
  }
}
