import Testing
import WireFormats

@testable import LoadTesting

/// Loads that change, callers that think, and what is told of them.
@Suite struct LoadShapesTests {
  private func options(_ change: (inout LoadOptions) -> Void) -> LoadOptions {
    var options = LoadOptions()
    change(&options)
    return options
  }

  private func plan(_ change: (inout LoadOptions) -> Void) throws -> LoadPlan {
    try #require(options(change).plans(usualConcurrency: 1).first)
  }

  // MARK: Words

  @Test func `words mean shapes`() throws {
    let ramp = try plan {
      $0.rate = "10:200"; $0.duration = "60s"
    }
    #expect(ramp.scenario == .ramp && ramp.profile == .ramp(from: 10, to: 200, seconds: 60))
    #expect(ramp.arrivals == .poisson)
    let even = try plan {
      $0.scenarios = ["step"]; $0.rate = "10,50/s"; $0.arrivals = "even"
    }
    #expect(even.profile == .steps([(10, 5), (50, 5)]))
    #expect(even.arrivals == .constant)
    let long = try plan { $0.rate = "10@5s,50@500ms" }
    #expect(long.profile == .steps([(10, 5), (50, 0.5)]))
    #expect(long.durationNanoseconds == 5_500_000_000)
    let spike = try plan {
      $0.rate = "20"; $0.spike = "10x2s"
    }
    #expect(spike.profile == .spike(20, factor: 10, spikeSeconds: 2, seconds: 10))
    let usual = try plan {
      $0.scenarios = ["spike"]; $0.rate = "20"
    }
    #expect(usual.profile == spike.profile)
    let replay = try plan {
      $0.trace = ArrivalTrace([1, 3]); $0.speed = "2x"
    }
    #expect(replay.trace?.nanoseconds == 1_000_000_000 && replay.durationNanoseconds == nil)
    let think = try plan { $0.think = "exp:20ms" }
    #expect(think.scenario == .closedLoop)
    #expect(think.think == ThinkTime(.exponential, meanNanoseconds: 20_000_000))
  }

