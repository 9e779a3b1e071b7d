import Batching
import Inference
import Testing

/// A small seeded generator, so that a failing walk can be walked again.
struct SeededGenerator: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  /// SplitMix64.
  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}

/// Plays events at random against the queue and keeps its own, naive book of what must be so.
struct QueueWalk {
  private struct Known {
    let deadline: Instant
    let rowCount: Int
    let key: BatchKey?
    var rowsRun: [Int] = []
    var ends = 0
    var level = 1
  }

  private var random: SeededGenerator
  private var queue: BatchQueueState
  private let limits: QueueLimits
  private let policy: BatchingPolicy
  private var now = Instant(nanoseconds: 1)
  private var offered = 0
  private var known: [Ticket: Known] = [:]
  private var busy: [Int: Batch] = [:]
  private var inline: [Ticket] = []
  private var startedInOrder: [Ticket] = []
  private(set) var violations: [String] = []

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    limits = QueueLimits(
      waitingMax: Int.random(in: 1...12, using: &random),
      runsMax: Int.random(in: 1...4, using: &random))
    policy = Self.randomPolicy(&random)
    queue = BatchQueueState(
      limits: limits, policy: policy, isDeclaredCheap: Bool.random(using: &random))
  }

  private static func randomPolicy(_ random: inout SeededGenerator) -> BatchingPolicy {
    var policy = BatchingPolicy()
    guard Int.random(in: 0..<4, using: &random) > 0 else { return policy }
    policy.mode = Bool.random(using: &random) ? .fixed : .off
    policy.rowsMax = Int.random(in: 1...6, using: &random)
    policy.delayNanosecondsMax = [0, 0, 200_000, 1_000_000].randomElement(using: &random) ?? 0
    if Bool.random(using: &random) { policy.preferredRowCounts = [2, 4] }
    policy.preservesOrdering = Int.random(in: 0..<3, using: &random) == 0
    if !policy.preservesOrdering {
      policy.priorityLevelCount = Int.random(in: 0...3, using: &random)
    }
    policy.defaultQueue = QueuePolicy(
      timeoutAction: Bool.random(using: &random) ? .reject : .delay,
      timeoutNanoseconds: [0, 500_000].randomElement(using: &random) ?? 0,
      allowsTimeoutOverride: Bool.random(using: &random))
    return policy
  }

  mutating func walk(steps: Int) {
    for _ in 0..<steps {
      now = now.advanced(by: .microseconds(Int64.random(in: 0...300, using: &random)))
      step()
      check()
    }
    drain()
    for (ticket, request) in known {
      if request.ends != 1 { violations.append("\(ticket) ended \(request.ends) times") }
    }
  }

  private mutating func step() {
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<5: offer()
    case 5..<8: endRun()
    case 8: cancel()
    default: follow(queue.timePassed(now: now))
    }
  }

  private mutating func cancel() {
    guard let ticket = known.keys.sorted().suffix(20).randomElement(using: &random) else { return }
    follow(queue.cancel(ticket, now: now))
  }

  private mutating func offer() {
    offered += 1
    let ticket = Ticket(count: UInt64(offered), place: offered)
    let deadline =
      Bool.random(using: &random)
      ? Instant.distantFuture
      : now.advanced(by: .microseconds(Int64.random(in: 0...2_000, using: &random)))
    var request = QueuedRequest(
      ticket: ticket, caller: Caller(name: "c\(Int.random(in: 0..<3, using: &random))"),
      deadline: deadline, rowCount: Int.random(in: 1...9, using: &random))
    let hasKey =
      policy.rowsMax > 0 && (request.rowCount > policy.rowsMax || Bool.random(using: &random))
    request.key = hasKey ? BatchKey(number: UInt64.random(in: 0..<2, using: &random)) : nil
    request.priority = Int.random(in: 0...4, using: &random)
    request.timeoutNanoseconds = Bool.random(using: &random) ? 0 : 300_000
    known[ticket] = Known(
      deadline: deadline, rowCount: request.rowCount, key: request.key,
      level: policy.level(ofPriority: request.priority))
    let decision = queue.offer(
      request, mayRunInline: Bool.random(using: &random), now: now)
    if decision.runsInline { inline.append(ticket) }
    follow(decision)
  }

  private mutating func endRun() {
    if let ticket = inline.popLast() {
      known[ticket]?.ends += 1
      let cost = UInt64.random(in: 1_000...100_000, using: &random)
      follow(queue.inlineRunEnded(nanoseconds: cost, rowCount: 1))
      return
    }
    guard let (instance, batch) = busy.min(by: { $0.key < $1.key }) else { return }
    busy[instance] = nil
    let isAbandoned = Int.random(in: 0..<20, using: &random) == 0
    if isAbandoned {
      for ticket in queue.abandon(instance) { known[ticket]?.ends += 1 }
    } else {
      for share in batch.shares { end(share) }
    }
    follow(queue.instanceBecameFree(instance, now: now))
  }

  private mutating func end(_ share: BatchShare) {
    let hasFailed = Int.random(in: 0..<10, using: &random) == 0
    switch queue.shareEnded(share, hasFailed: hasFailed, now: .never) {
    case .unwanted, .partial: break
    case .last:
      known[share.ticket]?.ends += 1
      if !hasFailed, let request = known[share.ticket],
        request.rowsRun.sorted() != Array(0..<request.rowCount)
      {
        violations.append("\(share.ticket) ended with rows \(request.rowsRun)")
      }
    }
  }

  private mutating func follow(_ decision: QueueDecision) {
    for failure in decision.fail {
      known[failure.ticket]?.ends += 1
      if failure.reason == .deadlinePassed, let deadline = known[failure.ticket]?.deadline,
        deadline > now
      {
        violations.append("\(failure.ticket) failed before its deadline")
      }
    }
    if let batch = decision.run { start(batch) }
    if decision.mayStartMore { follow(queue.timePassed(now: now)) }
  }

  private mutating func start(_ batch: Batch) {
    if busy[batch.instance] != nil { violations.append("instance \(batch.instance) is busy") }
    busy[batch.instance] = batch
    let keys = Set(batch.tickets.map { known[$0]?.key })
    if batch.shares.count > 1, keys.count > 1 || keys.contains(nil) || policy.mode == .off {
      violations.append("a batch joins what does not belong together")
    }
    if policy.rowsMax > 0, batch.rowCount > policy.rowsMax, keys != [nil] {
      violations.append("a batch has \(batch.rowCount) rows")
    }
    for share in batch.shares {
      guard let request = known[share.ticket] else { continue }
      if request.ends > 0 { violations.append("\(share.ticket) runs after its end") }
      if request.deadline <= now { violations.append("\(share.ticket) runs late") }
      known[share.ticket]?.rowsRun += Array(share.rows)
      if policy.preservesOrdering, policy.defaultQueue.timeoutAction == .reject,
        let last = startedInOrder.last, share.ticket < last
      {
        violations.append("\(share.ticket) overtook")
      }
      startedInOrder.append(share.ticket)
    }
  }

  private mutating func check() {
    if queue.waitingCount > limits.waitingMax { violations.append("too many wait") }
    if queue.waitingCount > 0, busy.count < limits.runsMax, (queue.nextWake ?? .distantFuture) > now
    {
      // Only a delay is a reason to wait beside a free instance, and then there is an end to it.
      if policy.delayNanosecondsMax == 0 || policy.mode == .off || queue.nextWake == nil {
        violations.append("a request waits beside a free instance")
      }
    }
    for (ticket, request) in known where request.ends > 1 {
      violations.append("\(ticket) ended \(request.ends) times")
    }
  }

  private mutating func drain() {
    var decision = queue.beginDraining(now: now)
    follow(decision)
    while !busy.isEmpty || !inline.isEmpty {
      if decision.isDrained { violations.append("drained while something runs") }
      endRun()
      decision = queue.timePassed(now: now)
      follow(decision)
    }
    if !queue.timePassed(now: now).isDrained { violations.append("never drained") }
  }
}

@Suite struct QueueSimulationTests {
  @Test(arguments: 0..<300 as Range<UInt64>)
  func `rows in are rows out, each request ends once, none runs late or in wrong company`(
    seed: UInt64
  ) {
    var walk = QueueWalk(seed: seed)
    walk.walk(steps: 400)
    #expect(walk.violations.isEmpty, "seed \(seed)")
  }
}
