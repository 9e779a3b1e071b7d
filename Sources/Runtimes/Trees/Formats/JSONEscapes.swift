/// The text that a JSON string with backslashes means.
enum JSONEscapes {
  static func resolved(_ raw: UnsafeRawBufferPointer) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(raw.count)
    var place = 0
    while place < raw.count {
      guard raw[place] == UInt8(ascii: "\\"), place + 1 < raw.count else {
        text.append(raw[place])
        place += 1
        continue
      }
      place += 1
      switch raw[place] {
      case UInt8(ascii: "n"): text.append(0x0A)
      case UInt8(ascii: "t"): text.append(0x09)
      case UInt8(ascii: "r"): text.append(0x0D)
      case UInt8(ascii: "b"): text.append(0x08)
      case UInt8(ascii: "f"): text.append(0x0C)
      case UInt8(ascii: "u"): appendUnit(raw, at: &place, to: &text)
      default: text.append(raw[place])
      }
      place += 1
    }
    return String(decoding: text, as: UTF8.self)
  }

  /// `place` is at the u, and then at the last digit. What is no character becomes U+FFFD.
  private static func appendUnit(
    _ raw: UnsafeRawBufferPointer, at place: inout Int, to text: inout [UInt8]
  ) {
    guard var code = unit(raw, at: place + 1) else {
      text.append(contentsOf: "\u{FFFD}".utf8)
      return
    }
    place += 4
    if code & 0xFC00 == 0xD800, place + 2 < raw.count, raw[place + 1] == UInt8(ascii: "\\"),
      raw[place + 2] == UInt8(ascii: "u"), let low = unit(raw, at: place + 3),
      low & 0xFC00 == 0xDC00
    {
      code = 0x10000 + (code & 0x3FF) << 10 + low & 0x3FF
      place += 6
    }
    let scalar = Unicode.Scalar(code) ?? "\u{FFFD}"
    text.append(contentsOf: String(Character(scalar)).utf8)
  }

  private static func unit(_ raw: UnsafeRawBufferPointer, at place: Int) -> UInt32? {
    guard place + 4 <= raw.count else { return nil }
    var code: UInt32 = 0
    for digit in raw[place..<place + 4] {
      guard let value = Character(Unicode.Scalar(digit)).hexDigitValue else { return nil }
      code = code << 4 | UInt32(value)
    }
    return code
  }
}