  @Test(arguments: [
    ("ramp", "10", "10:200"), ("ramp", "0:0", "10:200"), ("ramp", "1:2:3", "10:200"),
    ("ramp", "-1:5", "10:200"), ("step", "10,,5", "10@5s"), ("step", "10@5s,5", "each step"),
    ("step", "0,1", "10@5s"), ("spike", "10:20", "queries a second"),
    ("constant-rate", "1:2", "queries a second"), ("server", "nan", "queries a second"),
    ("step", Array(repeating: "1", count: 65).joined(separator: ","), "at most 64"),
  ])
  func `rates that cannot be followed are told with what was expected`(
    scenario: String, rate: String, words: String
  ) {
    let options = options {
      $0.scenarios = [scenario]; $0.rate = rate
    }
    do throws(LoadOptions.Problem) {
      _ = try options.plans(usualConcurrency: 1)
      Issue.record("taken")
    } catch { #expect(error.description.contains(words), "\(error)") }
  }

  @Test func `options that do not belong together are told`() {
    let cases: [(LoadOptions, String)] = [
      (options { $0.spike = "3x1s" }, "needs --rate"),
      (options { $0.scenarios = ["replay"] }, "needs --trace"),
      (
        options {
          $0.scenarios = ["spike"]; $0.rate = "5"; $0.spike = "3x20s"
        }, "shorter"
      ),
      (
        options {
          $0.scenarios = ["spike"]; $0.rate = "5"; $0.spike = "3"
        }, "10x2s"
      ),
      (
        options {
          $0.rate = "5"; $0.arrivals = "even"
        }, "--arrivals is for the scenarios ramp"
      ),
      (
        options {
          $0.rate = "5:6"; $0.arrivals = "odd"
        }, "poisson or even"
      ),
      (
        options {
          $0.scenarios = ["offline"]; $0.think = "1s"
        }, "--think is for the scenario"
      ),
      (options { $0.think = "exp:soon" }, "exp:100ms"),
      (
        options {
          $0.rate = "5"; $0.speed = "2"
        }, "--speed is for the scenario replay"
      ),
      (
        options {
          $0.trace = ArrivalTrace([1]); $0.speed = "0"
        }, "a factor"
      ),
      (
        options {
          $0.rate = "1@5s"; $0.scenarios = ["step"]; $0.duration = "1s"
        }, "how long each"
      ),
    ]
    for (options, words) in cases {
      do throws(LoadOptions.Problem) {
        _ = try options.plans(usualConcurrency: 1)
        Issue.record("taken: \(words)")
      } catch { #expect(error.description.contains(words), "\(error)") }
    }
  }

  // MARK: Runs

  @Test func `a spike is told by itself`() throws {
    let plan = try plan {
      $0.rate = "50"; $0.spike = "10x2s"; $0.arrivals = "even"
    }
    var simulation = Simulation(plan)
    simulation.callerCount = 64
    // One at a time, 4 ms each: the spike of 500 a second is twice what it can.
    simulation.serverCount = 1
    simulation.service = { _ in 4_000_000 }
    let outcome = simulation.run()
    let phases = outcome.phaseFigures
    #expect(phases.map(\.queryCount) == [200, 1_000, 200])
    #expect(phases[0].latencies.percentile(0.99) == 4_000_000)
    #expect((phases[1].latencies.percentile(0.5) ?? 0) > 500_000_000)
    // The line of 500 is worked off by 200 a second: 400 ms are left of it in the middle of the rest.
    #expect(abs(Double(phases[2].latencies.percentile(0.5) ?? 0) - 4e8) < 1e7)
    #expect(abs(phases[1].askedRate - 500) < 1 && abs(phases[1].answeredRate - 250) < 2)
    let document = outcome.json(environment: LoadEnvironment(facts: []), command: "")
    guard case .array(let told)? = document["phases"] else {
      Issue.record("no phases")
      return
    }
    #expect(told.count == 3)
    #expect(told[1]["name"] == .string("spike"))
    #expect(told[1]["queries"] == .integer(1_000))
    #expect(told[0]["latency_ms"]?["p99"] == .number(4))
    let text = outcome.lines(target: "x").joined(separator: "\n")
    #expect(text.contains("asked/s") && text.contains("spike"))
  }

  @Test func `what is the same all the time has no phases`() {
    var plan = LoadPlan(.singleStream)
    plan.queriesMax = 70
    var simulation = Simulation(plan)
    let outcome = simulation.run()
    #expect(outcome.phaseFigures.isEmpty)
    #expect(outcome.json(environment: LoadEnvironment(facts: []), command: "")["phases"] == nil)
  }

  @Test(arguments: ["90ms", "exp:90ms"])
  func `callers that think ask as often as thinking and waiting allow`(think: String) throws {
    let plan = try plan {
      $0.think = think
      $0.concurrency = "20"
      $0.duration = "100s"
    }
    var simulation = Simulation(plan)
    simulation.callerCount = 20
    simulation.service = { _ in 10_000_000 }
    let outcome = simulation.run()
    // Twenty callers, each once in 100 ms; of drawn times four standard errors of 20,000.
    #expect(abs(outcome.throughput - 200) < 6)
    #expect(outcome.figures.latencies.percentile(1) == 10_000_000)
    #expect(outcome.isValid)
    #expect(outcome.end == .reached)
    let gaps = zip(simulation.asked.dropFirst(20), simulation.asked).filter { $0.0.due < $0.1.due }
    #expect(gaps.isEmpty == (think == "90ms"))
    #expect(outcome.seconds < 100.02)
  }

  @Test func `a target that is asked for too much is given up before its line is endless`() throws {
    let plan = try plan {
      $0.scenarios = ["constant-rate"]; $0.rate = "100"; $0.duration = "10m"
    }
    var simulation = Simulation(plan)
    simulation.callerCount = 8
    simulation.serverCount = 1
    simulation.service = { _ in 20_000_000 }
    let outcome = simulation.run()
    // Half of what comes is answered, so the line is 20 s long after 40.
    #expect(abs(outcome.seconds - 40) < 1)
    #expect(outcome.problems.contains { $0.contains("20 s behind") })
    #expect(!outcome.isComplete)
  }
}
