import Testing
import WireFormats

@testable import LoadTesting

@Suite struct LoadSweepTests {
  // MARK: Words

  @Test func `words mean loads`() throws {
    #expect(try SweepValues("concurrency=1..20").values == [1, 2, 4, 8, 16, 20])
    #expect(try SweepValues("concurrency=8,1,8,2").values == [1, 2, 8])
    #expect(try SweepValues("rate=0.5,100").values == [0.5, 100])
    let rates = try SweepValues("rate=10..1280").values
    #expect(rates.count == 8 && rates[0] == 10 && rates[7] == 1_280)
    #expect(zip(rates, rates.dropFirst()).allSatisfy { abs($1 / $0 - 2) < 0.02 })
  }

  @Test(arguments: [
    "", "rate", "rate=", "rate=5", "rate=5..5", "rate=9..5", "rate=0..5", "rate=a..b", "rate=1,x",
    "concurrency=0,1", "concurrency=1.5,2", "concurrency=1..9999", "latency=1,2", "rate=1,1",
    "rate=nan,1", "rate=1..inf",
  ])
  func `what is no sweep is told`(text: String) {
    #expect(throws: LoadOptions.Problem.self) { _ = try SweepValues(text) }
  }

  @Test func `a sweep has a plan for each load`() throws {
    var options = LoadOptions()
    options.sweep = "rate=10,20"
    let open = try options.plans(usualConcurrency: 3)
    #expect(open.map(\.rate) == [10, 20])
    #expect(open.map(\.scenario) == [.server, .server])
    options.sweep = "concurrency=2,4"
    options.scenarios = ["offline"]
    let closed = try options.plans(usualConcurrency: 3)
    #expect(closed.map(\.concurrency) == [2, 4])
    #expect(closed.map(\.scenario) == [.offline, .offline])
    options.scenarios = ["server"]
    #expect(throws: LoadOptions.Problem.self) { _ = try options.plans(usualConcurrency: 1) }
    options.scenarios = []
    options.concurrency = "3"
    #expect(throws: LoadOptions.Problem.self) { _ = try options.plans(usualConcurrency: 1) }
  }

  // MARK: The knee

  private func knee(_ throughputs: [Double], _ latencies: [Double]) -> LoadKnee {
    LoadKnee(zip(throughputs, latencies).map { .init(throughput: $0, meanLatency: $1) })
  }

  @Test(arguments: [1, 2, 4, 8])
  func `of workers with a constant time the knee is their number`(workers: Int) {
    let callers = [1, 2, 4, 8, 16, 32]
    let throughputs = callers.map { Double(min($0, workers)) * 100 }
    let latencies = callers.map { 10 * Double(max($0, workers)) / Double(workers) }
    #expect(knee(throughputs, latencies).index == callers.firstIndex(of: workers))
  }

  @Test func `of one queue it is where theory has it`() {
    // Random arrivals and times: latency 1/(1-load), so power load (1-load), highest at a half. With
    // constant times 1 + load/(2(1-load)): at 2 - root of 2, which is 0.586.
    let loads = stride(from: 0.05, to: 0.99, by: 0.05).map { $0 }
    let random = knee(loads, loads.map { 1 / (1 - $0) })
    #expect(random.index.map { abs(loads[$0] - 0.5) < 0.01 } == true)
    let constant = knee(loads, loads.map { 1 + $0 / (2 * (1 - $0)) })
    #expect(constant.index.map { abs(loads[$0] - 0.6) < 0.01 } == true)
  }

  @Test func `a knee that was not reached, or cannot be told, is not made up`() {
    #expect(knee([100, 200, 400], [10, 10, 10]) == .beyond)
    #expect(knee([100, 100], [10, 20]) == .unknown)
    #expect(knee([0, 0, 0], [0, 0, 0]) == .unknown)
  }

  // MARK: What is told

  /// A service of four workers and 10 ms.
  private func outcome(_ concurrency: Int, interruptedAt: UInt64? = nil) -> LoadOutcome {
    var plan = LoadPlan(.closedLoop)
    plan.durationNanoseconds = 2_000_000_000
    plan.concurrency = concurrency
    var simulation = Simulation(plan)
    simulation.callerCount = concurrency
    simulation.serverCount = 4
    simulation.service = { _ in 10_000_000 }
    simulation.interruptedAt = interruptedAt
    return simulation.run()
  }

  @Test func `tells each load and marks the knee`() throws {
    let outcomes = [1, 2, 4, 8, 16].map { outcome($0) }
    let sweep = try #require(LoadSweep(.concurrency, outcomes, plannedCount: 5))
    #expect(sweep.knee == .at(2))
    let lines = sweep.lines(target: "x")
    #expect(lines.filter { $0.contains("<- knee") }.count == 1)
    #expect(lines.contains { $0.contains("knee: 4 at a time") })
    let document = sweep.json { _ in .string("result") }
    #expect(document["sweep"] == .string("concurrency"))
    #expect(document["knee"]?["value"] == .number(4))
    #expect(document["knee"]?["point"] == .integer(2))
    guard case .array(let points)? = document["points"] else {
      Issue.record("no points")
      return
    }
    #expect(points.count == 5)
    #expect(points[4]["value"] == .number(16))
    #expect(points[4]["result"] == .string("result"))
  }

  @Test func `a sweep that was interrupted tells what it has`() throws {
    let last = outcome(4, interruptedAt: Simulation.beginning + 500_000_000)
    #expect(LoadSweep.isEnd(last))
    #expect(!LoadSweep.isEnd(outcome(1)))
    let sweep = try #require(
      LoadSweep(.concurrency, [outcome(1), outcome(2), last], plannedCount: 6))
    #expect(sweep.isInterrupted)
    #expect(sweep.knee == .unknown)
    #expect(sweep.lines(target: "x").contains { $0.contains("interrupted after 3 of 6 loads") })
    #expect(LoadSweep(.rate, [], plannedCount: 6) == nil)
  }
}
