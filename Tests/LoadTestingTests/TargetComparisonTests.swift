import Testing
import WireFormats

@testable import LoadTesting

@Suite struct TargetComparisonTests {
  /// Rounds against services whose time spreads by a fifth, the second `factor` times as slow.
  private func rounds(_ factor: Double, seed: UInt64, count: Int = 10) -> [TargetComparison.Round] {
    var generator = MersenneTwister(seed: seed)
    return (0..<count).map { number in
      let drift = 1 + 0.5 * generator.fraction()
      func outcome(_ factor: Double) -> LoadOutcome {
        var plan = LoadPlan(.singleStream)
        plan.queriesMax = 100
        var spread = MersenneTwister(seed: UInt64(generator.next()))
        let times = (0...100).map { _ in
          UInt64(1_000_000 * drift * factor * (0.9 + 0.2 * spread.fraction()))
        }
        var simulation = Simulation(plan)
        simulation.service = { times[$0] }
        return simulation.run()
      }
      return .init(target: outcome(1), against: outcome(factor))
    }
  }

  private func ratio(_ name: String, _ comparison: TargetComparison) throws
    -> TargetComparison.Ratio
  {
    try #require(comparison.ratios.first { $0.name == name })
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `finds a difference that is there, through a drift that is larger`(seed: UInt64) throws {
    let comparison = try #require(TargetComparison(rounds(1.1, seed: seed)))
    for name in ["mean", "p50"] {
      let ratio = try ratio(name, comparison)
      #expect(ratio.low < 1 / 1.1 && ratio.high > 1 / 1.1 || abs(ratio.value - 1 / 1.1) < 0.005)
      #expect(!ratio.isNoise)
    }
    #expect(try ratio("throughput", comparison).value > 1.05)
    let text = comparison.lines(target: "a", against: "b").joined(separator: "\n")
    #expect(text.contains("the first is better"))
    #expect(!text.contains("the second is better"))
  }

  @Test func `calls noise what is noise, in most tries`() throws {
    var noiseCount = 0
    for seed in 0..<20 as Range<UInt64> {
      let comparison = try #require(TargetComparison(rounds(1, seed: seed)))
      if try ratio("mean", comparison).isNoise { noiseCount += 1 }
    }
    // Of 20 intervals of 95 %, fewer than 17 hold in 1.6 % of such tests; the seeds are fixed.
    #expect(noiseCount >= 17)
  }

  @Test func `joins what both did, round by round`() throws {
    let comparison = try #require(TargetComparison(rounds(2, seed: 5)))
    #expect(comparison.target.figures.queryCount == 1_000)
    #expect(comparison.against.seconds > comparison.target.seconds * 1.8)
    #expect(abs(comparison.target.throughput / comparison.against.throughput - 2) < 0.1)
    #expect(!comparison.target.isFullRun)
    let document = comparison.json(target: .null, against: .null)
    #expect(document["ratio"]?["p99"]?["differs"] == .bool(true))
    #expect(document["rounds"] == .integer(10))
  }

  @Test func `does not compare from too little`() {
    #expect(TargetComparison(rounds(1, seed: 1, count: 2)) == nil)
    #expect(TargetComparison([]) == nil)
  }
}
