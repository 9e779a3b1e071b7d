/// Numbers as JSON text, written straight into memory.
///
/// Floating point gets the shortest digits that read back exactly, laid out as Python's `repr` does:
/// `0.1`, `1.0`, `1e-07`, `1.5e+20`; an exponent from 10^16 and below 10^-4. Non-finite values become
/// `NaN`, `Infinity` and `-Infinity`, which Triton writes too; they are no JSON.
///
/// Each `write` gives the place after the last character. It may scribble on up to `slackByteCount`
/// bytes from where it began to write, so that much room must be there.
struct NumberPrinting {
  /// Bytes that one call may touch.
  static let slackByteCount = 32
  /// The longest texts: `-1.17549435e-38` and `-1234567890123456.0` set the first.
  static let floatByteCountMax = 19
  static let doubleByteCountMax = 24
  static let integerByteCountMax = 20

  private let tables = DecimalTables.shared

  typealias Place = UnsafeMutablePointer<UInt8>

  @inline(__always)
  func write(_ value: Float, at start: Place) -> Place {
    let bits = value.bitPattern
    let fraction = bits & 0x7F_FFFF
    let biased = Int(bits >> 23 & 0xFF)
    var out = start
    out[0] = UInt8(ascii: "-")
    out += Int(bits >> 31)
    if biased == 0xFF { return Self.writeNonFinite(isNaN: fraction != 0, at: start, after: out) }
    if bits << 1 == 0 { return Self.writeZero(at: out) }
    let short = tables.powers.shortest(
      significand: biased == 0 ? fraction : fraction | 1 << 23, exponent: max(biased, 1) &- 150,
      isLowerNeighbourNearer: fraction == 0 && biased > 1)
    // Scaled to nine digits, so that trailing zeros need no division to be found.
    let count = digitCount(UInt64(short.digits))
    let scaled = UInt64(short.digits) &* tables.integers[9 &- count]
    let first = scaled / 100_000_000
    let rest = Self.eightDigits(scaled &- first &* 100_000_000)
    return Self.layOut(
      point: count &+ short.exponent, significantCount: 9 &- rest.leadingZeroBitCount / 8,
      digitCount: 9, at: out
    ) { place in
      place[0] = UInt8(truncatingIfNeeded: first) | 0x30
      Self.store(rest | 0x3030_3030_3030_3030, at: place + 1)
    }
  }

  @inline(__always)
  func write(_ value: Double, at start: Place) -> Place {
    let bits = value.bitPattern
    let fraction = bits & 0xF_FFFF_FFFF_FFFF
    let biased = Int(bits >> 52 & 0x7FF)
    var out = start
    out[0] = UInt8(ascii: "-")
    out += Int(bits >> 63)
    if biased == 0x7FF { return Self.writeNonFinite(isNaN: fraction != 0, at: start, after: out) }
    if bits << 1 == 0 { return Self.writeZero(at: out) }
    let short = tables.powers.shortest(
      significand: biased == 0 ? fraction : fraction | 1 << 52, exponent: max(biased, 1) &- 1_075,
      isLowerNeighbourNearer: fraction == 0 && biased > 1)
    let count = digitCount(short.digits)
    let scaled = short.digits &* tables.integers[17 &- count]
    let upper = scaled / 100_000_000
    let first = upper / 100_000_000
    let middle = Self.eightDigits(upper &- first &* 100_000_000)
    let rest = Self.eightDigits(scaled &- upper &* 100_000_000)
    let zeroCount =
      rest != 0 ? rest.leadingZeroBitCount / 8 : 8 &+ middle.leadingZeroBitCount / 8
    return Self.layOut(
      point: count &+ short.exponent, significantCount: 17 &- zeroCount, digitCount: 17, at: out
    ) { place in
      place[0] = UInt8(truncatingIfNeeded: first) | 0x30
      Self.store(middle | 0x3030_3030_3030_3030, at: place + 1)
      Self.store(rest | 0x3030_3030_3030_3030, at: place + 9)
    }
  }

  @inline(__always)
  func write(_ value: UInt64, at start: Place) -> Place {
    if value < 100_000_000 {
      let digits = Self.eightDigits(value)
      let zeroCount = min(digits.trailingZeroBitCount / 8, 7)
      Self.store(
        (digits | 0x3030_3030_3030_3030) >> UInt64(truncatingIfNeeded: zeroCount &* 8), at: start)
      return start + (8 &- zeroCount)
    }
    return writeLarge(value, at: start)
  }

