/// Decimal numbers to floating point, correctly rounded: the nearest value, ties to even.
///
/// Three ways, cheapest first. A mantissa of at most 2^53 and a power of ten that a double holds
/// exactly need one rounded operation (Clinger, "How to read floating point numbers accurately",
/// 1990). Else one or two 64-bit products decide (Eisel and Lemire; see `PowersOfTen`). Else, for
/// subnormal, truncated and out-of-range numbers, the standard library's parser.
struct FloatReading {
  private let tables = DecimalTables.shared

  /// The nearest double, or `nil` where the number overflows.
  @inline(__always)
  func double(_ number: DecimalNumber) -> Double? {
    let magnitude: Double
    if number.mantissa <= 1 << 53, number.exponent >= -22, number.exponent <= 22,
      !number.isTruncated
    {
      let whole = Double(Int64(bitPattern: number.mantissa))
      magnitude =
        number.exponent < 0
        ? whole / tables.doubles[0 &- number.exponent] : whole * tables.doubles[number.exponent]
    } else {
      guard let slower = doubleFromProduct(number) else { return nil }
      magnitude = slower
    }
    return number.isNegative ? -magnitude : magnitude
  }

  /// The nearest single-precision value, or `nil` where the number overflows.
  ///
  /// With any mantissa of 64 bits and an exact power of ten a double is at most one unit in its last
  /// place off, so unless it lies within a few such units of the middle between two singles, rounding
  /// it gives the nearest single.
  @inline(__always)
  func float(_ number: DecimalNumber) -> Float? {
    if number.exponent >= -22, number.exponent <= 0, !number.isTruncated {
      let approximate = Double(number.mantissa) / tables.doubles[0 &- number.exponent]
      // Bits 28...0 are what rounding to 24 bits drops; the middle is 1 << 28. The mantissa and the
      // exponent keep the value between 1e-22 and 2e19: no subnormal, no overflow.
      let dropped = approximate.bitPattern & 0x1FFF_FFFF
      if dropped &- 0x0FFF_FFFC > 8 {
        return Float(number.isNegative ? -approximate : approximate)
      }
    }
    return floatFromExactDouble(number)
  }

  @inline(never)
  private func floatFromExactDouble(_ number: DecimalNumber) -> Float? {
    guard let value = doubleForNarrowing(number) else { return nil }
    let narrow = Float(value)
    return narrow.isFinite ? narrow : nil
  }

  /// The nearest half-precision value, or `nil` where the number overflows.
  func float16(_ number: DecimalNumber) -> Float16? {
    guard let value = doubleForNarrowing(number) else { return nil }
    let narrow = Float16(value)
    return narrow.isFinite ? narrow : nil
  }

  /// The bits of the nearest bfloat16, or `nil` where the number overflows.
  ///
  /// A bfloat16 is the upper half of a single. The single on the way is rounded to odd (Boldo and
  /// Melquiond, "Emulation of FMA and correctly rounded sums", 2008), so that rounding twice is
  /// rounding once.
  func bfloat16(_ number: DecimalNumber) -> UInt16? {
    guard let value = doubleForNarrowing(number) else { return nil }
    var single = Float(value)
    if single.isInfinite { return nil }
    if Double(single) != value {
      if Double(single.magnitude) > value.magnitude {
        single = Float(bitPattern: single.bitPattern &- 1)
      }
      single = Float(bitPattern: single.bitPattern | 1)
    }
    let bits = single.bitPattern
    let rounded = (bits &+ 0x7FFF &+ (bits >> 16 & 1)) >> 16
    return rounded & 0x7F80 == 0x7F80 ? nil : UInt16(truncatingIfNeeded: rounded)
  }

  /// A double that rounds to any narrower format as the number itself would.
  ///
  /// It is the nearest double, except where that one may be a middle between two narrower values
  /// (those have at most 25 significant bits) and the number is not quite there: then its neighbour
  /// on the number's side.
  private func doubleForNarrowing(_ number: DecimalNumber) -> Double? {
    guard let nearest = double(number) else { return nil }
    guard nearest.bitPattern & 0x0FFF_FFFF == 0, nearest != 0, nearest.isNormal else {
      return nearest
    }
    if isExact(nearest.magnitude, number) { return nearest }
    switch number.exactComparison(withMagnitude: nearest.magnitude) {
    case 0: return nearest
    case 1: return Double(bitPattern: nearest.bitPattern &+ 1)
    default: return Double(bitPattern: nearest.bitPattern &- 1)
    }
  }

  /// Whether one fused operation shows that the number is `value`; false means only "not shown".
  private func isExact(_ value: Double, _ number: DecimalNumber) -> Bool {
    guard number.mantissa <= 1 << 53, !number.isTruncated else { return false }
    let whole = Double(number.mantissa)
    switch number.exponent {
    case -22..<0: return (-whole).addingProduct(value, tables.doubles[-number.exponent]) == 0
    case 0...22: return (-value).addingProduct(whole, tables.doubles[number.exponent]) == 0
    default: return false
    }
  }

  @inline(never)
  private func doubleFromProduct(_ number: DecimalNumber) -> Double? {
    if number.mantissa == 0 { return 0 }
    if !number.isTruncated, let value = product(number.mantissa, tenToThe: number.exponent) {
      return value
    }
    let text = String(decoding: number.token, as: UTF8.self)
    guard let value = Double(text), value.isFinite else { return nil }
    return value.magnitude
  }

  /// The nearest double to a nonzero mantissa times a power of ten, or `nil` where this way does not
  /// decide: algorithm 1 of Lemire's paper, without its subnormal branch.
  @inline(__always)
  private func product(_ mantissa: UInt64, tenToThe exponent: Int) -> Double? {
    guard exponent >= PowersOfTen.exponentMin, exponent <= 308 else { return nil }
    // The paper's table is rounded up where the reciprocal may make a product exact.
    let power = tables.powers[exponent] &+ (exponent < 0 && exponent >= -27 ? 1 : 0)
    let shift = mantissa.leadingZeroBitCount
    let factor = mantissa << UInt64(shift)
    var (high, low) = factor.multipliedFullWidth(by: UInt64(truncatingIfNeeded: power >> 64))
    if high & 0x1FF == 0x1FF {
      let refined = factor.multipliedFullWidth(by: UInt64(truncatingIfNeeded: power)).high
      let (sum, carry) = low.addingReportingOverflow(refined)
      low = sum
      if carry { high &+= 1 }
    }
    if low == .max && (exponent < -27 || exponent > 55) { return nil }
    let topBit = Int(high >> 63)
    var significand = high >> UInt64(topBit &+ 9)
    var binary = PowersOfTen.floorLog2(ofTenTo: exponent) &+ 63 &+ topBit &- shift &+ 1_023
    guard binary > 0 else { return nil }
    if low <= 1, exponent >= -4, exponent <= 23, significand & 3 == 1,
      significand << UInt64(topBit &+ 9) == high
    {
      significand &= ~1
    }
    significand = (significand &+ (significand & 1)) >> 1
    if significand >= 1 << 53 {
      significand = 1 << 52
      binary &+= 1
    }
    guard binary < 0x7FF else { return nil }
    return Double(bitPattern: UInt64(binary) << 52 | significand & ~(1 << 52))
  }
}
