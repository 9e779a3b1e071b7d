/// A natural number of any size, for the rare places where 128 bits do not decide.
struct WideInteger {
  /// Least significant first; no leading zero words.
  private var words: [UInt32]

  init(_ value: UInt64) {
    words = [UInt32(truncatingIfNeeded: value), UInt32(truncatingIfNeeded: value >> 32)]
    trim()
  }

  init(powerOfTwo exponent: Int) {
    words = [UInt32](repeating: 0, count: exponent / 32) + [1 << UInt32(exponent % 32)]
  }

  private mutating func trim() {
    while words.last == 0 { words.removeLast() }
  }

  mutating func multiply(by factor: UInt32, adding addend: UInt32 = 0) {
    var carry = UInt64(addend)
    for index in words.indices {
      carry += UInt64(words[index]) * UInt64(factor)
      words[index] = UInt32(truncatingIfNeeded: carry)
      carry >>= 32
    }
    if carry > 0 { words.append(UInt32(carry)) }
  }

  mutating func divide(by divisor: UInt32) {
    var remainder: UInt64 = 0
    for index in words.indices.reversed() {
      let part = remainder << 32 | UInt64(words[index])
      words[index] = UInt32(part / UInt64(divisor))
      remainder = part % UInt64(divisor)
    }
    trim()
  }

  mutating func shiftLeft(by count: Int) {
    guard !words.isEmpty else { return }
    if count % 32 > 0 { multiply(by: 1 << UInt32(count % 32)) }
    words.insert(contentsOf: [UInt32](repeating: 0, count: count / 32), at: 0)
  }

  /// Multiplies by 10^`exponent`.
  mutating func multiplyByTen(toThe exponent: Int) {
    for _ in 0..<exponent / 9 { multiply(by: 1_000_000_000) }
    for _ in 0..<exponent % 9 { multiply(by: 10) }
  }

  /// The first 128 bits, the top one set; zeros follow where there are fewer.
  var leading128Bits: UInt128 {
    var value: UInt128 = 0
    var bitsLeft = 128
    for word in words.reversed() where bitsLeft > 0 {
      let width = bitsLeft == 128 ? 32 - word.leadingZeroBitCount : 32
      let taken = min(width, bitsLeft)
      value = value << UInt128(taken) | UInt128(word >> UInt32(width - taken))
      bitsLeft -= taken
    }
    return value << UInt128(bitsLeft)
  }
}

extension WideInteger: Comparable {
  static func < (left: WideInteger, right: WideInteger) -> Bool {
    if left.words.count != right.words.count { return left.words.count < right.words.count }
    for (mine, other) in zip(left.words.reversed(), right.words.reversed()) where mine != other {
      return mine < other
    }
    return false
  }
}
