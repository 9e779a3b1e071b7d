import Batching
import Testing

@Suite struct RateLimiterStateTests {
  private func policy(
    _ claims: [String: Int], priority: Int = 1, isGlobal: Bool = false
  ) -> RateLimitPolicy {
    RateLimitPolicy(
      claims: claims.map { ResourceClaim(name: $0.key, isGlobal: isGlobal, count: $0.value) },
      priority: priority)
  }

  @Test func `a seat without claims runs at once, always`() throws {
    var state = RateLimiterState()
    let greedy = try state.join(policy(["R": 1]), device: 0)
    let free = try state.join(policy([:]), device: 0)
    #expect(state.ask(greedy) == [greedy])
    #expect(state.ask(free) == [free])
  }

  @Test func `by default there is as much as the largest claim of any seat`() throws {
    var state = RateLimiterState()
    let a = try state.join(policy(["R1": 4, "R2": 4]), device: 0)
    let b = try state.join(policy(["R2": 5]), device: 0)
    let c = try state.join(policy(["R1": 1]), device: 0)
    #expect(state.ask(a) == [a])
    #expect(state.ask(b).isEmpty, "5 of R2 are there, and 4 in use")
    #expect(state.ask(c).isEmpty, "4 of R1 are there, and all in use")
    #expect(state.end(a) == [b, c])
  }

  @Test func `what the operator says of a resource holds`() throws {
    var state = RateLimiterState(supplies: [ResourceSupply(name: "R", count: 2)])
    let seats = try (0..<3).map { _ in try state.join(policy(["R": 1]), device: 0) }
    #expect(state.ask(seats[0]) == [seats[0]])
    #expect(state.ask(seats[1]) == [seats[1]])
    #expect(state.ask(seats[2]).isEmpty)
    #expect(state.end(seats[1]) == [seats[2]])
  }

  @Test func `a claim that can never be met is refused`() throws {
    var state = RateLimiterState(supplies: [
      ResourceSupply(name: "R", count: 9), ResourceSupply(name: "R", count: 2, device: 1),
    ])
    _ = try state.join(policy(["R": 9]), device: 0)
    #expect(throws: RateLimiterState.Refusal.neverEnough(resource: "R", claimed: 3, count: 2)) {
      try state.join(policy(["R": 3]), device: 1)
    }
  }

  @Test func `a resource is global or a device's, never both`() throws {
    var state = RateLimiterState()
    _ = try state.join(policy(["R": 1]), device: 0)
    #expect(throws: RateLimiterState.Refusal.mixedScope(resource: "R")) {
      try state.join(policy(["R": 1], isGlobal: true), device: 0)
    }
  }

  @Test func `one policy cannot call a resource both, either`() throws {
    var state = RateLimiterState()
    let both = RateLimitPolicy(
      claims: [
        ResourceClaim(name: "R", isGlobal: true, count: 1), ResourceClaim(name: "R", count: 1),
      ])
    #expect(throws: RateLimiterState.Refusal.mixedScope(resource: "R")) {
      try state.join(both, device: 0)
    }
    #expect(state.isEmpty)
    _ = try state.join(policy(["R": 1]), device: 0)
  }

  @Test func `each device has its own, and a global one is shared`() throws {
    var state = RateLimiterState()
    let own = try (0..<2).map { try state.join(policy(["R": 1]), device: $0) }
    let shared = try (0..<2).map { try state.join(policy(["G": 1], isGlobal: true), device: $0) }
    #expect(state.ask(own[0]) == [own[0]])
    #expect(state.ask(own[1]) == [own[1]])
    #expect(state.ask(shared[0]) == [shared[0]])
    #expect(state.ask(shared[1]).isEmpty)
  }

  @Test func `who cannot run yet holds up only those that claim the same`() throws {
    var state = RateLimiterState(supplies: [ResourceSupply(name: "R", count: 2)])
    let small = try (0..<2).map { _ in try state.join(policy(["R": 1]), device: 0) }
    let large = try state.join(policy(["R": 2]), device: 0)
    let other = try state.join(policy(["S": 1]), device: 0)
    #expect(state.ask(small[0]) == [small[0]])
    #expect(state.ask(large).isEmpty)
    #expect(state.ask(small[1]).isEmpty, "what is left is reserved for the large one")
    #expect(state.ask(other) == [other])
    #expect(state.end(small[0]) == [large])
    #expect(state.end(large) == [small[1]])
  }

  @Test func `who withdraws or leaves lets the next one run`() throws {
    var state = RateLimiterState(supplies: [ResourceSupply(name: "R", count: 2)])
    let seats = try [1, 2, 1].map { try state.join(policy(["R": $0]), device: 0) }
    #expect(state.ask(seats[0]) == [seats[0]])
    #expect(state.ask(seats[1]).isEmpty)
    #expect(state.ask(seats[2]).isEmpty)
    #expect(state.withdraw(seats[0]) == nil, "it runs")
    #expect(state.withdraw(seats[1]) == [seats[2]])
    #expect(state.ask(seats[1]).isEmpty)
    #expect(state.leave(seats[0]).isEmpty)
    #expect(state.leave(seats[2]) == [seats[1]])
  }

  @Test func `a pool shrinks with the seat that wanted most, and is never granted beyond it`()
    throws
  {
    var state = RateLimiterState()
    let large = try state.join(policy(["R": 3]), device: 0)
    let small = try (0..<3).map { _ in try state.join(policy(["R": 1]), device: 0) }
    for seat in small { #expect(state.ask(seat) == [seat]) }
    #expect(state.leave(large).isEmpty)
    #expect(state.overdrawn == ["R"])
    #expect(state.end(small[0]).isEmpty)
    #expect(state.ask(small[0]).isEmpty, "there is 1 now, and 2 are in use")
    #expect(state.end(small[1]).isEmpty)
    #expect(state.end(small[2]) == [small[0]])
  }
}
