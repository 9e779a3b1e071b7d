import Batching
import Testing

/// Seats that ask, run and leave at random, each invariant looked at after every step.
private struct LimitedHouse {
  private struct Member {
    let claims: [String: Int]
    var isWaiting = false
    var isRunning = false
    /// Turns of others since it asked.
    var passedBy = 0
  }

  private static let supply = ["A": 3, "B": 5]
  private var state = RateLimiterState(
    supplies: supply.map { ResourceSupply(name: $0.key, count: $0.value) })
  private var members: [RateLimiterState.Seat: Member] = [:]
  private(set) var grantCount = 0
  private(set) var passedByMax = 0

  mutating func play(seed: UInt64, stepCount: Int) throws {
    var random = SeededGenerator(seed: seed)
    for _ in 0..<stepCount {
      try step(&random)
      try check()
    }
    while let running = members.first(where: { $0.value.isRunning })?.key {
      end(running)
      try check()
    }
    try #require(members.values.allSatisfy { !$0.isWaiting }, "somebody was left waiting")
  }

  private mutating func step(_ random: inout SeededGenerator) throws {
    let chosen = members.keys.sorted { "\($0)" < "\($1)" }.randomElement(using: &random)
    switch (Int.random(in: 0..<20, using: &random), chosen) {
    case (0, _) where members.count < 12, (_, nil):
      var claims: [String: Int] = [:]
      for (name, count) in Self.supply.sorted(by: { $0.key < $1.key }) {
        claims[name] = Int.random(in: 0...count, using: &random)
      }
      let policy = RateLimitPolicy(
        claims: claims.map { ResourceClaim(name: $0.key, count: $0.value) },
        priority: Int.random(in: 0...4, using: &random))
      members[try state.join(policy, device: 0)] = Member(claims: claims)
    case (1, let seat?):
      members[seat] = nil
      note(state.leave(seat))
    case (2, let seat?) where members[seat]?.isWaiting == true:
      members[seat]?.isWaiting = false
      let granted = state.withdraw(seat)
      note(try #require(granted))
    case (_, let seat?):
      if members[seat]?.isRunning == true {
        end(seat)
      } else if members[seat]?.isWaiting == false {
        members[seat]?.isWaiting = true
        members[seat]?.passedBy = 0
        note(state.ask(seat))
      }
    }
  }

  private mutating func end(_ seat: RateLimiterState.Seat) {
    members[seat]?.isRunning = false
    note(state.end(seat))
  }

  private mutating func note(_ granted: [RateLimiterState.Seat]) {
    for seat in granted {
      grantCount += 1
      precondition(members[seat]?.isWaiting == true, "granted to one that did not wait")
      members[seat]?.isWaiting = false
      members[seat]?.isRunning = true
      passedByMax = max(passedByMax, members[seat]?.passedBy ?? 0)
      for other in members.keys where members[other]?.isWaiting == true {
        members[other]?.passedBy += 1
      }
    }
  }

  private func check() throws {
    try #require(state.overdrawn.isEmpty)
    for (name, count) in Self.supply {
      let used = members.values.filter(\.isRunning).reduce(0) { $0 + ($1.claims[name] ?? 0) }
      try #require(used <= count)
      try #require(state.used(name, device: 0) == used)
    }
    // Whoever is due first runs unless its resources are in use: with nothing running, all wait for
    // nobody.
    let isAnyRunning = members.values.contains { $0.isRunning }
    try #require(isAnyRunning || state.waitingCount == 0)
  }
}

@Suite struct RateLimiterSimulationTests {
  @Test(arguments: 0..<20 as Range<UInt64>)
  func `no resource is over-allocated and nobody starves`(seed: UInt64) throws {
    var house = LimitedHouse()
    try house.play(seed: seed, stepCount: 3_000)
    #expect(house.grantCount > 300, "seed \(seed)")
    // Twelve seats, priorities up to 4: each other one may go some turns ahead, and no more.
    #expect(house.passedByMax <= 12 * 8, "seed \(seed): passed by \(house.passedByMax)")
  }

  /// All always have something to run, one at a time may.
  @Test(arguments: [[1, 1], [1, 2], [1, 2, 4], [3, 1, 1]])
  func `turns are in inverse proportion to priorities`(priorities: [Int]) throws {
    var state = RateLimiterState()
    let claim = [ResourceClaim(name: "R", isGlobal: true, count: 1)]
    let seats = try priorities.map {
      try state.join(RateLimitPolicy(claims: claim, priority: $0), device: 0)
    }
    var turns = [RateLimiterState.Seat: Int]()
    var running = seats.flatMap { state.ask($0) }
    for _ in 0..<1_200 {
      let seat = try #require(running.first)
      try #require(running.count == 1)
      turns[seat, default: 0] += 1
      running = state.endAndAsk(seat)
    }
    let shares = zip(seats, priorities).map { Double((turns[$0] ?? 0) * $1) }
    let mean = shares.reduce(0, +) / Double(shares.count)
    for share in shares { #expect(abs(share - mean) < 0.02 * mean + 4, "\(turns.values)") }
  }
}
