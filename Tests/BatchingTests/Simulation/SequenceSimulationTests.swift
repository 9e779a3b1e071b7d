import Batching
import Inference
import Testing

/// Plays sequences at random against the queue and keeps its own, naive book of what must be so.
private struct SequenceWalk {
  private struct Known {
    let id: UInt64
    let isStart: Bool
    var runs = 0
    var ends = 0
  }

  private var random: SeededGenerator
  private var queue: BatchQueueState
  private let policy: SequencePolicy
  private let rowsMax: Int
  private let instances: Int
  private var now = Instant(nanoseconds: 1)
  private var known: [Int: Known] = [:]
  private var busy: [Int: Batch] = [:]
  /// Number of the last request that ran, by sequence.
  private var lastRun: [UInt64: Int] = [:]
  /// What the last request of a sequence left behind; the number of the request.
  private var kept: [UInt64: Int] = [:]
  private(set) var violations: [String] = []
  private(set) var runCount = 0

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    rowsMax = Int.random(in: 1...4, using: &random)
    instances = Int.random(in: 1...3, using: &random)
    let delay: UInt64 = Bool.random(using: &random) ? 0 : 200_000
    let strategy: SequencePolicy.Strategy =
      Bool.random(using: &random)
      ? .direct(delayNanosecondsMax: delay, minimumSlotUtilization: 0.5)
      : .oldest(
        candidateSequencesMax: Int.random(in: 0...4, using: &random), preferredRowCounts: [2],
        delayNanosecondsMax: delay, preservesOrdering: false)
    policy = SequencePolicy(strategy: strategy, idleNanosecondsMax: 2_000_000)
    queue = BatchQueueState(
      limits: QueueLimits(
        waitingMax: Int.random(in: 2...20, using: &random), runsMax: instances),
      isDeclaredCheap: true,
      sequences: SequenceState(policy: policy, rowsMax: rowsMax, instanceCount: instances))
  }

  mutating func walk(steps: Int) {
    for _ in 0..<steps {
      now = now.advanced(by: .microseconds(Int64.random(in: 0...300, using: &random)))
      switch Int.random(in: 0..<10, using: &random) {
      case 0..<5: offer()
      case 5..<8: endRun()
      case 8: cancel()
      default: follow(queue.timePassed(now: now))
      }
    }
    follow(queue.beginDraining(now: now))
    while !busy.isEmpty { endRun() }
    for (number, request) in known where request.ends != 1 {
      violations.append("\(number) ended \(request.ends) times")
    }
    if queue.sequences?.count != 0 { violations.append("sequences are left") }
    if queue.waitingCount != 0 { violations.append("requests are left") }
  }

  private mutating func offer() {
    let number = known.count + 1
    let id = UInt64.random(in: 1...6, using: &random)
    let mark = SequenceMark(
      id: .number(id), isStart: Int.random(in: 0..<3, using: &random) == 0,
      isEnd: Int.random(in: 0..<4, using: &random) == 0)
    let isUrgent = Int.random(in: 0..<4, using: &random) == 0
    var request = QueuedRequest(
      ticket: Ticket(count: UInt64(number), place: number),
      caller: Caller(name: "c\(Int.random(in: 0..<3, using: &random))"),
      deadline: isUrgent ? now.advanced(by: .microseconds(800)) : .distantFuture, rowCount: 1)
    request.key =
      Int.random(in: 0..<5, using: &random) == 0
      ? nil : BatchKey(number: UInt64.random(in: 0..<2, using: &random))
    known[number] = Known(id: id, isStart: mark.isStart)
    follow(queue.offer(request, sequence: mark, mayRunInline: true, now: now))
  }

  private mutating func cancel() {
    guard !known.isEmpty else { return }
    let number = max(1, known.count - Int.random(in: 0..<10, using: &random))
    follow(queue.cancel(Ticket(count: UInt64(number), place: number), now: now))
  }

  private mutating func endRun() {
    guard let (instance, batch) = busy.randomElement(using: &random) else { return }
    busy[instance] = nil
    for share in batch.shares {
      let number = share.ticket.place
      let hasFailed = Int.random(in: 0..<10, using: &random) == 0
      if !hasFailed {
        queue.keep(
          [Tensor([Int32(number)], datatype: .int32, shape: [1])], of: share.ticket)
        kept[known[number]?.id ?? 0] = number
      }
      if queue.shareEnded(share, hasFailed: hasFailed, now: now) == .last {
        known[number]?.ends += 1
      }
    }
    follow(queue.instanceBecameFree(instance, now: now))
  }

  private mutating func follow(_ decision: QueueDecision) {
    if decision.runsInline { violations.append("a sequence runs inline") }
    for (ticket, _) in decision.fail { known[ticket.place]?.ends += 1 }
    if let batch = decision.run { take(batch) }
    if decision.mayStartMore { follow(queue.timePassed(now: now)) }
  }

  private mutating func take(_ batch: Batch) {
    runCount += 1
    if busy[batch.instance] != nil { violations.append("two runs on \(batch.instance)") }
    let underWay = busy.values.flatMap(\.tickets).compactMap { known[$0.place]?.id }
    var ids = Set(underWay)
    busy[batch.instance] = batch
    if batch.shares.count > rowsMax { violations.append("a run of \(batch.shares.count)") }
    var slots: Set<Int> = []
    for ticket in batch.tickets {
      guard let request = known[ticket.place], let turn = queue.sequences?.turn(of: ticket) else {
        violations.append("\(ticket.place) runs without a turn")
        continue
      }
      if !ids.insert(request.id).inserted {
        violations.append("two requests of \(request.id) run at once")
      }
      if request.ends > 0 { violations.append("\(ticket.place) runs after its end") }
      if !slots.insert(turn.slot).inserted { violations.append("two in slot \(turn.slot)") }
      if turn.slot >= policy.slotsMax(rowsMax: rowsMax) { violations.append("slot \(turn.slot)") }
      check(ticket.place, request, turn)
    }
  }

  private mutating func check(_ number: Int, _ request: Known, _ turn: SequenceTurn) {
    if turn.id != .number(request.id) { violations.append("\(number) runs as \(turn.id)") }
    if number < lastRun[request.id] ?? 0 { violations.append("\(number) was overtaken") }
    lastRun[request.id] = number
    known[number]?.runs += 1
    if known[number]?.runs != 1 { violations.append("\(number) runs twice") }
    if request.isStart { kept[request.id] = nil }
    let expected = kept[request.id].map { Int32($0) }
    if turn.states.first?.elements(as: Int32.self).first != expected {
      violations.append("\(number) has the state of another")
    }
  }
}

@Suite struct SequenceSimulationTests {
  @Test(arguments: 1...120 as ClosedRange<UInt64>)
  func `order, places and states hold in a random walk`(seed: UInt64) {
    var walk = SequenceWalk(seed: seed)
    walk.walk(steps: 300)
    #expect(walk.violations.isEmpty, "seed \(seed)")
    #expect(walk.runCount > 0)
  }
}
