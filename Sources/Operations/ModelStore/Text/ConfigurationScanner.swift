/// Takes a configuration's text apart into words, strings and signs, and knows where it is.
///
/// A cursor over bytes; what it needs to remember is bounded by their count. The grammars are
/// `ProtobufText` and `JSONText`.
struct ConfigurationScanner {
  enum Token: Equatable {
    case sign(UInt8)
    /// A run of letters, digits, `_`, `.`, `+` and `-`.
    case word(String)
    /// In quotes; escapes resolved.
    case text(String)
    case end
  }

  /// Which language's comments, quotes and escapes hold.
  enum Language { case protobufText, json }

  private let bytes: [UInt8]
  private let language: Language
  private var index = 0
  private var line = 1
  private var lineStart = 0

  init(_ bytes: [UInt8], _ language: Language) throws(ConfigurationTree.Problem) {
    self.bytes = bytes
    self.language = language
    guard bytes.count <= ConfigurationTree.byteCountMax else {
      throw problem("the text is larger than \(ConfigurationTree.byteCountMax) bytes")
    }
  }

  var place: ConfigurationTree.Place {
    ConfigurationTree.Place(line: line, column: index - lineStart + 1)
  }

  func problem(_ reason: String) -> ConfigurationTree.Problem {
    ConfigurationTree.Problem(place: place, reason: reason)
  }

  /// Moves to the next byte that means something.
  mutating func skipSpace() {
    while index < bytes.count {
      switch bytes[index] {
      case UInt8(ascii: "\n"):
        index += 1
        line += 1
        lineStart = index
      case UInt8(ascii: " "), UInt8(ascii: "\t"), UInt8(ascii: "\r"): index += 1
      case UInt8(ascii: "#") where language == .protobufText:
        while index < bytes.count, bytes[index] != UInt8(ascii: "\n") { index += 1 }
      default: return
      }
    }
  }

  /// The byte that is next and means something, not yet taken; `nil` at the end.
  mutating func peek() -> UInt8? {
    skipSpace()
    return index < bytes.count ? bytes[index] : nil
  }

  mutating func take(_ sign: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(truncatingIfNeeded: sign.value) else { return false }
    index += 1
    return true
  }

  mutating func next() throws(ConfigurationTree.Problem) -> Token {
    guard let byte = peek() else { return .end }
    if byte == UInt8(ascii: "\"") || (byte == UInt8(ascii: "'") && language == .protobufText) {
      return .text(try quoted())
    }
    if Self.continuesWord(byte) { return .word(word()) }
    index += 1
    return .sign(byte)
  }

  private mutating func word() -> String {
    let start = index
    while index < bytes.count, Self.continuesWord(bytes[index]) { index += 1 }
    return String(decoding: bytes[start..<index], as: UTF8.self)
  }

  static func continuesWord(_ byte: UInt8) -> Bool {
    switch byte {
    case UInt8(ascii: "a")...UInt8(ascii: "z"), UInt8(ascii: "A")...UInt8(ascii: "Z"),
      UInt8(ascii: "0")...UInt8(ascii: "9"), UInt8(ascii: "_"), UInt8(ascii: "."),
      UInt8(ascii: "-"), UInt8(ascii: "+"):
      true
    default: false
    }
  }

  // MARK: Quotes

  private mutating func quoted() throws(ConfigurationTree.Problem) -> String {
    let quote = bytes[index]
    let start = place
    index += 1
    var text: [UInt8] = []
    while true {
      guard index < bytes.count, bytes[index] != UInt8(ascii: "\n") else {
        throw ConfigurationTree.Problem(
          place: start, reason: "the text that begins here has no closing quote in its line")
      }
      let byte = bytes[index]
      index += 1
      if byte == quote { break }
      if byte == UInt8(ascii: "\\") {
        try escape(into: &text)
      } else if byte < 0x20, language == .json {
        throw problem("a control character must be written as an escape")
      } else {
        text.append(byte)
      }
    }
    guard let string = String(validating: text, as: UTF8.self) else {
      throw ConfigurationTree.Problem(place: start, reason: "the text is not UTF-8")
    }
    return string
  }

