import Testing

@testable import LoadTesting

@Suite struct LoadStateTests {
  private func plan(_ scenario: LoadScenario, seconds: Double) -> LoadPlan {
    var plan = LoadPlan(scenario)
    plan.durationNanoseconds = UInt64(seconds * 1e9)
    return plan
  }

  // MARK: Closed loops

  @Test func `a single stream asks when it has its answer, for as long as it should`() {
    var simulation = Simulation(plan(.singleStream, seconds: 1))
    let outcome = simulation.run()
    // The query that is due at the end is asked, too: the last is issued at the duration or later.
    #expect(outcome.figures.queryCount == 1_001)
    #expect(simulation.onTheirWayMax == 1)
    #expect(outcome.figures.latencies.percentile(1) == 1_000_000)
    #expect(outcome.figures.lags.largest == 0)
    #expect(abs(outcome.throughput - 1_000) < 1)
    #expect(outcome.isValid)
    #expect(!outcome.isFullRun)
    #expect(outcome.sureLatency == 1_000_000)
  }

  @Test func `a multi stream's query has eight samples and counts once`() {
    var plan = plan(.multiStream, seconds: 100)
    plan.queriesMax = 700
    var simulation = Simulation(plan)
    let outcome = simulation.run()
    #expect(outcome.figures.queryCount == 700)
    #expect(outcome.figures.answeredSampleCount == 5_600)
    #expect(simulation.asked.allSatisfy { $0.samples.count == 8 })
    #expect(outcome.isValid)
  }

  @Test(arguments: [LoadScenario.offline, .closedLoop])
  func `callers keep as many on their way as there are callers`(scenario: LoadScenario) {
    var plan = plan(scenario, seconds: 2)
    plan.concurrency = 4
    var simulation = Simulation(plan)
    simulation.callerCount = 4
    simulation.serverCount = 2
    let outcome = simulation.run()
    #expect(simulation.onTheirWayMax == 4)
    #expect(abs(outcome.throughput - 2_000) < 20)
    #expect(outcome.isValid)
  }

  @Test func `samples are those of the target, evenly, and the same for the same seed`() {
    func samples(_ seed: UInt64) -> [Int] {
      var plan = LoadPlan(.singleStream)
      plan.queriesMax = 5_000
      plan.seeds = LoadSeeds(seed)
      var simulation = Simulation(plan)
      _ = simulation.run()
      return simulation.asked.flatMap(\.samples)
    }
    let drawn = samples(3)
    for sample in 0..<5 {
      // Five standard deviations of 1,000 of 5,000 draws.
      #expect(abs(drawn.filter { $0 == sample }.count - 1_000) < 142)
    }
    // Compared outside: a difference would be printed with all its numbers.
    let (isSame, isOther) = (samples(3) == drawn, samples(4) != drawn)
    #expect(isSame)
    #expect(isOther)
  }

  // MARK: Open loops

  @Test func `latency counts from when a request was due, not from when it could be asked`() {
    var plan = plan(.constantRate, seconds: 1)
    plan.rate = 1_000
    var simulation = Simulation(plan)
    // One caller, and the tenth query takes 100 ms: the next 99 are late through no fault of theirs.
    simulation.service = { $0 == 10 ? 100_000_000 : 10_000 }
    let outcome = simulation.run()
    #expect(outcome.figures.queryCount == 1_001)
    #expect(outcome.figures.latencies.count(over: 50_000_000) >= 50)
    #expect(outcome.figures.lags.largest > 90_000_000)
    #expect(!outcome.isValid)
    #expect(outcome.problems.contains { $0.contains("generator was late") })
  }

  @Test(arguments: [1, 2, 3] as [UInt64])
  func `a queue of known load waits as the theory of queues says`(seed: UInt64) throws {
    var plan = plan(.server, seconds: 120)
    plan.rate = 500
    plan.seeds = LoadSeeds(seed)
    plan.latencyBoundNanoseconds = 100_000_000
    var simulation = Simulation(plan)
    simulation.callerCount = 64
    simulation.serverCount = 1
    let outcome = simulation.run()
    // Pollaczek and Khinchine, for a constant service of 1 ms at half load: 1 + 0.5/(2(1-0.5)) ms.
    let mean = try #require(outcome.figures.latencies.mean)
    #expect(abs(mean - 1_500_000) < 45_000)
    #expect(outcome.figures.lags.largest == 0)
    #expect(outcome.isValid)
  }

  @Test func `a server over its bound is not valid and says by how much`() {
    var plan = plan(.server, seconds: 20)
    plan.rate = 100
    plan.latencyBoundNanoseconds = 5_000_000
    var simulation = Simulation(plan)
    simulation.callerCount = 64
    simulation.service = { $0 % 50 == 0 ? 6_000_000 : 1_000_000 }
    let outcome = simulation.run()
    #expect(outcome.problems.count == 1)
    #expect(outcome.problems.contains { $0.contains("took longer than 5.00 ms") })
    plan.latencyBoundNanoseconds = 7_000_000
    simulation.plan = plan
    #expect(simulation.run().isValid)
  }

  // MARK: Ends

  @Test(arguments: [(LoadScenario.singleStream, 63, 64), (.multiStream, 661, 662)])
  func `too few queries are not valid`(scenario: LoadScenario, tooFew: Int, enough: Int) {
    for (count, isValid) in [(tooFew, false), (enough, true)] {
      var plan = LoadPlan(scenario)
      plan.queriesMax = count
      var simulation = Simulation(plan)
      let outcome = simulation.run()
      #expect(outcome.isValid == isValid)
      #expect((outcome.sureLatency != nil) == isValid)
    }
  }

  @Test func `ten minutes are a full run`() {
    var simulation = Simulation(plan(.singleStream, seconds: 600))
    simulation.service = { _ in 100_000_000 }
    #expect(simulation.run().isFullRun)
    simulation.plan = plan(.singleStream, seconds: 599)
    #expect(!simulation.run().isFullRun)
  }

  @Test func `an interrupted run tells what it has`() {
    var simulation = Simulation(plan(.singleStream, seconds: 600))
    simulation.interruptedAt = Simulation.beginning + 1_000_000_000
    let outcome = simulation.run()
    #expect(outcome.figures.queryCount == 1_000)
    #expect(outcome.isInterrupted)
    #expect(!outcome.isFullRun)
    #expect(outcome.problems.contains { $0.contains("interrupted") })
  }

  @Test func `a target that answers nothing any more is given up`() {
    var simulation = Simulation(plan(.singleStream, seconds: 600))
    simulation.problem = { $0 > 500 ? CallProblem(kind: "connection_closed", text: "gone") : nil }
    let outcome = simulation.run()
    #expect(outcome.seconds < 11)
    #expect(outcome.figures.latencies.count == 500)
    #expect(outcome.problems.contains { $0.contains("answered nothing for 10 s") })
    #expect(outcome.problems.contains { $0.contains("queries failed; the first: gone") })
  }

  @Test func `a failure now and then is counted by its kind and makes the run invalid`() {
    var simulation = Simulation(plan(.closedLoop, seconds: 5))
    simulation.problem = {
      $0 % 100 == 0 ? CallProblem(kind: "status_503", text: "full") : nil
    }
    let outcome = simulation.run()
    #expect(outcome.figures.failures == ["status_503": 50])
    #expect(abs(outcome.errorRate - 0.01) < 0.001)
    #expect(!outcome.isValid)
    #expect(outcome.end == .reached)
  }
}