  @inline(__always)
  func write(_ value: Int64, at start: Place) -> Place {
    start[0] = UInt8(ascii: "-")
    return write(value.magnitude, at: start + (value < 0 ? 1 : 0))
  }

  private func writeLarge(_ value: UInt64, at start: Place) -> Place {
    let upper = value / 100_000_000
    let out = write(upper, at: start)
    Self.store(Self.eightDigits(value % 100_000_000) | 0x3030_3030_3030_3030, at: out)
    return out + 8
  }
}

extension NumberPrinting {
  /// Decimal digits of a positive number below 10^19.
  @inline(__always)
  private func digitCount(_ value: UInt64) -> Int {
    // 1,233 / 4,096 is just above log10(2): the product is the count or one less.
    let least = ((64 &- value.leadingZeroBitCount) &* 1_233) >> 12
    return least &+ (value >= tables.integers[least] ? 1 : 0)
  }

  /// The eight digits of a number below 10^8, one a byte, the first in the lowest byte.
  ///
  /// Three rounds of halving (10,000s, 100s, 10s), all lanes of a round in one multiplication by the
  /// rounded-up reciprocal, which is exact for lanes of these sizes.
  @inline(__always)
  private static func eightDigits(_ value: UInt64) -> UInt64 {
    let upper = value / 10_000
    var lanes = upper | (value &- upper &* 10_000) << 32
    let hundreds = (lanes &* 10_486) >> 20 & 0x7F_0000_007F
    lanes = hundreds | (lanes &- hundreds &* 100) << 16
    let tens = (lanes &* 103) >> 10 & 0xF_000F_000F_000F
    return tens | (lanes &- tens &* 10) << 8
  }

  @inline(__always)
  private static func store(_ word: UInt64, at place: Place) {
    UnsafeMutableRawPointer(place).storeBytes(of: word.littleEndian, as: UInt64.self)
  }

  private static func writeZero(at place: Place) -> Place {
    place[0] = UInt8(ascii: "0")
    place[1] = UInt8(ascii: ".")
    place[2] = UInt8(ascii: "0")
    return place + 3
  }

  @inline(never)
  private static func writeNonFinite(isNaN: Bool, at start: Place, after sign: Place) -> Place {
    let text: StaticString = isNaN ? "NaN" : "Infinity"
    let place = isNaN ? start : sign
    place.update(from: text.utf8Start, count: text.utf8CodeUnitCount)
    return place + text.utf8CodeUnitCount
  }

  /// Puts the digits, the point and the exponent in their places. `point` counts the digits before
  /// the decimal point; it is 0 or less where zeros follow the point first.
  @inline(__always)
  private static func layOut(
    point: Int, significantCount: Int, digitCount: Int, at out: Place,
    writeDigits: (Place) -> Void
  ) -> Place {
    if point <= 0 && point > -4 {
      store(0x3030_3030_3030_2E30, at: out)
      let digits = out + (2 &- point)
      writeDigits(digits)
      return digits + significantCount
    }
    let isPlain = point > 0 && point <= 16
    let whole = isPlain ? point : 1
    writeDigits(out + 1)
    // Only singles from 10^9 on have more places before the point than digits.
    for index in digitCount..<max(whole, digitCount) { out[index + 1] = UInt8(ascii: "0") }
    for index in 0..<whole { out[index] = out[index + 1] }
    out[whole] = UInt8(ascii: ".")
    if isPlain {
      if significantCount <= whole { out[whole + 1] = UInt8(ascii: "0") }
      return out + (max(significantCount, whole &+ 1) &+ 1)
    }
    let end = out + (significantCount == 1 ? 1 : significantCount &+ 1)
    return writeExponent(point &- 1, at: end)
  }

  @inline(never)
  private static func writeExponent(_ exponent: Int, at place: Place) -> Place {
    var out = place
    out[0] = UInt8(ascii: "e")
    out[1] = UInt8(ascii: exponent < 0 ? "-" : "+")
    out += 2
    var rest = exponent.magnitude
    if rest >= 100 {
      out[0] = UInt8(ascii: "0") + UInt8(rest / 100)
      rest %= 100
      out += 1
    }
    out[0] = UInt8(ascii: "0") + UInt8(rest / 10)
    out[1] = UInt8(ascii: "0") + UInt8(rest % 10)
    return out + 2
  }
}
