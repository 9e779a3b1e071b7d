/// The powers of ten from 10^-342 to 10^324, each cut to its first 128 bits.
///
/// Entry `n` holds floor(10^n * 2^-r) with r such that the top bit is set; exact for n in 0...55.
/// Reading (Lemire, "Number Parsing at a Gigabyte per Second", 2021) and printing (Giulietti, "The
/// Schubfach way to render doubles", 2020) both work from this table. It is computed once, at first
/// use, in exact integer arithmetic (about 10 KiB, well under a millisecond), and never freed.
struct PowersOfTen: @unchecked Sendable {
  static let exponentMin = -342
  static let exponentMax = 324

  /// The table of this process.
  static let shared = PowersOfTen()

  /// Written only by `init`, before anybody else has the pointer.
  private let entries: UnsafePointer<UInt128>

  /// The 128 bits of 10^`exponent`.
  @inline(__always)
  subscript(exponent: Int) -> UInt128 { entries[exponent &- Self.exponentMin] }

  private init() {
    let count = Self.exponentMax - Self.exponentMin + 1
    let table = UnsafeMutablePointer<UInt128>.allocate(capacity: count)
    var power = WideInteger(1)
    for exponent in 0...Self.exponentMax {
      table[exponent - Self.exponentMin] = power.leading128Bits
      power.multiply(by: 10)
    }
    // 10^-n = 2^1400 / 10^n, scaled. Dividing the floor again gives the floor of the whole
    // quotient, and 1400 - 342 * log2(10) leaves more than 128 bits to the last.
    var quotient = WideInteger(powerOfTwo: 1400)
    for exponent in 1...(-Self.exponentMin) {
      quotient.divide(by: 10)
      table[-exponent - Self.exponentMin] = quotient.leading128Bits
    }
    entries = UnsafePointer(table)
  }

  /// floor(log2(10^n)), for |n| up to 1,233.
  @inline(__always)
  static func floorLog2(ofTenTo exponent: Int) -> Int { (exponent &* 1_741_647) >> 19 }
}
