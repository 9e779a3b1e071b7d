/// Reads the names that a model file carries, of classes and of features.
///
/// Ultralytics writes them as Python prints a dictionary, `{0: 'person', 1: "it's"}`; others write a
/// JSON object or list. One small reader takes all of these: strings in either quote, keys that are
/// numbers or numbers in quotes.
package struct ClassNames {
  private var text: Substring.UTF8View

  /// More classes than any model has; a hostile key must not make a list of billions.
  private static let classIDMax = 100_000

  /// The names by class, empty strings where a number is left out; `nil` where the text is not of
  /// that form.
  package static func parse(_ text: String) -> [String]? {
    var reader = ClassNames(text: Substring(text).utf8)
    guard let names = reader.names() else { return nil }
    reader.skipSpace()
    return reader.text.isEmpty ? names : nil
  }

  private mutating func names() -> [String]? {
    skipSpace()
    if take("{") { return dictionary() }
    if take("[") || take("(") { return list() }
    return nil
  }

  private mutating func dictionary() -> [String]? {
    var names: [Int: String] = [:]
    while !takeEnd() {
      guard let key = key(), take(":"), let name = string() else { return nil }
      names[key] = name
      guard take(",") || isAtEnd else { return nil }
    }
    guard let last = names.keys.max() else { return nil }
    return (0...last).map { names[$0] ?? "" }
  }

  private mutating func list() -> [String]? {
    var names: [String] = []
    while !takeEnd() {
      guard let name = string(), names.count < Self.classIDMax else { return nil }
      names.append(name)
      guard take(",") || isAtEnd else { return nil }
    }
    return names.isEmpty ? nil : names
  }

  private mutating func key() -> Int? {
    skipSpace()
    let digits: String
    if text.first == UInt8(ascii: "'") || text.first == UInt8(ascii: "\"") {
      guard let quoted = string() else { return nil }
      digits = quoted
    } else {
      let run = text.prefix { (48...57).contains($0) }
      text = text.dropFirst(run.count)
      digits = String(Substring(run))
    }
    guard let key = Int(digits), (0..<Self.classIDMax).contains(key) else { return nil }
    return key
  }

  private mutating func string() -> String? {
    skipSpace()
    guard let quote = text.first, quote == UInt8(ascii: "'") || quote == UInt8(ascii: "\"") else {
      return nil
    }
    text = text.dropFirst()
    var bytes: [UInt8] = []
    while let byte = text.popFirst() {
      if byte == quote { return String(decoding: bytes, as: UTF8.self) }
      guard byte == UInt8(ascii: "\\") else {
        bytes.append(byte)
        continue
      }
      guard let escaped = escape() else { return nil }
      bytes += escaped
    }
    return nil
  }

  private mutating func escape() -> [UInt8]? {
    guard let kind = text.popFirst() else { return nil }
    switch kind {
    case UInt8(ascii: "n"): return [10]
    case UInt8(ascii: "t"): return [9]
    case UInt8(ascii: "x"): return character(digits: 2)
    case UInt8(ascii: "u"): return character(digits: 4)
    case UInt8(ascii: "\\"), UInt8(ascii: "'"), UInt8(ascii: "\""), UInt8(ascii: "/"):
      return [kind]
    default: return nil
    }
  }

  /// A code point in hexadecimal, as UTF-8; half of a surrogate pair becomes the replacement
  /// character.
  private mutating func character(digits: Int) -> [UInt8]? {
    guard let number = UInt32(String(Substring(text.prefix(digits))), radix: 16) else { return nil }
    text = text.dropFirst(digits)
    return Array(String(Unicode.Scalar(number).map(Character.init) ?? "\u{FFFD}").utf8)
  }

  private mutating func take(_ character: Unicode.Scalar) -> Bool {
    skipSpace()
    guard text.first == UInt8(ascii: character) else { return false }
    text = text.dropFirst()
    return true
  }

  private var isAtEnd: Bool {
    guard let next = text.first(where: { $0 > 32 }) else { return false }
    return next == UInt8(ascii: "}") || next == UInt8(ascii: "]") || next == UInt8(ascii: ")")
  }

  private mutating func takeEnd() -> Bool { take("}") || take("]") || take(")") }

  private mutating func skipSpace() { text = text.drop { $0 <= 32 } }
}
