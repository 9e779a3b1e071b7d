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
  private var random: SeededGenerator
  private var queue: BatchQueueState
  private let limits: QueueLimits
  private var now = Instant(nanoseconds: 1)
  private var offered = 0
  private var deadlines: [Ticket: Instant] = [:]
  private var ended: [Ticket: Int] = [:]
  private var busy: [Int: [Ticket]] = [:]
  private var inline: [Ticket] = []
  private(set) var violations: [String] = []

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    limits = QueueLimits(
      waitingMax: Int.random(in: 1...12, using: &random),
      runsMax: Int.random(in: 1...4, using: &random))
    queue = BatchQueueState(limits: limits, isDeclaredCheap: Bool.random(using: &random))
  }

  mutating func walk(steps: Int) {
    for _ in 0..<steps {
      now = now.advanced(by: .microseconds(Int64.random(in: 0...300, using: &random)))
      step()
      check()
    }
    drain()
    for ticket in deadlines.keys where ended[ticket] != 1 {
      violations.append("\(ticket) ended \(ended[ticket, default: 0]) times")
    }
  }

  private mutating func step() {
    switch Int.random(in: 0..<10, using: &random) {
    case 0..<5: offer()
    case 5..<8: endRun()
    case 8:
      follow(queue.cancel(Ticket(number: UInt64.random(in: 0...UInt64(offered), using: &random))))
    default: follow(queue.timePassed(now: now))
    }
  }

  private mutating func offer() {
    offered += 1
    let ticket = Ticket(number: UInt64(offered))
    let deadline =
      Bool.random(using: &random)
      ? Instant.distantFuture
      : now.advanced(by: .microseconds(Int64.random(in: 0...2_000, using: &random)))
    deadlines[ticket] = deadline
    let decision = queue.offer(
      QueuedRequest(
        ticket: ticket, caller: Caller(name: "c\(Int.random(in: 0..<3, using: &random))"),
        deadline: deadline, rowCount: Int.random(in: 1...5, using: &random)),
      mayRunInline: Bool.random(using: &random), now: now)
    if decision.runsInline { inline.append(ticket) }
    follow(decision)
  }

  private mutating func endRun() {
    if let ticket = inline.popLast() {
      ended[ticket, default: 0] += 1
      let cost = UInt64.random(in: 1_000...100_000, using: &random)
      follow(queue.inlineRunEnded(nanoseconds: cost, rowCount: 1))
    } else if let (instance, tickets) = busy.min(by: { $0.key < $1.key }) {
      busy[instance] = nil
      for ticket in tickets where queue.isWanted(ticket, on: instance) {
        ended[ticket, default: 0] += 1
      }
      follow(queue.instanceBecameFree(instance, now: now))
    }
  }

  private mutating func follow(_ decision: QueueDecision) {
    for failure in decision.fail {
      ended[failure.ticket, default: 0] += 1
      if failure.reason == .deadlinePassed, let deadline = deadlines[failure.ticket],
        deadline > now
      {
        violations.append("\(failure.ticket) failed before its deadline")
      }
    }
    guard let batch = decision.run else { return }
    if busy[batch.instance] != nil { violations.append("instance \(batch.instance) is busy") }
    busy[batch.instance] = batch.tickets
    for ticket in batch.tickets where deadlines[ticket].map({ $0 <= now }) ?? true {
      violations.append("\(ticket) runs after its deadline")
    }
  }

  private mutating func check() {
    if queue.waitingCount > limits.waitingMax { violations.append("too many wait") }
    if queue.waitingCount > 0, busy.count < limits.runsMax {
      violations.append("a request waits beside a free instance")
    }
    for (ticket, count) in ended where count > 1 { violations.append("\(ticket) ended \(count)x") }
  }

  private mutating func drain() {
    var decision = queue.beginDraining()
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
  @Test(arguments: 0..<200 as Range<UInt64>)
  func `every request ends exactly once and none runs late`(seed: UInt64) {
    var walk = QueueWalk(seed: seed)
    walk.walk(steps: 400)
    #expect(walk.violations.isEmpty, "seed \(seed)")
  }
}
