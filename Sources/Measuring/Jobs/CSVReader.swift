/// Takes CSV apart, line by line, as RFC 4180 describes it; line ends may be any.
struct CSVReader {
  private var rest: Substring.UTF8View
  private let separator: UInt8
  /// Of the row that `next` gave last, counted from 1; a quoted line end counts.
  private(set) var line = 0
  private var nextLine = 1

  init(_ text: String) {
    var rest = Substring(text).utf8
    if rest.starts(with: [0xEF, 0xBB, 0xBF]) { rest = rest.dropFirst(3) }
    let first = rest.prefix { !Self.isLineEnd($0) }
    let candidates = [UInt8(ascii: ","), UInt8(ascii: ";"), UInt8(ascii: "\t")]
    separator = candidates.first(where: first.contains) ?? candidates[0]
    self.rest = rest
  }

  /// The next line that is not empty; `nil` at the end.
  mutating func next() throws(RowProblem) -> [String]? {
    while let byte = rest.first, Self.isLineEnd(byte) { takeLineEnd() }
    guard !rest.isEmpty else { return nil }
    line = nextLine
    var cells = [try cell()]
    while rest.first == separator {
      rest = rest.dropFirst()
      cells.append(try cell())
    }
    if !rest.isEmpty { takeLineEnd() }
    return cells
  }

  private mutating func cell() throws(RowProblem) -> String {
    let unquoted = rest.drop { $0 == UInt8(ascii: " ") }
    if unquoted.first == UInt8(ascii: "\"") {
      rest = unquoted.dropFirst()
      return try quotedCell()
    }
    let bytes = rest.prefix { $0 != separator && !Self.isLineEnd($0) }
    rest = rest[bytes.endIndex...]
    return Self.trimmed(Substring(bytes))
  }

  private mutating func quotedCell() throws(RowProblem) -> String {
    var bytes: [UInt8] = []
    while let byte = rest.popFirst() {
      if byte == UInt8(ascii: "\n") { nextLine += 1 }
      guard byte == UInt8(ascii: "\"") else {
        bytes.append(byte)
        continue
      }
      guard rest.first == UInt8(ascii: "\"") else {
        // What stands between the quote and the separator belongs to the cell.
        let tail = rest.prefix { $0 != separator && !Self.isLineEnd($0) }
        rest = rest[tail.endIndex...]
        return String(decoding: bytes, as: UTF8.self) + Self.trimmed(Substring(tail))
      }
      rest = rest.dropFirst()
      bytes.append(byte)
    }
    throw .unclosedQuote(line: line)
  }

  /// `\r\n` counts once.
  private mutating func takeLineEnd() {
    let isPair = rest.first == 13 && rest.dropFirst().first == 10
    rest = rest.dropFirst(isPair ? 2 : 1)
    nextLine += 1
  }

  private static func isLineEnd(_ byte: UInt8) -> Bool { byte == 10 || byte == 13 }

  private static func trimmed(_ text: Substring) -> String {
    var text = text.drop { $0 == " " }
    while text.last == " " { text.removeLast() }
    return String(text)
  }
}
