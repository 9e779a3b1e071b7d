import Testing

@testable import LoadTesting

@Suite struct DisturbancesTests {
  private func outcome(_ disturbance: MachineDisturbance, seconds: Double = 2) -> LoadOutcome {
    var plan = LoadPlan(.closedLoop)
    plan.durationNanoseconds = UInt64(seconds * 1e9)
    var simulation = Simulation(plan)
    let played = simulation.run()
    return LoadOutcome(
      plan: plan, began: played.began, end: .reached, figures: played.figures,
      wasShortOfCallers: false, stolenFraction: 0, disturbance: disturbance)
  }

  private static let cases: [(Double?, Double, Int, String)] = [
    (0.06, 0, 0, "other processes used 6 %"), (0.04, 0, 0, ""), (nil, 0, 0, ""),
    (nil, 0.03, 0, "held it back for 30 ms"), (nil, 0.01, 0, ""),
    (nil, 0, 2, "slowed down for heat 2 times"),
  ]

  @Test(arguments: cases)
  func `what disturbed a run is said, from a limit on`(
    otherFraction: Double?, heldBack: Double, heatCount: Int, words: String
  ) {
    let outcome = outcome(
      MachineDisturbance(
        otherFraction: otherFraction, heldBackSeconds: heldBack, heatCount: heatCount))
    #expect(outcome.isValid == words.isEmpty)
    if !words.isEmpty { #expect(outcome.problems.contains { $0.contains(words) }) }
  }

  @Test func `what others used is what was used and not by us`() throws {
    // In ticks: user nice system idle iowait irq softirq steal.
    func times(_ line: String, _ own: Double, _ target: Double?) -> MachineTimes {
      MachineTimes(line: line, own: own, target: target)
    }
    let ticks = ("cpu  1000 0 500 8000 0 10 20 0 0 0", "cpu  1060 10 530 8800 50 20 30 50 0 0")
    let before = times(ticks.0, 7, 3)
    let after = times(ticks.1, 7.1, 3.5)
    #expect(abs(before.stolenFraction(until: after) - 50.0 / 1_020) < 1e-9)
    // A hundred ticks a second: 60 + 10 + 30 of 1,020, less 10 of our own and 50 of the target's;
    // interrupts and waiting are nobody's.
    let told = before.disturbance(until: after, mayHaveHelpers: true)
    #expect(abs(try #require(told.otherFraction) - 40.0 / 1_020) < 1e-9)
    #expect(told.doubtfulFraction == nil)
    // Of a server that only listens others may do the work; a model in this process has none.
    let idle = times(ticks.1, 7.1, 3.01)
    let doubtful = before.disturbance(until: idle, mayHaveHelpers: true)
    #expect(doubtful.otherFraction == nil)
    #expect(abs(try #require(doubtful.doubtfulFraction) - 89.0 / 1_020) < 1e-9)
    let certain = before.disturbance(until: idle, mayHaveHelpers: false)
    #expect(certain.otherFraction != nil && certain.doubtfulFraction == nil)
    // Whose processes are not seen, and what was too short.
    let unseen = times(ticks.1, 7.1, nil)
    #expect(before.disturbance(until: unseen, mayHaveHelpers: true).otherFraction == nil)
    let soon = times("cpu  1050 0 500 8010 0 10 20 0 0 0", 7, 3)
    #expect(before.disturbance(until: soon, mayHaveHelpers: false).otherFraction == nil)
    #expect(MachineTimes(line: "").stolenFraction(until: MachineTimes(line: "")) == 0)
  }

  @Test func `what may be the target's own work is told and spoils nothing`() {
    let outcome = outcome(
      MachineDisturbance(
        otherFraction: nil, doubtfulFraction: 0.4, heldBackSeconds: 0, heatCount: 0))
    #expect(outcome.isValid)
    let text = outcome.lines(target: "x").joined(separator: "\n")
    #expect(text.contains("40 % of this machine, more than those that listen"))
  }

  @Test func `disturbances of rounds are one of all`() {
    let joined = MachineDisturbance(joining: [
      MachineDisturbance(otherFraction: 0.1, heldBackSeconds: 1, heatCount: 1),
      MachineDisturbance(otherFraction: 0.3, heldBackSeconds: 2, heatCount: 0), .none,
    ])
    #expect(abs((joined.otherFraction ?? 0) - 0.2) < 1e-9)
    #expect(joined.heldBackSeconds == 3 && joined.heatCount == 1)
  }
}
