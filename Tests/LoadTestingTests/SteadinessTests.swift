import Glibc
import Testing

@testable import LoadTesting

@Suite struct SteadinessTests {
  private func outcome(
    seconds: Double = 10, concurrency: Int = 1, _ service: @escaping (Int) -> UInt64
  ) -> LoadOutcome {
    var plan = LoadPlan(.closedLoop)
    plan.durationNanoseconds = UInt64(seconds * 1e9)
    plan.concurrency = concurrency
    var simulation = Simulation(plan)
    simulation.callerCount = concurrency
    simulation.service = service
    return simulation.run()
  }

  /// Times whose logarithm is spread as that of real services, of a seed.
  private func times(_ seed: UInt64, median: Double, spread: Double) -> (Int) -> UInt64 {
    var generator = MersenneTwister(seed: seed)
    let times = (0..<4_096).map { _ in
      let normal =
        (-2 * log(1 - generator.fraction())).squareRoot() * cos(2 * .pi * generator.fraction())
      return UInt64(median * exp(spread * normal))
    }
    return { times[$0 % times.count] }
  }

  @Test(arguments: [1e6, 3e7, 3e8], [0.05, 0.3, 0.8])
  func `a service whose times vary by chance is steady`(median: Double, spread: Double) {
    for seed in 1...10 as ClosedRange<UInt64> {
      let outcome = outcome(times(seed, median: median, spread: spread))
      #expect(outcome.problems.isEmpty, "seed \(seed)")
    }
  }

  @Test func `a batch's answers that come together are no disturbance`() {
    // Sixteen at a time, each batch of its own time.
    let times = times(3, median: 2e8, spread: 0.4)
    let outcome = outcome(concurrency: 16) { times(($0 - 1) / 16) }
    #expect(outcome.problems.isEmpty)
  }

  @Test func `a service that slows down half-way says so`() {
    let times = times(5, median: 1e6, spread: 0.2)
    let outcome = outcome { $0 > 5_000 ? times($0) * 2 : times($0) }
    #expect(outcome.problems.count == 1)
    #expect(outcome.problems.contains { $0.contains("moved by") })
    #expect(!outcome.isValid)
  }

  @Test func `a pause in the midst says so`() {
    let times = times(6, median: 1e6, spread: 0.2)
    let outcome = outcome { $0 == 4_000 ? 1_500_000_000 : times($0) }
    #expect(outcome.problems.contains { $0.contains("moved by") })
  }

  @Test func `what is too short to be cut in ten is not judged`() {
    let outcome = outcome(seconds: 0.4) { $0 > 100 ? 4_000_000 : 1_000_000 }
    #expect(outcome.problems.isEmpty)
  }
}
