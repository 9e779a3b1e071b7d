import Inference

extension JSONScanner {
  /// Reads the number at the cursor, which is at its first byte.
  @inline(__always)
  mutating func readNumber() throws(InputProblem) -> DecimalNumber {
    let tokenStart = cursor
    let isNegative = cursor < end && cursor[0] == UInt8(ascii: "-")
    if isNegative { cursor += 1 }
    var mantissa: UInt64 = 0
    let wholeCount = try readWholeDigits(into: &mantissa)
    var digitCount = wholeCount
    var exponent = 0
    var isInteger = true
    if cursor < end, cursor[0] == UInt8(ascii: ".") {
      cursor += 1
      isInteger = false
      let count = readDigits(into: &mantissa)
      if count == 0 { throw unexpected("a digit after the decimal point") }
      digitCount &+= count
      exponent = 0 &- count
    }
    if cursor < end, cursor[0] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      exponent &+= try readExponent()
    }
    var number = DecimalNumber(
      mantissa: mantissa, exponent: exponent, isNegative: isNegative, isInteger: isInteger,
      token: UnsafeBufferPointer(start: tokenStart, count: cursor - tokenStart))
    // Leading zeros of a fraction count too; reading again finds out that they do not matter.
    if digitCount > 19 { number.readDigitsAgain() }
    return number
  }

  /// Reads `0` or digits that do not begin with it; gives how many count.
  @inline(__always)
  private mutating func readWholeDigits(into mantissa: inout UInt64) throws(InputProblem) -> Int {
    guard cursor < end else { throw unexpected("a digit") }
    let first = cursor[0] &- UInt8(ascii: "0")
    guard first <= 9 else { throw unexpected("a digit") }
    if first == 0 {
      cursor += 1
      if cursor < end, cursor[0] &- UInt8(ascii: "0") <= 9 {
        throw unexpected("no digit after a leading zero")
      }
      return 0
    }
    let begin = cursor
    while cursor < end {
      let digit = cursor[0] &- UInt8(ascii: "0")
      guard digit <= 9 else { break }
      mantissa = mantissa &* 10 &+ UInt64(digit)
      cursor += 1
    }
    return cursor - begin
  }

  /// Appends digits to the mantissa, eight at a time while eight bytes are there.
  @inline(__always)
  private mutating func readDigits(into mantissa: inout UInt64) -> Int {
    let begin = cursor
    while end - cursor >= 8 {
      let word = UInt64(littleEndian: UnsafeRawPointer(cursor).loadUnaligned(as: UInt64.self))
      let digits = word ^ 0x3030_3030_3030_3030
      // A byte is a digit exactly where its upper half is zero, also after adding six to the lower.
      let others =
        (digits | (digits &+ 0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0
      let count = others.trailingZeroBitCount / 8
      if count == 8 {
        mantissa = mantissa &* 100_000_000 &+ Self.value(ofDigits: digits)
        cursor += 8
        continue
      }
      if count > 0 {
        let shifted = digits &<< UInt64(truncatingIfNeeded: 64 &- 8 &* count)
        mantissa = mantissa &* tables.integers[count] &+ Self.value(ofDigits: shifted)
        cursor += count
      }
      return cursor - begin
    }
    while cursor < end {
      let digit = cursor[0] &- UInt8(ascii: "0")
      guard digit <= 9 else { break }
      mantissa = mantissa &* 10 &+ UInt64(digit)
      cursor += 1
    }
    return cursor - begin
  }

  /// The number whose eight digits are the bytes of `digits`, the first in the lowest byte: pairs,
  /// then fours, then all.
  @inline(__always)
  private static func value(ofDigits digits: UInt64) -> UInt64 {
    let pairs = (digits &* 10 &+ digits >> 8) & 0x00FF_00FF_00FF_00FF
    let fours = (pairs &* 100 &+ pairs >> 16) & 0x0000_FFFF_0000_FFFF
    return (fours &* 10_000 &+ fours >> 32) & 0xFFFF_FFFF
  }

  private mutating func readExponent() throws(InputProblem) -> Int {
    cursor += 1
    var isNegative = false
    if cursor < end, cursor[0] == UInt8(ascii: "+") || cursor[0] == UInt8(ascii: "-") {
      isNegative = cursor[0] == UInt8(ascii: "-")
      cursor += 1
    }
    let begin = cursor
    var value = 0
    while cursor < end {
      let digit = cursor[0] &- UInt8(ascii: "0")
      guard digit <= 9 else { break }
      // Beyond any body's length in digits, so that no fraction can make up for it.
      if value < 1 << 40 { value = value * 10 + Int(digit) }
      cursor += 1
    }
    if cursor == begin { throw unexpected("a digit of the exponent") }
    return isNegative ? -value : value
  }
}
