import Testing

@testable import LoadTesting

@Suite struct PlotTicksTests {
  @Test(
    arguments: [
      (0.0...10, 6, [0, 2, 4, 6, 8, 10]), (0...1, 5, [0, 0.2, 0.4, 0.6, 0.8, 1]),
      (3...97, 5, [20, 40, 60, 80]), (0...0.003, 3, [0, 0.001, 0.002, 0.003]),
      (-10...10, 5, [-10, -5, 0, 5, 10]),
    ] as [(ClosedRange<Double>, Int, [Double])])
  func `linear ticks are multiples of 1, 2 or 5`(
    range: ClosedRange<Double>, count: Int, expected: [Double]
  ) {
    let ticks = PlotTicks.linear(range, count: count)
    #expect(ticks.count == expected.count)
    for (tick, value) in zip(ticks, expected) { #expect(abs(tick - value) < 1e-9) }
  }

  @Test(
    arguments: [
      (1.0...1_000, 4, [1, 10, 100, 1_000]), (1...100, 8, [1, 2, 5, 10, 20, 50, 100]),
      (0.5...20, 4, [1, 3, 10]), (1...1e9, 4, [1, 1e3, 1e6, 1e9]),
    ] as [(ClosedRange<Double>, Int, [Double])])
  func `logarithmic ticks stand at powers of ten and between them where there is room`(
    range: ClosedRange<Double>, count: Int, expected: [Double]
  ) {
    let ticks = PlotTicks.logarithmic(range, count: count)
    #expect(ticks.count == expected.count, "\(ticks)")
    for (tick, value) in zip(ticks, expected) { #expect(abs(tick / value - 1) < 1e-9) }
  }

  @Test func `a percentile has as many nines as it needs`() {
    let ticks = PlotTicks(.tail, 0...0.9999, count: 8, .fraction)
    #expect(ticks.labels == ["0", "50", "90", "99", "99.9", "99.99"])
    #expect(PlotTicks(.tail, 0...0.95, count: 8, .fraction).labels == ["0", "50", "90"])
  }

  @Test(arguments: [(600.0, 6), (200, 4), (90, 2)])
  func `of the nines those are left out that have no room`(width: Double, count: Int) {
    let axis = PlotRange(scale: .tail, values: 0...0.9999, pixels: (0, width))
    let ticks = PlotTicks(tail: 0...0.9999, .fraction, axis)
    #expect(ticks.labels.count == count, "\(ticks.labels)")
    #expect(ticks.labels.contains("99"))
  }

  @Test func `times on one axis have one unit, on a logarithmic one each its own`() {
    #expect(
      PlotTicks(.linear, 0...2, count: 4, .duration).labels
        == ["0", "0.5 ms", "1.0 ms", "1.5 ms", "2.0 ms"])
    #expect(
      PlotTicks(.log, 0.1...1_000, count: 5, .duration).labels
        == ["100 µs", "1 ms", "10 ms", "100 ms", "1 s"])
  }

  @Test func `large numbers are shortened, small ones keep their digits`() {
    #expect(
      PlotTicks(.linear, 0...60_000, count: 3, .number).labels == ["0", "20k", "40k", "60k"])
    #expect(PlotTicks(.linear, 0...0.04, count: 4, .number).labels.last == "0.04")
  }

  @Test(arguments: [0.0...0, 5...5, -1e300...1e300, 0...Double.leastNonzeroMagnitude])
  func `odd ranges have few ticks and no endless ones`(range: ClosedRange<Double>) {
    #expect(PlotTicks.linear(range, count: 6).count < 20)
  }

  @Test func `the tail's scale gives each nine the same room`() throws {
    let range = PlotRange(scale: .tail, values: 0...0.999, pixels: (0, 300))
    for (fraction, pixel) in [(0.0, 0.0), (0.9, 100), (0.99, 200), (0.999, 300)] {
      #expect(abs(try #require(range.pixel(fraction)) - pixel) < 0.01)
    }
    #expect(range.pixel(1) == 300)
    #expect(PlotRange(scale: .log, values: 1...10, pixels: (0, 1)).pixel(.nan) == nil)
  }

  @Test func `labels that would touch go to lines of their own`() {
    #expect(TextRoom.lines([(10, 20), (100, 20), (15, 20)]) == [0, 0, 1])
    #expect(TextRoom.lines([]).isEmpty)
  }
}
