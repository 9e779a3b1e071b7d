import Testing

@testable import LoadTesting

@Suite struct ServerSearchTests {
  /// Narrows in on a limit that is told it; gives what is found and how many rates were tried.
  private func search(limit: Double, first: Double) -> (found: Double?, triedCount: Int) {
    var search = RateSearch(first: first)
    var triedCount = 0
    while let rate = search.next {
      triedCount += 1
      search.tried(rate, wasValid: rate <= limit)
    }
    return (search.found, triedCount)
  }

  @Test(arguments: [0.5, 20, 99.9, 100, 101, 4_000, 77_000])
  func `finds the highest valid rate to a twentieth`(limit: Double) throws {
    let (found, triedCount) = search(limit: limit, first: 100)
    if limit >= 1 {
      let rate = try #require(found)
      #expect(rate <= limit && rate > limit / 1.06)
    } else {
      #expect(found == nil || (found ?? 0) <= limit)
    }
    #expect(triedCount <= RateSearch.runsMax)
  }

  @Test func `gives up below a hundredth of the first guess`() {
    let (found, triedCount) = search(limit: 0, first: 100)
    #expect(found == nil)
    #expect(triedCount < 8)
  }

  @Test func `steps down by a twentieth when a whole run does not hold`() {
    var search = RateSearch(first: 100)
    search.tried(100, wasValid: true)
    search.tried(104, wasValid: false)
    #expect(search.next == nil)
    #expect(abs((search.stepDown() ?? 0) - 95.2) < 0.1)
  }

  // MARK: Whole searches

  private func plan(bound: UInt64) -> LoadPlan {
    var plan = LoadPlan(.server)
    plan.durationNanoseconds = 10_000_000_000
    plan.latencyBoundNanoseconds = bound
    return plan
  }

  /// A service of 1 ms that takes 20 ms above 570 queries a second, and above `endurance` after three
  /// seconds.
  private func measure(_ plan: LoadPlan, endurance: Double = 570) -> LoadOutcome {
    var simulation = Simulation(plan)
    simulation.callerCount = plan.scenario.isOpen ? 32 : plan.concurrency
    let rate = plan.rate ?? 0
    simulation.service = { number in
      let isTired = rate > endurance && Double(number) > rate * 3
      return rate > 570 || isTired ? 20_000_000 : 1_000_000
    }
    return simulation.run()
  }

  @Test(arguments: [570.0, 500]) func `finds the rate that holds for the whole run`(
    endurance: Double
  ) throws {
    let ending = ServerSearch(plan(bound: 5_000_000)) { measure($0, endurance: endurance) }
      .run { _ in }
    guard case .found(let outcome) = ending else {
      Issue.record("nothing found: \(ending)")
      return
    }
    let rate = try #require(outcome.plan.rate)
    #expect(rate <= endurance && rate > endurance / 1.11)
    #expect(outcome.plan.durationNanoseconds == 10_000_000_000)
    #expect((outcome.figures.latencies.percentile(0.99) ?? .max) <= 5_000_000)
  }

  @Test func `a bound that one query alone breaks is told at once`() {
    var runs = 0
    let ending = ServerSearch(plan(bound: 900_000)) {
      runs += 1
      return measure($0)
    }.run { _ in }
    guard case .hopeless(let reason) = ending else {
      Issue.record("not hopeless: \(ending)")
      return
    }
    #expect(reason.contains("1.00 ms by itself"))
    #expect(runs == 1)
  }

  @Test func `an interruption ends the search`() {
    let ending = ServerSearch(plan(bound: 5_000_000)) { _ in nil }.run { _ in }
    guard case .interrupted(nil) = ending else {
      Issue.record("not interrupted: \(ending)")
      return
    }
  }

  @Test(arguments: [1, 2, 3, 5, 8, 11])
  func `an interrupted search tells what it knows`(runs: Int) throws {
    var runCount = 0
    let ending = ServerSearch(plan(bound: 5_000_000)) { plan in
      runCount += 1
      return runCount > runs ? nil : measure(plan)
    }.run { _ in }
    guard case .interrupted(let known?) = ending else {
      Issue.record("not interrupted: \(ending)")
      return
    }
    #expect(known.isInterrupted && !known.isValid && !known.isComplete)
    let problem = try #require(known.problems.first)
    #expect(problem.contains("search for the highest rate was interrupted"))
    guard runs > 2 else {
      #expect(known.plan.scenario == .singleStream)
      return
    }
    #expect(known.plan.scenario == .server)
    #expect(problem.contains(runs > 5 ? "held the bound for" : "a second"))
  }

  @Test func `a search that cannot succeed says so within a minute`() {
    var seconds = 0.0
    var plan = plan(bound: 1_200_000)
    plan.durationNanoseconds = LoadPlan.fullDurationNanoseconds
    // One query in ten takes 3 ms, at whatever rate.
    let ending = ServerSearch(plan) { plan in
      var simulation = Simulation(plan)
      simulation.callerCount = plan.scenario.isOpen ? 32 : plan.concurrency
      simulation.service = { $0 % 10 == 0 ? 3_000_000 : 1_000_000 }
      let outcome = simulation.run()
      seconds += outcome.seconds
      return outcome
    }.run { _ in }
    guard case .hopeless(let reason) = ending else {
      Issue.record("not hopeless: \(ending)")
      return
    }
    #expect(reason.contains("no rate keeps it"))
    #expect(seconds < 60)
  }
}
