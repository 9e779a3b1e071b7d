import Testing
import WireFormats

@testable import LoadTesting

@Suite struct LoadOutcomeTests {
  private func outcome(_ scenario: LoadScenario, queries: Int = 1_000) -> LoadOutcome {
    var plan = LoadPlan(scenario)
    plan.queriesMax = queries
    plan.rate = 100
    var simulation = Simulation(plan)
    simulation.callerCount = scenario.isOpen ? 16 : 1
    simulation.service = { UInt64($0) * 1_000 }
    return simulation.run()
  }

  private func json(_ outcome: LoadOutcome) -> JSONValue {
    outcome.json(
      environment: LoadEnvironment(facts: [(key: "kernel", value: "6.1")]), command: "apus bench x")
  }

  @Test(arguments: LoadScenario.allCases)
  func `every document has every key`(scenario: LoadScenario) {
    let document = json(outcome(scenario))
    for key in [
      "scenario", "valid", "full_run", "latency_ms", "throughput", "errors", "accuracy",
      "generator", "environment", "command",
    ] { #expect(document[key] != nil, "\(key)") }
    #expect(document["scenario"] == .string(scenario.rawValue))
    #expect(document["throughput"]?["unit"] == .string(scenario.throughputUnit))
    #expect(document["command"] == .string("apus bench x"))
    #expect(document["environment"]?["kernel"] == .string("6.1"))
  }

  /// Seconds asked for, requests open, and milliseconds of a sample.
  private static let offlineRuns: [(seconds: UInt64, open: Int, each: UInt64, isFull: Bool)] = [
    (600, 4, 80, true), (600, 4, 200, true), (599, 4, 80, false), (60, 4, 1, false),
  ]

  @Test(arguments: offlineRuns)
  func `offline is one query that is full with enough samples and time`(
    seconds: UInt64, open: Int, each: UInt64, isFull: Bool
  ) {
    var plan = LoadPlan(.offline)
    plan.concurrency = open
    plan.durationNanoseconds = seconds * 1_000_000_000
    var simulation = Simulation(plan)
    simulation.callerCount = open
    simulation.service = { _ in each * 1_000_000 }
    let outcome = simulation.run()
    #expect(outcome.isFullRun == isFull)
    if isFull {
      // Slower ones go on beyond their time.
      #expect(outcome.figures.answeredSampleCount >= 24_576)
      #expect((outcome.seconds > 601) == (each == 200))
    }
    let text = outcome.lines(target: "iris").joined(separator: "\n")
    #expect(text.contains("samples in") && text.contains("handed over at once"))
    #expect(text.contains("4 at a time: what a client has open is the limit"))
    #expect(text.contains("600 s and 24576 samples") != isFull)
    let told = json(outcome)["run"]?["offline"]
    #expect(told?["queries"] == .integer(1) && told?["requests_open"] == .integer(4))
    #expect(told?["samples"] == .integer(Int64(outcome.figures.queryCount)))
  }

  @Test func `as many requests as were said end a query of any duration`() {
    var plan = LoadPlan(.offline)
    plan.durationNanoseconds = 600_000_000_000
    plan.queriesMax = 100
    var simulation = Simulation(plan)
    #expect(simulation.run().figures.queryCount == 100)
  }

  @Test func `latencies are milliseconds`() {
    let latencies = json(outcome(.singleStream))["latency_ms"]
    #expect(latencies?["p50"] == .number(0.5))
    #expect(latencies?["p90"] == .number(0.9))
    #expect(latencies?["p95"] == .number(0.95))
    #expect(latencies?["p99"] == .number(0.99))
    #expect(latencies?["p99_9"] == .number(0.999))
    #expect(latencies?["mean"] == .number(0.5005))
  }

  @Test func `what was not measured is null`() {
    var plan = LoadPlan(.singleStream)
    plan.queriesMax = 3
    var simulation = Simulation(plan)
    simulation.problem = { _ in CallProblem(kind: "status_500", text: "broken") }
    let document = json(simulation.run())
    #expect(document["latency_ms"]?["p99"] == .null)
    #expect(document["valid"] == .bool(false))
    #expect(document["errors"]?["rate"] == .number(1))
    #expect(document["errors"]?["by_kind"]?["status_500"] == .integer(3))
    #expect(document["throughput"]?["value"] == .number(0))
  }

  @Test(arguments: LoadScenario.allCases)
  func `people read what was measured and what it is worth`(scenario: LoadScenario) {
    let text = outcome(scenario, queries: 40).lines(target: "iris").joined(separator: "\n")
    let extent = scenario == .offline ? "1 query of 40 samples" : "40 queries"
    #expect(text.hasPrefix("\(scenario.rawValue), iris: \(extent)"))
    #expect(text.contains("p99.9"))
    #expect(text.contains(scenario.throughputUnit))
    #expect(text.contains("not a full run") == scenario.isStandard)
    #expect(text.contains("queries, there were 40") == (scenario.percentile != nil))
  }
}
