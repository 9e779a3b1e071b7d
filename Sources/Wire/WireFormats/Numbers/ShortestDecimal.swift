/// The shortest decimal number that reads back as a given value; of several, the nearest to it.
///
/// Giulietti, "The Schubfach way to render doubles" (2020): the value and the two borders of the
/// interval that rounds to it are scaled by one power of ten, each by one product rounded to odd, and
/// the one or two candidates inside are compared. `digits` has at most 9 digits for singles and 17
/// for doubles and may end in zeros; the value is `digits * 10^exponent`.
struct ShortestDecimal<Digits: FixedWidthInteger & UnsignedInteger> {
  let digits: Digits
  let exponent: Int
}

/// An interval [lower, upper] around four times the scaled value, and the power of ten it has.
private struct ScaledInterval<Digits: FixedWidthInteger & UnsignedInteger> {
  let lower: Digits
  let value: Digits
  let upper: Digits
  let exponent: Int

  /// The shortest number inside, else the nearest of the two beside the value.
  ///
  /// Both candidates are computed and one selected, without a branch: which it is, is as good as
  /// random, and a mispredicted branch costs more than the whole arithmetic.
  @inline(__always)
  var shortest: ShortestDecimal<Digits> {
    let whole = value >> 2
    let tens = whole / 10 &* 10
    let isTensInside = lower <= 4 &* tens
    let isNextTensInside = 4 &* tens &+ 40 <= upper
    let shorter = isNextTensInside ? tens &+ 10 : tens
    let isWholeInside = lower <= 4 &* whole
    let isNextInside = 4 &* whole &+ 4 <= upper
    let middle = 4 &* whole &+ 2
    // Above the middle, or on it and the lower one odd.
    let isUpNearer = value &+ (whole & 1) > middle
    let isUp = isWholeInside != isNextInside ? isNextInside : isUpNearer
    let longer = isUp ? whole &+ 1 : whole
    return ShortestDecimal(
      digits: isTensInside != isNextTensInside ? shorter : longer, exponent: exponent)
  }
}

extension PowersOfTen {
  /// floor(log10(2^n)), and of 3/4 * 2^n where the lower neighbour is nearer.
  @inline(__always)
  private static func floorLog10(ofTwoTo exponent: Int, isLowerNeighbourNearer: Bool) -> Int {
    (exponent &* 1_262_611 &- (isLowerNeighbourNearer ? 524_031 : 0)) >> 22
  }

  /// The shortest form of `significand * 2^exponent`, a positive finite single.
  @inline(__always)
  func shortest(
    significand: UInt32, exponent: Int, isLowerNeighbourNearer: Bool
  ) -> ShortestDecimal<UInt32> {
    let power = Self.floorLog10(
      ofTwoTo: exponent, isLowerNeighbourNearer: isLowerNeighbourNearer)
    let shift = UInt32(
      truncatingIfNeeded: exponent &+ Self.floorLog2(ofTenTo: 0 &- power) &+ 1)
    let scale = UInt64(truncatingIfNeeded: self[0 &- power] >> 64) &+ 1
    let value = significand &<< 2
    let borders = significand & 1
    let lower = Self.roundedToOdd(
      scale, (value &- 2 &+ (isLowerNeighbourNearer ? 1 : 0)) &<< shift)
    let upper = Self.roundedToOdd(scale, (value &+ 2) &<< shift)
    return ScaledInterval(
      lower: lower &+ borders, value: Self.roundedToOdd(scale, value &<< shift),
      upper: upper &- borders, exponent: power
    ).shortest
  }

  @inline(__always)
  private static func roundedToOdd(_ scale: UInt64, _ value: UInt32) -> UInt32 {
    let product = scale.multipliedFullWidth(by: UInt64(value))
    let isInexact = UInt32(truncatingIfNeeded: product.low >> 32) > 1
    return UInt32(truncatingIfNeeded: product.high) | (isInexact ? 1 : 0)
  }

  /// The shortest form of `significand * 2^exponent`, a positive finite double.
  @inline(__always)
  func shortest(
    significand: UInt64, exponent: Int, isLowerNeighbourNearer: Bool
  ) -> ShortestDecimal<UInt64> {
    let power = Self.floorLog10(
      ofTwoTo: exponent, isLowerNeighbourNearer: isLowerNeighbourNearer)
    let shift = UInt64(
      truncatingIfNeeded: exponent &+ Self.floorLog2(ofTenTo: 0 &- power) &+ 1)
    let scale = self[0 &- power] &+ 1
    let value = significand &<< 2
    let borders = significand & 1
    let lower = Self.roundedToOdd(
      scale, (value &- 2 &+ (isLowerNeighbourNearer ? 1 : 0)) &<< shift)
    let upper = Self.roundedToOdd(scale, (value &+ 2) &<< shift)
    return ScaledInterval(
      lower: lower &+ borders, value: Self.roundedToOdd(scale, value &<< shift),
      upper: upper &- borders, exponent: power
    ).shortest
  }

  @inline(__always)
  private static func roundedToOdd(_ scale: UInt128, _ value: UInt64) -> UInt64 {
    let carried = UInt64(truncatingIfNeeded: scale).multipliedFullWidth(by: value).high
    let product = UInt64(truncatingIfNeeded: scale >> 64).multipliedFullWidth(by: value)
    let (middle, carry) = product.low.addingReportingOverflow(carried)
    return (product.high &+ (carry ? 1 : 0)) | (middle > 1 ? 1 : 0)
  }
}