  /// The backslash is taken; the rest of the escape is next.
  private mutating func escape(into text: inout [UInt8]) throws(ConfigurationTree.Problem) {
    guard index < bytes.count else { throw problem("the text ends within an escape") }
    let byte = bytes[index]
    index += 1
    if let plain = Self.plainEscapes[byte] {
      text.append(plain)
    } else if byte == UInt8(ascii: "u") {
      try appendScalar(digitCount: 4, to: &text)
    } else if language == .json {
      throw problem("there is no such escape in JSON")
    } else {
      try protobufEscape(byte, into: &text)
    }
  }

  /// Those that both languages have, and `'`, which is a harmless letter in JSON.
  private static let plainEscapes: [UInt8: UInt8] = [
    UInt8(ascii: "n"): 10, UInt8(ascii: "t"): 9, UInt8(ascii: "r"): 13, UInt8(ascii: "b"): 8,
    UInt8(ascii: "f"): 12, UInt8(ascii: "\\"): UInt8(ascii: "\\"),
    UInt8(ascii: "\""): UInt8(ascii: "\""), UInt8(ascii: "/"): UInt8(ascii: "/"),
    UInt8(ascii: "'"): UInt8(ascii: "'"),
  ]

  private mutating func protobufEscape(
    _ byte: UInt8, into text: inout [UInt8]
  ) throws(ConfigurationTree.Problem) {
    switch byte {
    case UInt8(ascii: "a"): text.append(7)
    case UInt8(ascii: "v"): text.append(11)
    case UInt8(ascii: "?"): text.append(byte)
    case UInt8(ascii: "U"): try appendScalar(digitCount: 8, to: &text)
    case UInt8(ascii: "x"), UInt8(ascii: "X"):
      text.append(UInt8(truncatingIfNeeded: try number(radix: 16, 1...2)))
    case UInt8(ascii: "0")...UInt8(ascii: "7"):
      index -= 1
      let value = try number(radix: 8, 1...3)
      guard value < 256 else { throw problem("an octal escape must be below \\400") }
      text.append(UInt8(value))
    default: throw problem("there is no such escape")
    }
  }

  private mutating func appendScalar(
    digitCount: Int, to text: inout [UInt8]
  ) throws(ConfigurationTree.Problem) {
    var value = try number(radix: 16, digitCount...digitCount)
    if digitCount == 4, (0xD800..<0xDC00).contains(value) {
      guard index + 1 < bytes.count, bytes[index] == UInt8(ascii: "\\"),
        bytes[index + 1] == UInt8(ascii: "u")
      else { throw problem("half of a surrogate pair stands alone") }
      index += 2
      let low = try number(radix: 16, 4...4)
      guard (0xDC00..<0xE000).contains(low) else {
        throw problem("half of a surrogate pair stands alone")
      }
      value = 0x10000 + (value - 0xD800) << 10 + (low - 0xDC00)
    }
    guard let scalar = Unicode.Scalar(value) else { throw problem("there is no such character") }
    text.append(contentsOf: Array(String(scalar).utf8))
  }

  private mutating func number(
    radix: Int, _ counts: ClosedRange<Int>
  ) throws(ConfigurationTree.Problem) -> UInt32 {
    var (value, count) = (UInt32(0), 0)
    while count < counts.upperBound, index < bytes.count,
      let digit = Character(Unicode.Scalar(bytes[index])).hexDigitValue, digit < radix
    {
      value = value << (radix == 16 ? 4 : 3) | UInt32(digit)
      index += 1
      count += 1
    }
    guard count >= counts.lowerBound else { throw problem("the escape has too few digits") }
    return value
  }
}
