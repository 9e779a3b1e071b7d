/// Small exact tables that reading and printing numbers look things up in, as bare pointers: a
/// bounds check per digit would cost more than the digit. Made at first use and never freed.
struct DecimalTables: @unchecked Sendable {
  static let shared = DecimalTables()

  /// 10^0 to 10^19. Written only by `init`, like its neighbour.
  let integers: UnsafePointer<UInt64>
  /// 10^0 to 10^22, all exact.
  let doubles: UnsafePointer<Double>
  let powers: PowersOfTen

  private init() {
    let integers = UnsafeMutablePointer<UInt64>.allocate(capacity: 20)
    let doubles = UnsafeMutablePointer<Double>.allocate(capacity: 23)
    integers[0] = 1
    doubles[0] = 1
    for place in 1...19 { integers[place] = integers[place - 1] * 10 }
    for place in 1...22 { doubles[place] = doubles[place - 1] * 10 }
    self.integers = UnsafePointer(integers)
    self.doubles = UnsafePointer(doubles)
    powers = .shared
  }
}
