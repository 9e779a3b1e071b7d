/// Which instances may run, where runs occupy resources that all models share.
///
/// A plain value. A seat stands for one instance; it asks for a turn, is granted it at once or later,
/// and gives it back when its run has ended:
///
///     idle ──ask──> waiting ──> running ──end──> idle
///                    ^  └─withdraw─> idle │
///                    └─────endAndAsk──────┘
///
/// Turns go by virtual time: a seat's next turn is due one priority after its last, or now where it
/// has not asked for long, and the one that is due first goes first. So seats that always have
/// something to run get turns in inverse proportion to their priorities. A seat that is first and
/// cannot have its resources yet keeps them reserved: others may go before it only with what it does
/// not claim. So nothing that could run idles, and nobody starves.
package struct RateLimiterState: Sendable {
  /// Names a seat; never used again.
  package struct Seat: Sendable, Hashable {
    let number: UInt64
  }

  /// Why a seat cannot be taken.
  package enum Refusal: Error, Sendable, Equatable {
    /// It could never run: there is less of the resource than it claims.
    case neverEnough(resource: String, claimed: Int, count: Int)
    /// Another seat claims a resource of that name as global, and this one as a device's, or the
    /// other way round.
    case mixedScope(resource: String)
  }

  private enum Stage: Sendable {
    case idle
    /// Due at that virtual time; among equals the one that asked first.
    case waiting(due: UInt64, count: UInt64)
    case running
  }

  private struct Member: Sendable {
    let needs: [ResourcePools.Key: Int]
    let priority: UInt64
    var stage = Stage.idle
    /// Virtual time of its next turn, if it asks soon enough.
    var nextDue: UInt64 = 0
  }

  private var pools: ResourcePools
  private var members: [Seat: Member] = [:]
  /// Ascending by when they are due.
  private var waiting: [Seat] = []
  private var virtualTime: UInt64 = 0
  private var seatCount: UInt64 = 0
  private var askCount: UInt64 = 0

  /// - Parameter supplies: what the operator says of the pools; the others follow the claims.
  package init(supplies: [ResourceSupply] = []) { pools = ResourcePools(supplies: supplies) }

  package var isEmpty: Bool { members.isEmpty }
  package var waitingCount: Int { waiting.count }

  // MARK: Seats

  /// A new instance on that device.
  package mutating func join(_ policy: RateLimitPolicy, device: Int) throws(Refusal) -> Seat {
    var needs: [ResourcePools.Key: Int] = [:]
    for claim in policy.claims where claim.count > 0 {
      let key = ResourcePools.key(of: claim, device: device)
      let isMixed = needs.keys.contains { $0.name == key.name && $0 != key }
      if isMixed || pools.isClaimedOtherwise(key) { throw .mixedScope(resource: claim.name) }
      needs[key, default: 0] += claim.count
    }
    for (key, count) in needs.sorted(by: { $0.key.name < $1.key.name }) {
      if let supply = pools.supply(of: key), supply < count {
        throw .neverEnough(resource: key.name, claimed: count, count: supply)
      }
    }
    pools.note(needs)
    seatCount += 1
    let seat = Seat(number: seatCount)
    members[seat] = Member(needs: needs, priority: UInt64(max(1, policy.priority)))
    return seat
  }

  /// The instance is gone; answers who may run now. A turn that it had is over.
  package mutating func leave(_ seat: Seat) -> [Seat] {
    guard let member = members.removeValue(forKey: seat) else { return [] }
    switch member.stage {
    case .idle: break
    case .waiting: waiting.removeAll { $0 == seat }
    case .running: pools.giveBack(member.needs)
    }
    pools.forget(member.needs)
    return grant()
  }

  // MARK: Turns

  /// The seat has something to run; answers who may run now, itself perhaps among them.
  package mutating func ask(_ seat: Seat) -> [Seat] {
    guard var member = members[seat] else { return [] }
    guard case .idle = member.stage else {
      preconditionFailure("seat \(seat.number) asks for a turn while it is \(member.stage)")
    }
    askCount += 1
    let due = max(virtualTime, member.nextDue)
    member.stage = .waiting(due: due, count: askCount)
    members[seat] = member
    // Among equals the newest is last.
    let place = waiting.firstIndex { self.due($0) > due } ?? waiting.endIndex
    waiting.insert(seat, at: place)
    return grant()
  }

  /// The run is over; answers who may run now.
  package mutating func end(_ seat: Seat) -> [Seat] {
    giveBack(seat)
    return grant()
  }

  /// The run is over and the next one is there already; answers who may run now, itself perhaps among
  /// them. In one step, because between two nobody would compete with those that wait, and
  /// priorities would mean nothing.
  package mutating func endAndAsk(_ seat: Seat) -> [Seat] {
    giveBack(seat)
    return ask(seat)
  }

  private mutating func giveBack(_ seat: Seat) {
    guard let member = members[seat], case .running = member.stage else { return }
    pools.giveBack(member.needs)
    members[seat]?.stage = .idle
  }

  /// What the seat wanted to run is of no use any more. `nil` where it is not waiting; otherwise who
  /// may run now.
  package mutating func withdraw(_ seat: Seat) -> [Seat]? {
    guard let member = members[seat], case .waiting = member.stage else { return nil }
    members[seat]?.stage = .idle
    waiting.removeAll { $0 == seat }
    return grant()
  }

  private func due(_ seat: Seat) -> UInt64 {
    guard case .waiting(let due, _)? = members[seat]?.stage else {
      preconditionFailure("seat \(seat.number) is in line and does not wait")
    }
    return due
  }

  private mutating func grant() -> [Seat] {
    var granted: [Seat] = []
    var reserved: [ResourcePools.Key: Int] = [:]
    for seat in waiting {
      guard let needs = members[seat]?.needs else { continue }
      if needs.allSatisfy({ pools.free(of: $0.key) - (reserved[$0.key] ?? 0) >= $0.value }) {
        start(seat)
        granted.append(seat)
      } else {
        reserved.merge(needs) { $0 + $1 }
      }
    }
    if !granted.isEmpty { waiting.removeAll { granted.contains($0) } }
    return granted
  }

  private mutating func start(_ seat: Seat) {
    guard var member = members[seat] else { return }
    let due = due(seat)
    pools.take(member.needs)
    member.stage = .running
    member.nextDue = due + member.priority
    virtualTime = max(virtualTime, due)
    members[seat] = member
  }
}

extension RateLimiterState {
  /// Pools of which more is in use than there is, for tests: none, unless a pool shrank.
  package var overdrawn: [String] {
    pools.used.keys.filter { pools.free(of: $0) < 0 }.map(\.name).sorted()
  }

  /// What is in use of a pool, for tests and statistics.
  package func used(_ name: String, device: Int?) -> Int {
    pools.used[ResourcePools.Key(name: name, device: device)] ?? 0
  }
}
