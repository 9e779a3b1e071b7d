/// A JSON number as it stands in the text: (-1)^isNegative * mantissa * 10^exponent.
///
/// Points into the text it was read from, for the cases that 19 digits do not decide; so it must not
/// outlive that text.
struct DecimalNumber {
  /// The first 19 significant digits.
  var mantissa: UInt64
  var exponent: Int
  var isNegative: Bool
  /// Written without a fraction and without an exponent.
  var isInteger: Bool
  /// Digits other than zero follow those in the mantissa.
  var isTruncated = false
  /// Significant digits left out of the mantissa; `exponent` counts them in.
  var droppedDigitCount = 0
  let token: UnsafeBufferPointer<UInt8>
}

extension DecimalNumber {
  /// The same number with its first 19 significant digits read again, with care, because the mantissa
  /// overflowed or may have; `exponent` must be the written one less the count of fraction digits.
  @inline(never)
  func withDigitsReadAgain() -> DecimalNumber {
    let digits = significantDigits(countMax: 19)
    var number = self
    number.mantissa = digits.values.reduce(0) { $0 &* 10 &+ UInt64($1) }
    number.exponent += digits.droppedCount
    number.droppedDigitCount = digits.droppedCount
    number.isTruncated = digits.isAnyDroppedNonzero
    return number
  }

  /// The digits of the token from the first that is not zero, and what was left behind.
  private func significantDigits(
    countMax: Int
  ) -> (values: [UInt8], droppedCount: Int, isAnyDroppedNonzero: Bool) {
    var values: [UInt8] = []
    var dropped = 0
    var isAnyDroppedNonzero = false
    for byte in token {
      if byte | 0x20 == UInt8(ascii: "e") { break }
      let digit = byte &- UInt8(ascii: "0")
      if digit > 9 || (digit == 0 && values.isEmpty) { continue }
      if values.count < countMax {
        values.append(digit)
      } else {
        dropped += 1
        isAnyDroppedNonzero = isAnyDroppedNonzero || digit > 0
      }
    }
    return (values, dropped, isAnyDroppedNonzero)
  }

  /// How the magnitude of the number compares with `value`, a positive finite one, decided exactly.
  ///
  /// Negative, zero or positive. 1,100 digits decide, because no number between two neighbouring
  /// doubles that matters here has more than 800; what follows them counts as "a little more".
  @inline(never)
  func exactComparison(withMagnitude value: Double) -> Int {
    let digits = significantDigits(countMax: 1_100)
    var mine = WideInteger(0)
    for digit in digits.values { mine.multiply(by: 10, adding: UInt32(digit)) }
    var power = exponent - droppedDigitCount + digits.droppedCount
    if digits.isAnyDroppedNonzero {
      mine.multiply(by: 10, adding: 1)
      power -= 1
    }
    var other = WideInteger(value.significandBitPattern | (value.isNormal ? 1 << 52 : 0))
    let binary = max(Int(value.exponentBitPattern), 1) - 1_075
    if power >= 0 { mine.multiplyByTen(toThe: power) } else { other.multiplyByTen(toThe: -power) }
    if binary >= 0 { other.shiftLeft(by: binary) } else { mine.shiftLeft(by: -binary) }
    return mine < other ? -1 : (other < mine ? 1 : 0)
  }
}

extension DecimalNumber {
  /// The number as an integer of that type; `nil` where it is not written as one or does not fit.
  @inline(__always)
  func integer<Integer: FixedWidthInteger>(as type: Integer.Type) -> Integer? {
    guard isInteger else { return nil }
    guard droppedDigitCount == 0 else { return longInteger(as: type) }
    if !isNegative { return Integer(exactly: mantissa) }
    // The magnitude of the least value is one more than that of the greatest.
    guard mantissa <= 1 << 63 else { return nil }
    return Integer(exactly: Int64(truncatingIfNeeded: 0 &- mantissa))
  }

  /// 20 digits: only the upper half of the unsigned 64-bit numbers.
  private func longInteger<Integer: FixedWidthInteger>(as type: Integer.Type) -> Integer? {
    guard droppedDigitCount == 1, !isNegative, let last = token.last else { return nil }
    let (product, overflow) = mantissa.multipliedReportingOverflow(by: 10)
    let (sum, carry) = product.addingReportingOverflow(UInt64(last &- UInt8(ascii: "0")))
    return overflow || carry ? nil : Integer(exactly: sum)
  }
}
