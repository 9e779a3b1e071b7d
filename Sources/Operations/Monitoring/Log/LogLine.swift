/// Builds one line's bytes, newline included.
struct LogLine {
  private(set) var bytes: [UInt8] = []
  private let format: LogFormat

  init(_ format: LogFormat, _ level: LogLevel, _ message: String, at time: WallTime) {
    self.format = format
    bytes.reserveCapacity(640)
    switch format {
    case .json:
      append("{")
      writeKey(.timestamp)
      append("\"")
      time.append(to: &bytes)
      append("\"")
      add(.level, level.rawValue)
      add(.message, message)
      add(.schemaVersion, "8.11.0")
    case .text:
      time.append(to: &bytes)
      append(" ")
      append(level.rawValue.uppercased())
      append(level.rawValue.utf8.count == 4 ? "  " : " ")
      appendEscaped(message)
    }
  }

  mutating func add(_ key: LogKey, _ value: LogValue) {
    switch value {
    case .text(let text): add(key, text)
    case .number(let number): add(key, number)
    }
  }

  mutating func add(_ key: LogKey, _ text: String) {
    begin(key)
    let isBare = format == .text && Self.isBare(text)
    if !isBare { append("\"") }
    appendEscaped(text)
    if !isBare { append("\"") }
  }

  mutating func add(_ key: LogKey, _ number: Int64) {
    begin(key)
    append(String(number))
  }

  /// The whole line.
  consuming func ended() -> [UInt8] {
    if format == .json { append("}") }
    append("\n")
    return bytes
  }

  private mutating func begin(_ key: LogKey) {
    switch format {
    case .json:
      append(",")
      writeKey(key)
    case .text:
      append(" ")
      append(key.rawValue)
      append("=")
    }
  }

  private mutating func writeKey(_ key: LogKey) {
    append("\"")
    append(key.rawValue)
    append("\":")
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  /// Escapes as RFC 8259 asks, in text lines too, so that nobody's request can forge a line. What is
  /// longer than the limit is cut at a character and ends in an ellipsis.
  private mutating func appendEscaped(_ text: String) {
    var text = text
    text.withUTF8 { whole in
      var end = min(whole.count, Self.valueBytesMax)
      while end < whole.count, whole[end] & 0xc0 == 0x80 { end -= 1 }
      appendRuns(UnsafeBufferPointer(rebasing: whole[..<end]))
      if end < whole.count { append("…") }
    }
  }

  /// Copies stretches that need no escape at once.
  private mutating func appendRuns(_ text: UnsafeBufferPointer<UInt8>) {
    var start = 0
    for place in text.indices where Self.mustEscape(text[place]) {
      bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start..<place]))
      appendEscape(of: text[place])
      start = place + 1
    }
    bytes.append(contentsOf: UnsafeBufferPointer(rebasing: text[start...]))
  }

  private static func mustEscape(_ byte: UInt8) -> Bool {
    byte < 0x20 || byte == 0x7f || byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "\\")
  }

  private mutating func appendEscape(of byte: UInt8) {
    switch byte {
    case UInt8(ascii: "\""): append("\\\"")
    case UInt8(ascii: "\\"): append("\\\\")
    case 0x0a: append("\\n")
    case 0x0d: append("\\r")
    case 0x09: append("\\t")
    default:
      append(byte < 16 ? "\\u000" : "\\u00")
      append(String(byte, radix: 16))
    }
  }

  /// Longest value in bytes; a path or a header of a client may be larger.
  private static let valueBytesMax = 4_096

  private static func isBare(_ text: String) -> Bool {
    !text.isEmpty && text.utf8.allSatisfy { $0 > 0x20 && $0 != UInt8(ascii: "\"") && $0 < 0x7f }
  }
}
