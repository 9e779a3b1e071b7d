/// A number as text spells it: the sign, up to 19 digits, and the power of ten they are times.
///
/// Conversions give the nearest Float32 or Float64, ties to even, as the libraries' own do.
struct DecimalText {
  var isNegative = false
  var digits: UInt64 = 0
  var exponent = 0
  /// Digits beyond the nineteenth were left out, and not all were zeros.
  var isCut = false
  /// Where it stands in the bytes.
  var range: Range<Int>

  /// Reads a number from `place` on and moves `place` behind it; nil, and unmoved, if none is there.
  init?(_ bytes: UnsafeRawBufferPointer, at place: inout Int) {
    var cursor = place
    if cursor < bytes.count,
      bytes[cursor] == UInt8(ascii: "-") || bytes[cursor] == UInt8(ascii: "+")
    {
      isNegative = bytes[cursor] == UInt8(ascii: "-")
      cursor += 1
    }
    range = place..<place
    var count = 0
    cursor = readDigits(bytes, from: cursor, count: &count, pointMoves: 0)
    if cursor < bytes.count, bytes[cursor] == UInt8(ascii: ".") {
      cursor = readDigits(bytes, from: cursor + 1, count: &count, pointMoves: 1)
    }
    guard count > 0 else { return nil }
    cursor = readExponent(bytes, from: cursor)
    range = place..<cursor
    place = cursor
  }

  private mutating func readDigits(
    _ bytes: UnsafeRawBufferPointer, from start: Int, count: inout Int, pointMoves: Int
  ) -> Int {
    var cursor = start
    while cursor < bytes.count {
      let digit = bytes[cursor] &- UInt8(ascii: "0")
      guard digit < 10 else { break }
      if digits < 1_000_000_000_000_000_000 {
        digits = digits &* 10 &+ UInt64(digit)
        exponent -= pointMoves
      } else {
        isCut = isCut || digit != 0
        exponent += 1 - pointMoves
      }
      cursor += 1
    }
    count += cursor - start
    return cursor
  }

  /// `e` and no digits after it is no exponent.
  private mutating func readExponent(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int {
    guard start < bytes.count, bytes[start] | 0x20 == UInt8(ascii: "e") else { return start }
    var cursor = start + 1
    var isNegative = false
    if cursor < bytes.count,
      bytes[cursor] == UInt8(ascii: "-") || bytes[cursor] == UInt8(ascii: "+")
    {
      isNegative = bytes[cursor] == UInt8(ascii: "-")
      cursor += 1
    }
    let firstDigit = cursor
    var power = 0
    while cursor < bytes.count, bytes[cursor] &- UInt8(ascii: "0") < 10 {
      // Enough to be zero or infinite whatever the digits; no more, so that it cannot overflow.
      power = min(power * 10 + Int(bytes[cursor] &- UInt8(ascii: "0")), 1_000_000)
      cursor += 1
    }
    guard cursor > firstDigit else { return start }
    exponent += isNegative ? -power : power
    return cursor
  }
}

extension DecimalText {
  func double(of bytes: UnsafeRawBufferPointer) -> Double {
    // Both factors are exact, so that the one rounding is the right one.
    if digits <= 1 << 53, exponent >= -22, exponent <= 22, !isCut {
      let value = Double(digits)
      let magnitude =
        exponent < 0 ? value / Double(Self.power(-exponent)) : value * Double(Self.power(exponent))
      return isNegative ? -magnitude : magnitude
    }
    if let magnitude = magnitude(bits: 53), magnitude >= Double.leastNormalMagnitude {
      return isNegative ? -magnitude : magnitude
    }
    return Double(text(in: bytes)) ?? .nan
  }

  func float(of bytes: UnsafeRawBufferPointer) -> Float {
    if digits <= 1 << 53, exponent >= -22, exponent <= 22, !isCut {
      let wide = double(of: bytes)
      // Half way between two Float32 the first rounding may have hidden which is nearer.
      if wide.bitPattern & 0x1FFF_FFFF != 0x1000_0000,
        wide == 0 || wide.magnitude >= Double(Float.leastNormalMagnitude)
      {
        return Float(wide)
      }
    }
    if let magnitude = magnitude(bits: 24), magnitude >= Double(Float.leastNormalMagnitude) {
      return isNegative ? -Float(magnitude) : Float(magnitude)
    }
    return Float(text(in: bytes)) ?? .nan
  }

  private func text(in bytes: UnsafeRawBufferPointer) -> String {
    String(decoding: UnsafeRawBufferPointer(rebasing: bytes[range]), as: UTF8.self)
  }

  /// 10 to the power, exactly.
  private static func power(_ exponent: Int) -> UInt128 { powers[exponent] }
  private static let powers: [UInt128] = {
    var powers: [UInt128] = [1]
    for _ in 0..<27 { powers.append(powers[powers.count - 1] * 10) }
    return powers
  }()

  /// The value without its sign, rounded to so many bits in exact integer arithmetic; nil where 128
  /// bits do not hold it, or digits were cut.
  private func magnitude(bits: Int) -> Double? {
    guard !isCut, digits != 0 else { return nil }
    if exponent >= 0 {
      guard exponent <= 19 else { return nil }
      return Self.rounded(UInt128(digits) * Self.power(exponent), isMore: false, scale: 0, to: bits)
    }
    // The quotient keeps more bits than are asked for: 128 less those of the divisor.
    guard -exponent <= (bits == 24 ? 27 : 21) else { return nil }
    let shift = 64 + digits.leadingZeroBitCount
    let (quotient, rest) = (UInt128(digits) << UInt128(shift)).quotientAndRemainder(
      dividingBy: Self.power(-exponent))
    return Self.rounded(quotient, isMore: rest != 0, scale: -shift, to: bits)
  }

  /// value 2^scale to so many bits, ties to even. `isMore`: the true value is a little larger.
  private static func rounded(
    _ value: UInt128, isMore: Bool, scale: Int, to bits: Int
  ) -> Double {
    let width = 128 - value.leadingZeroBitCount
    let dropped = width - bits
    guard dropped > 0 else {
      return Double(sign: .plus, exponent: scale, significand: Double(UInt64(value)))
    }
    var kept = UInt64(value >> UInt128(dropped))
    let rest = value & ((1 << UInt128(dropped)) - 1)
    let half: UInt128 = 1 << UInt128(dropped - 1)
    if rest > half || rest == half && (isMore || kept & 1 == 1) { kept += 1 }
    return Double(sign: .plus, exponent: scale + dropped, significand: Double(kept))
  }
}
