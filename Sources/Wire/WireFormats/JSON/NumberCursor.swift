import Inference

/// Reads numbers of RFC 8259's grammar from memory.
///
/// Apart from the scanner and never handed to a function that is not inlined, so that a loop over
/// numbers keeps its place in registers instead of memory: that is half the time of such a loop.
struct NumberCursor {
  private(set) var place: UnsafePointer<UInt8>
  /// What was missing at `place` when `read` gave `nil`.
  private(set) var expected: StaticString = "a digit"
  private let end: UnsafePointer<UInt8>
  private let tables: DecimalTables

  @inline(__always)
  init(_ scanner: JSONScanner) {
    place = scanner.cursor
    end = scanner.end
    tables = scanner.tables
  }

  /// Skips white space and takes `byte` where it is next.
  @inline(__always)
  mutating func take(_ byte: UInt8) -> Bool {
    skipSpace()
    guard place < end, place[0] == byte else { return false }
    place += 1
    return true
  }

  @inline(__always)
  mutating func skipSpace() {
    while place < end, place[0] <= 0x20 {
      guard
        place[0] == 0x20 || place[0] == 0x0A || place[0] == 0x0D || place[0] == 0x09
      else { return }
      place += 1
    }
  }

  /// The number at the cursor, or `nil` where it is not well-formed.
  @inline(__always)
  mutating func read() -> DecimalNumber? {
    let tokenStart = place
    let isNegative = place < end && place[0] == UInt8(ascii: "-")
    if isNegative { place += 1 }
    var mantissa: UInt64 = 0
    guard var digitCount = readWholeDigits(into: &mantissa) else { return nil }
    var exponent = 0
    var isInteger = true
    if place < end, place[0] == UInt8(ascii: ".") {
      place += 1
      isInteger = false
      let count = readDigits(into: &mantissa)
      if count == 0 {
        expected = "a digit after the decimal point"
        return nil
      }
      digitCount &+= count
      exponent = 0 &- count
    }
    if place < end, place[0] | 0x20 == UInt8(ascii: "e") {
      isInteger = false
      let written = Self.readExponent(from: place + 1, to: end)
      place = written.place
      guard let value = written.value else {
        expected = "a digit of the exponent"
        return nil
      }
      exponent &+= value
    }
    let number = DecimalNumber(
      mantissa: mantissa, exponent: exponent, isNegative: isNegative, isInteger: isInteger,
      token: UnsafeBufferPointer(start: tokenStart, count: place - tokenStart))
    // Leading zeros of a fraction count too; reading again finds out that they do not matter.
    return digitCount > 19 ? number.withDigitsReadAgain() : number
  }

  /// Reads `0` or digits that do not begin with it; gives how many count.
  @inline(__always)
  private mutating func readWholeDigits(into mantissa: inout UInt64) -> Int? {
    guard place < end else { return nil }
    let first = place[0] &- UInt8(ascii: "0")
    guard first <= 9 else { return nil }
    place += 1
    mantissa = UInt64(first)
    if first == 0 {
      if place < end, place[0] &- UInt8(ascii: "0") <= 9 {
        expected = "no digit after a leading zero"
        return nil
      }
      return 0
    }
    let begin = place
    while place < end {
      let digit = place[0] &- UInt8(ascii: "0")
      guard digit <= 9 else { break }
      mantissa = mantissa &* 10 &+ UInt64(digit)
      place += 1
    }
    return place - begin &+ 1
  }

  /// Appends digits to the mantissa, eight at a time while eight bytes are there.
  @inline(__always)
  private mutating func readDigits(into mantissa: inout UInt64) -> Int {
    let begin = place
    while end - place >= 8 {
      let word = UInt64(littleEndian: UnsafeRawPointer(place).loadUnaligned(as: UInt64.self))
      let digits = word ^ 0x3030_3030_3030_3030
      // A byte is a digit exactly where its upper half is zero, also after adding six to the lower.
      let others = (digits | (digits &+ 0x0606_0606_0606_0606)) & 0xF0F0_F0F0_F0F0_F0F0
      if others == 0 {
        mantissa = mantissa &* 100_000_000 &+ Self.value(ofDigits: digits)
        place += 8
        continue
      }
      let count = others.trailingZeroBitCount / 8
      if count > 0 {
        let shifted = digits &<< UInt64(truncatingIfNeeded: 64 &- 8 &* count)
        mantissa = mantissa &* tables.integers[count] &+ Self.value(ofDigits: shifted)
        place += count
      }
      return place - begin
    }
    while place < end {
      let digit = place[0] &- UInt8(ascii: "0")
      guard digit <= 9 else { break }
      mantissa = mantissa &* 10 &+ UInt64(digit)
      place += 1
    }
    return place - begin
  }

  /// The number whose eight digits are the bytes of `digits`, the first in the lowest byte: pairs,
  /// then fours, then all.
  @inline(__always)
  private static func value(ofDigits digits: UInt64) -> UInt64 {
    let pairs = (digits &* 10 &+ (digits >> 8)) & 0x00FF_00FF_00FF_00FF
    let fours = (pairs &* 100 &+ (pairs >> 16)) & 0x0000_FFFF_0000_FFFF
    return (fours &* 10_000 &+ (fours >> 32)) & 0xFFFF_FFFF
  }

  /// The exponent whose sign or first digit is at `start`, and the place after it.
  @inline(never)
  private static func readExponent(
    from start: UnsafePointer<UInt8>, to end: UnsafePointer<UInt8>
  ) -> (value: Int?, place: UnsafePointer<UInt8>) {
    var place = start
    var isNegative = false
    if place < end, place[0] == UInt8(ascii: "+") || place[0] == UInt8(ascii: "-") {
      isNegative = place[0] == UInt8(ascii: "-")
      place += 1
    }
    let begin = place
    var value = 0
    while place < end {
      let digit = place[0] &- UInt8(ascii: "0")
      guard digit <= 9 else { break }
      // Beyond any body's length in digits, so that no fraction can make up for it.
      if value < 1 << 40 { value = value * 10 + Int(digit) }
      place += 1
    }
    if place == begin { return (nil, place) }
    return (isNegative ? -value : value, place)
  }
}

extension JSONScanner {
  /// Reads the number at the cursor, which is at its first byte.
  mutating func readNumber() throws(InputProblem) -> DecimalNumber {
    var digits = NumberCursor(self)
    let number = digits.read()
    cursor = digits.place
    guard let number else { throw unexpected("\(digits.expected)") }
    return number
  }
}
