import Inference

/// A string as it stands between its quotes, checked: well-formed UTF-8, known escapes, no lone
/// surrogate, no control character. Points into the text.
struct JSONStringToken {
  let content: UnsafeBufferPointer<UInt8>
  let hasEscapes: Bool

  /// Appends the string's own bytes.
  func append(to bytes: inout [UInt8]) {
    guard hasEscapes else { return bytes.append(contentsOf: content) }
    var index = 0
    while index < content.count {
      if content[index] == UInt8(ascii: "\\") {
        index = appendEscape(at: index + 1, to: &bytes)
      } else {
        bytes.append(content[index])
        index += 1
      }
    }
  }

  /// The string.
  var text: String {
    guard hasEscapes else { return String(decoding: content, as: UTF8.self) }
    var bytes: [UInt8] = []
    append(to: &bytes)
    return String(decoding: bytes, as: UTF8.self)
  }

  /// Appends what the escape at `index` (behind its backslash) stands for; gives the place after it.
  private func appendEscape(at index: Int, to bytes: inout [UInt8]) -> Int {
    switch content[index] {
    case UInt8(ascii: "b"): bytes.append(0x08)
    case UInt8(ascii: "f"): bytes.append(0x0C)
    case UInt8(ascii: "n"): bytes.append(0x0A)
    case UInt8(ascii: "r"): bytes.append(0x0D)
    case UInt8(ascii: "t"): bytes.append(0x09)
    case UInt8(ascii: "u"): return appendUnicodeEscape(at: index + 1, to: &bytes)
    default: bytes.append(content[index])
    }
    return index + 1
  }

  private func appendUnicodeEscape(at index: Int, to bytes: inout [UInt8]) -> Int {
    var value = codeUnit(at: index)
    var next = index + 4
    if value & 0xFC00 == 0xD800 {
      value = 0x1_0000 + (value & 0x3FF) << 10 + codeUnit(at: index + 6) & 0x3FF
      next += 6
    }
    if let scalar = Unicode.Scalar(value) {
      bytes.append(contentsOf: UTF8.encode(scalar) ?? .init())
    }
    return next
  }

  private func codeUnit(at index: Int) -> UInt32 {
    (index..<index + 4).reduce(0) { $0 << 4 | UInt32(JSONScanner.hexValue(content[$1]) ?? 0) }
  }
}

extension JSONScanner {
  /// The value of a hexadecimal digit.
  static func hexValue(_ byte: UInt8) -> UInt8? {
    switch byte {
    case UInt8(ascii: "0")...UInt8(ascii: "9"): byte - UInt8(ascii: "0")
    case UInt8(ascii: "a")...UInt8(ascii: "f"): byte - UInt8(ascii: "a") + 10
    case UInt8(ascii: "A")...UInt8(ascii: "F"): byte - UInt8(ascii: "A") + 10
    default: nil
    }
  }

  /// Reads the string at the cursor.
  mutating func readString() throws(InputProblem) -> String { try readStringToken().text }

  mutating func skipString() throws(InputProblem) { _ = try readStringToken() }

  /// Reads the string at the cursor and checks it, without decoding escapes.
  mutating func readStringToken() throws(InputProblem) -> JSONStringToken {
    guard peek() == UInt8(ascii: "\"") else { throw unexpected("a string") }
    cursor += 1
    let begin = cursor
    var hasEscapes = false
    while true {
      skipPlainText()
      guard cursor < end else { throw unexpected("the closing quote of a string") }
      switch cursor[0] {
      case UInt8(ascii: "\""):
        let content = UnsafeBufferPointer(start: begin, count: cursor - begin)
        cursor += 1
        return JSONStringToken(content: content, hasEscapes: hasEscapes)
      case UInt8(ascii: "\\"):
        hasEscapes = true
        try skipEscape()
      case 0x80...: try skipMultibyteScalar()
      default: throw unexpected("no control character in a string")
      }
    }
  }

  /// Moves over ASCII that needs no look: neither quote, backslash nor control character.
  @inline(__always)
  private mutating func skipPlainText() {
    let ones: UInt64 = 0x0101_0101_0101_0101
    while end - cursor >= 8 {
      let word = UInt64(littleEndian: UnsafeRawPointer(cursor).loadUnaligned(as: UInt64.self))
      let quotes = word ^ (ones &* 0x22)
      let backslashes = word ^ (ones &* 0x5C)
      // The top bit of a byte is set where it is zero after the exclusive or, below 0x20, or not
      // ASCII; borrows reach only bytes after the first such one.
      let special =
        (quotes &- ones) | (backslashes &- ones) | (word &- (ones &* 0x20)) | word
      let marks = special & (ones &* 0x80)
      cursor += marks.trailingZeroBitCount / 8
      if marks != 0 { return }
    }
    while cursor < end {
      let byte = cursor[0]
      if byte < 0x20 || byte >= 0x80 || byte == 0x22 || byte == 0x5C { return }
      cursor += 1
    }
  }

  private mutating func skipEscape() throws(InputProblem) {
    cursor += 1
    guard cursor < end else { throw unexpected("an escaped character") }
    switch cursor[0] {
    case UInt8(ascii: "\""), UInt8(ascii: "\\"), UInt8(ascii: "/"), UInt8(ascii: "b"),
      UInt8(ascii: "f"), UInt8(ascii: "n"), UInt8(ascii: "r"), UInt8(ascii: "t"):
      cursor += 1
    case UInt8(ascii: "u"):
      let first = try skipCodeUnit()
      if first & 0xFC00 == 0xDC00 { throw unexpected("no lone surrogate before this place") }
      guard first & 0xFC00 == 0xD800 else { return }
      guard remainingByteCount >= 2, cursor[0] == UInt8(ascii: "\\"), cursor[1] == UInt8(ascii: "u")
      else { throw unexpected("the second half of a surrogate pair") }
      cursor += 1
      guard try skipCodeUnit() & 0xFC00 == 0xDC00 else {
        throw unexpected("the second half of a surrogate pair before this place")
      }
    default: throw unexpected("one of the escapes of JSON")
    }
  }

  /// Takes `u` and four hexadecimal digits.
  private mutating func skipCodeUnit() throws(InputProblem) -> UInt32 {
    cursor += 1
    var value: UInt32 = 0
    for _ in 0..<4 {
      guard cursor < end, let digit = Self.hexValue(cursor[0]) else {
        throw unexpected("four hexadecimal digits")
      }
      value = value << 4 | UInt32(digit)
      cursor += 1
    }
    return value
  }

  private mutating func skipMultibyteScalar() throws(InputProblem) {
    let rest = UnsafeBufferPointer(start: cursor, count: remainingByteCount)
    guard let length = UTF8Text.scalarByteCount(at: rest) else {
      throw unexpected("well-formed UTF-8")
    }
    cursor += length
  }
}
