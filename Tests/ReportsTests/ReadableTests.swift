import Inference
import Testing

@testable import Reports

@Suite struct ReadableTests {
  @Test(arguments: [
    (0, "0 B"), (1_023, "1023 B"), (1_024, "1.0 KiB"), (10_747_904, "10.3 MiB"),
    (130 << 20, "130 MiB"), (3 << 40, "3.0 TiB"),
  ])
  func `rounds bytes to a unit`(count: Int, text: String) {
    #expect(Readable.bytes(count) == text)
  }

  @Test(arguments: [
    (400_000 as UInt64, "0.4 ms"), (31_400_000, "31 ms"), (999_000_000, "999 ms"),
    (2_540_000_000, "2.5 s"),
  ])
  func `rounds times`(nanoseconds: UInt64, text: String) {
    #expect(Readable.time(nanoseconds) == text)
  }

  @Test(arguments: [
    (0.5, 0, "1"), (-0.04, 1, "0.0"), (1.995, 2, "2.00"), (-12.34, 1, "-12.3"), (7, 3, "7.000"),
  ])
  func `rounds decimals`(value: Double, places: Int, text: String) {
    #expect(Readable.decimal(value, places: places) == text)
  }

  @Test(arguments: [(6.2037e-8, "6.20e-8"), (-1.5e12, "-1.50e12"), (1, "1.00e0")])
  func `writes tiny and huge numbers with an exponent`(value: Double, text: String) {
    #expect(Readable.scientific(value) == text)
  }

  @Test func `leaves what has no digits as it is`() {
    #expect(Readable.decimal(.nan, places: 2) == "nan")
    #expect(Readable.decimal(1e300, places: 2) == "1e+300")
  }

  @Test func `says nothing of work that is over within a second`() {
    var line = ProgressLine(total: 4, isTerminal: false, now: Instant(nanoseconds: 1))
    #expect(line.text(doneCount: 3, now: Instant(nanoseconds: 900_000_000)) == nil)
    #expect(line.text(doneCount: 3, now: Instant(nanoseconds: 1_100_000_000)) == "3 of 4 done\n")
    #expect(line.text(doneCount: 3, now: Instant(nanoseconds: 3_000_000_000)) == nil)
    #expect(line.text(doneCount: 4, now: Instant(nanoseconds: 9_000_000_000)) == nil)
  }

  @Test func `draws a bar on a terminal and clears it`() {
    var line = ProgressLine(total: 2, isTerminal: true, now: Instant(nanoseconds: 1))
    #expect(line.clearing() == "")
    let bar = line.text(doneCount: 1, now: Instant(nanoseconds: 2_000_000_001))
    #expect(bar == "\r\u{1B}[K[============            ] 1/2  0.5/s")
    #expect(line.clearing() == "\r\u{1B}[K")
    #expect(line.clearing() == "")
  }
}
