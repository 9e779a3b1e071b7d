/// The code that texts of header blocks may be written in (RFC 7541, 5.2 and appendix B).
///
/// Codes of one length follow each other in the order of their bytes, so that the lengths alone say
/// the whole code.
enum HuffmanText {
  /// Bits of each byte's code; the end's, which no text may hold, has 30 as well.
  private static let lengths: [UInt8] = [
    13, 23, 28, 28, 28, 28, 28, 28, 28, 24, 30, 28, 28, 30, 28, 28, 28, 28, 28, 28,
    28, 28, 30, 28, 28, 28, 28, 28, 28, 28, 28, 28, 6, 10, 10, 12, 13, 6, 8, 11,
    10, 10, 8, 11, 8, 6, 6, 6, 5, 5, 5, 6, 6, 6, 6, 6, 6, 6, 7, 8,
    15, 6, 12, 10, 13, 6, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7, 7,
    7, 7, 7, 7, 7, 7, 7, 7, 8, 7, 8, 13, 19, 13, 14, 6, 15, 5, 6, 5,
    6, 5, 6, 6, 6, 5, 7, 7, 6, 6, 6, 5, 6, 7, 6, 5, 5, 6, 7, 7,
    7, 7, 7, 15, 11, 14, 13, 28, 20, 22, 20, 20, 22, 22, 22, 23, 22, 23, 23, 23,
    23, 23, 24, 23, 24, 24, 22, 23, 24, 23, 23, 23, 23, 21, 22, 23, 22, 23, 23, 24,
    22, 21, 20, 22, 22, 23, 23, 21, 23, 22, 22, 24, 21, 22, 23, 23, 21, 21, 22, 21,
    23, 22, 23, 23, 20, 22, 22, 22, 23, 22, 22, 23, 26, 26, 20, 19, 22, 23, 22, 25,
    26, 26, 26, 27, 27, 26, 24, 25, 19, 21, 26, 27, 27, 26, 27, 24, 21, 21, 26, 26,
    28, 27, 27, 27, 20, 24, 20, 21, 22, 21, 21, 23, 22, 22, 25, 25, 24, 24, 26, 23,
    26, 27, 26, 26, 27, 27, 27, 27, 27, 28, 27, 27, 27, 27, 27, 26,
  ]
  private static let lengthMax = 30
  /// Bytes in the order of their codes.
  private static let ordered: [UInt8] = (0...UInt8.max).sorted {
    (lengths[Int($0)], $0) < (lengths[Int($1)], $1)
  }
  /// How many codes have each length.
  private static let counts: [Int] = lengths.reduce(
    into: [Int](repeating: 0, count: lengthMax + 1)
  ) { $0[Int($1)] += 1 }

  /// The text; `nil` where the bits are none, or make more than so many bytes.
  static func decode(_ bytes: UnsafeRawBufferPointer, byteCountMax: Int) -> [UInt8]? {
    var text: [UInt8] = []
    var bit = 0
    while let next = symbol(bytes, &bit) {
      guard text.count < byteCountMax else { return nil }
      text.append(next)
    }
    return isPadding(bytes, from: bit) ? text : nil
  }

  /// The byte whose code begins at `bit`, which goes behind it; `nil`, and `bit` stays, where none does.
  private static func symbol(_ bytes: UnsafeRawBufferPointer, _ bit: inout Int) -> UInt8? {
    let end = min(bytes.count * 8, bit + lengthMax)
    var (code, first, place) = (0, 0, 0)
    for (length, at) in zip(1..., bit..<end) {
      code = code << 1 | Int(bytes[at >> 3] >> UInt8(7 - at & 7) & 1)
      first <<= 1
      let count = counts[length]
      if code - first < count {
        bit = at + 1
        return ordered[place + code - first]
      }
      first += count
      place += count
    }
    return nil
  }

  /// What fills the last byte: fewer than eight ones.
  private static func isPadding(_ bytes: UnsafeRawBufferPointer, from bit: Int) -> Bool {
    let count = bytes.count * 8 - bit
    guard count < 8 else { return false }
    let mask = UInt8(1 << count - 1)
    return count == 0 || bytes[bytes.count - 1] & mask == mask
  }
}
