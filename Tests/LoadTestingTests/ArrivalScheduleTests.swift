import Testing

@testable import LoadTesting

@Suite struct ArrivalScheduleTests {
  @Test func `the generator is MT19937`() {
    // The C++ standard, [rand.predef]: the 10,000th word of a generator made without a seed.
    var generator = MersenneTwister(seed: 5_489)
    var word: UInt32 = 0
    for _ in 0..<10_000 { word = generator.next() }
    #expect(word == 4_123_659_995)
  }

  @Test func `a constant rate has equal distances`() {
    var schedule = ArrivalSchedule(.constant, rate: 1_000, seed: 1)
    let arrivals = (0..<10_001).map { _ in schedule.next() }
    #expect(arrivals[0] == 0)
    #expect(arrivals[1] == 1_000_000)
    #expect(arrivals[10_000] == 10_000_000_000)
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `random arrivals come at their rate, with its spread`(seed: UInt64) {
    var schedule = ArrivalSchedule(.poisson, rate: 500, seed: seed)
    let arrivals = (0...50_000).compactMap { _ in schedule.next() }
    let gaps = zip(arrivals.dropFirst(), arrivals).map { Double($0 - $1) }
    let mean = gaps.reduce(0, +) / Double(gaps.count)
    let squares = gaps.reduce(0) { $0 + ($1 - mean) * ($1 - mean) } / Double(gaps.count)
    // An exponential distribution spreads by its mean; four standard errors of 50,000 gaps are 2 %.
    #expect(abs(mean - 2e6) < 0.02 * 2e6)
    #expect(abs(squares.squareRoot() - mean) < 0.04 * mean)
  }

  @Test func `the same seed gives the same arrivals, another gives others`() {
    func first(_ seed: UInt64) -> [UInt64] {
      var schedule = ArrivalSchedule(.poisson, rate: 10, seed: seed)
      return (0..<20).compactMap { _ in schedule.next() }
    }
    #expect(first(7) == first(7))
    #expect(first(7) != first(8))
  }
}
