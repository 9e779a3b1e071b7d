import Testing

@testable import LoadTesting

@Suite struct FailureThresholdTests {
  private func outcome(failing: Bool = false) -> LoadOutcome {
    var plan = LoadPlan(.singleStream)
    plan.queriesMax = 1_000
    var simulation = Simulation(plan)
    simulation.service = { UInt64($0) * 1_000 }
    if failing {
      simulation.problem = { $0 <= 10 ? CallProblem(kind: "failed", text: "no") : nil }
    }
    return simulation.run()
  }

  // Latencies are 0.001 to 1.000 ms, and the throughput is 1,998 a second.
  @Test(arguments: [
    ("p99>990us", false), ("p99>989us", true), ("p99>=0.99ms", true), ("p99<=0.99ms", true),
    ("p99<0.99ms", false), ("p50>1s", false), ("p99.9>0.5ms", true), ("p99_9>0.5ms", true),
    ("p99_99>0.5ms", true), ("p99.99>0.5ms", true),
    ("mean > 0.4 ms", true), ("max>=1ms", true), ("throughput<1900", false),
    ("throughput<2000/s", true), ("errors>0", false), ("errors>=0%", true), ("lag>1us", false),
  ])
  func `compares in the units that are written`(text: String, isBeyond: Bool) throws {
    let threshold = try #require(try FailureThreshold.parse(text).first)
    let complaint = threshold.complaint(about: outcome())
    #expect((complaint != nil) == isBeyond, "\(complaint ?? "")")
  }

  @Test(arguments: ["map_small<0.3", "map_medium<0.3", "map_large<0.3", "map75<0.3", "top5<0.3"])
  func `every figure of accuracy may be held to a bound`(text: String) throws {
    let threshold = try #require(try FailureThreshold.parse(text).first)
    let name = String(text.prefix { $0 != "<" })
    var outcome = outcome()
    #expect(threshold.complaint(about: outcome)?.contains("was not measured") == true)
    for (value, isBeyond) in [(0.2, true), (0.4, false)] {
      outcome.accuracy = AccuracyFigures([.init(name, value)], sampleCount: 1)
      #expect((threshold.complaint(about: outcome) != nil) == isBeyond)
    }
    let names = Set(FailureThreshold.Figure.allCases.map(\.rawValue))
    #expect(names.isSuperset(of: AccuracyFigures.names))
  }

  @Test func `errors are a fraction or per cent`() throws {
    let complaints = try FailureThreshold.parse("errors>0.9%,errors>0.009,errors>1.1%").map {
      $0.complaint(about: outcome(failing: true))
    }
    #expect(complaints[0] == "errors>0.9%: single-stream has errors 1.000 %")
    #expect(complaints[1] != nil)
    #expect(complaints[2] == nil)
  }

  @Test func `what was not measured is not passed`() throws {
    var plan = LoadPlan(.singleStream)
    plan.queriesMax = 5
    var simulation = Simulation(plan)
    simulation.problem = { _ in CallProblem(kind: "failed", text: "no") }
    let outcome = simulation.run()
    for text in ["p99>20ms", "throughput<1"] {
      let threshold = try #require(try FailureThreshold.parse(text).first)
      #expect(threshold.complaint(about: outcome)?.contains("not measured") == true)
    }
  }

  @Test(arguments: [
    ("", "then a number"), ("p99", "then a number"), ("p99=20ms", "then a number"),
    ("p98>20ms", "p99.9"), ("p99>ms", "a number"), ("p99>20", "us, ms or s"),
    ("p99>20kg", "us, ms or s"), ("throughput>5ms", "plain number"), ("errors>5ms", "fraction"),
    ("p99>20ms,", "got nothing"), ("p99>1.2.3ms", "a number"), ("p99><2ms", "then a number"),
  ])
  func `says what was expected`(text: String, words: String) {
    #expect {
      try FailureThreshold.parse(text)
    } throws: { error in
      "\(error)".contains(words) && "\(error)".contains("--fail-if")
    }
  }
}
