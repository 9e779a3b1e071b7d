import Batching
import Inference
import Testing

/// Plays requests that run again and again against the queue, and keeps its own, naive book.
private struct IterationWalk {
  private struct Known {
    /// Runs that the model will want.
    let wanted: Int
    /// Numbers of the parts that came out, in order.
    var parts: [Int32] = []
    var ends = 0
    var failure: QueueFailure?
    /// Runs of other requests on its instance since it could have run.
    var passedOver = 0
  }

  private var random: SeededGenerator
  private var queue: BatchQueueState
  private static let waitingMax = 8
  private let rowsMax: Int
  private let slotsMax: Int
  private var now = Instant(nanoseconds: 1)
  private var known: [Int: Known] = [:]
  private var busy: [Int: Batch] = [:]
  private(set) var violations: [String] = []
  /// Runs that a newcomer shared with a request that had run before.
  private(set) var joinedCount = 0
  private(set) var finishedCount = 0

  init(seed: UInt64) {
    random = SeededGenerator(seed: seed)
    rowsMax = Int.random(in: 1...4, using: &random)
    let strategy: SequencePolicy.Strategy =
      Bool.random(using: &random)
      ? .direct(delayNanosecondsMax: 0, minimumSlotUtilization: 0)
      : .oldest(
        candidateSequencesMax: 8, preferredRowCounts: [], delayNanosecondsMax: 0,
        preservesOrdering: false)
    var policy = SequencePolicy(strategy: strategy, idleNanosecondsMax: 1_000)
    policy.isIterative = true
    slotsMax = policy.slotsMax(rowsMax: rowsMax)
    let instances = Int.random(in: 1...2, using: &random)
    queue = BatchQueueState(
      limits: QueueLimits(waitingMax: Self.waitingMax, runsMax: instances), isDeclaredCheap: true,
      sequences: SequenceState(policy: policy, rowsMax: rowsMax, instanceCount: instances))
  }

  mutating func walk(steps: Int) {
    for _ in 0..<steps {
      now = now.advanced(by: .microseconds(Int64.random(in: 0...300, using: &random)))
      switch Int.random(in: 0..<12, using: &random) {
      case 0..<3: offer()
      case 3..<10: endRun()
      case 10: cancel()
      default: follow(queue.timePassed(now: now))
      }
    }
    follow(queue.beginDraining(now: now))
    while !busy.isEmpty { endRun() }
    for (number, request) in known { check(number, request) }
    if queue.sequences?.count != 0 || queue.waitingCount != 0 { violations.append("some are left") }
  }

  private mutating func check(_ number: Int, _ request: Known) {
    if request.ends != 1 { violations.append("\(number) ended \(request.ends) times") }
    let wanted = (0..<request.wanted).map { Int32($0) }
    let isWhole = request.parts == wanted
    if request.failure == nil, !isWhole { violations.append("\(number) got \(request.parts)") }
    if !wanted.starts(with: request.parts) { violations.append("\(number) is out of order") }
    if request.failure == nil { finishedCount += 1 }
    // Those before it in line are the others of its instance, and who waits for a place there.
    if request.passedOver > slotsMax + Self.waitingMax {
      violations.append("\(number) was starved")
    }
  }

  private mutating func offer() {
    let number = known.count + 1
    let isUrgent = Int.random(in: 0..<6, using: &random) == 0
    var request = QueuedRequest(
      ticket: Ticket(count: UInt64(number), place: number),
      caller: Caller(name: "c\(Int.random(in: 0..<3, using: &random))"),
      deadline: isUrgent ? now.advanced(by: .microseconds(900)) : .distantFuture, rowCount: 1)
    request.key = BatchKey(number: 1)
    known[number] = Known(wanted: Int.random(in: 1...6, using: &random))
    follow(queue.offer(request, mayRunInline: true, now: now))
  }

  private mutating func cancel() {
    guard !known.isEmpty else { return }
    let number = Int.random(in: 1...known.count, using: &random)
    follow(queue.cancel(Ticket(count: UInt64(number), place: number), now: now))
  }

  private mutating func endRun() {
    guard let (instance, batch) = busy.randomElement(using: &random) else { return }
    busy[instance] = nil
    for ticket in batch.tickets where queue.isWanted(ticket) {
      let step = Int32(known[ticket.place]?.parts.count ?? 0)
      known[ticket.place]?.parts.append(step)
      settle(ticket, step: Int(step) + 1)
    }
    follow(queue.instanceBecameFree(instance, now: now))
  }

  private mutating func settle(_ ticket: Ticket, step: Int) {
    if step < known[ticket.place]?.wanted ?? 0 {
      let state = Tensor([Int32(step)], datatype: .int32, shape: [1])
      queue.keep([state], of: ticket)
      if !queue.runsAgain(ticket) { violations.append("\(ticket.place) may not run again") }
    } else if queue.shareEnded(BatchShare(ticket: ticket, rows: 0..<1), hasFailed: false, now: now)
      == .last
    {
      known[ticket.place]?.ends += 1
    }
  }

  private mutating func follow(_ decision: QueueDecision) {
    if decision.runsInline { violations.append("it runs inline") }
    for (ticket, reason) in decision.fail {
      known[ticket.place]?.ends += 1
      known[ticket.place]?.failure = reason
      let hasRun = known[ticket.place]?.parts.isEmpty == false
      if hasRun, case .full = reason { violations.append("\(ticket.place) lost its place") }
    }
    if let batch = decision.run { take(batch) }
    if decision.mayStartMore { follow(queue.timePassed(now: now)) }
  }

  private mutating func take(_ batch: Batch) {
    if busy.values.contains(where: { !Set($0.tickets).isDisjoint(with: batch.tickets) }) {
      violations.append("a request runs twice at once")
    }
    busy[batch.instance] = batch
    if batch.shares.count > rowsMax { violations.append("a run of \(batch.shares.count)") }
    let steps = batch.tickets.map { known[$0.place]?.parts.count ?? 0 }
    if steps.contains(0), steps.contains(where: { $0 > 0 }) { joinedCount += 1 }
    for ticket in batch.tickets { check(ticket, queue.sequences?.turn(of: ticket)) }
    note(batch)
  }

  private mutating func check(_ ticket: Ticket, _ turn: SequenceTurn?) {
    guard let request = known[ticket.place], let turn else {
      return violations.append("\(ticket.place) runs without a turn")
    }
    let step = request.parts.count
    if request.ends > 0 { violations.append("\(ticket.place) runs after its end") }
    if turn.isStart != (step == 0) || turn.isEnd { violations.append("\(ticket.place): start") }
    let carried = turn.states.first?.elements(as: Int32.self).first
    if carried != (step == 0 ? nil : Int32(step)) {
      violations.append("\(ticket.place) is given the state of another")
    }
  }

  /// Who has run before, has a place there and was not taken was passed over.
  private mutating func note(_ batch: Batch) {
    let taken = Set(batch.tickets.map(\.place))
    let under = Set(busy.values.flatMap(\.tickets).map(\.place))
    for (number, request) in known where request.ends == 0 && !request.parts.isEmpty {
      if taken.contains(number) {
        known[number]?.passedOver = 0
      } else if !under.contains(number), request.passedOver <= slotsMax + Self.waitingMax {
        known[number]?.passedOver += batch.instance == instances[number] ? 1 : 0
      }
    }
    for number in taken { instances[number] = batch.instance }
  }

  /// Where each request has its place.
  private var instances: [Int: Int] = [:]
}

@Suite struct IterationSimulationTests {
  @Test(arguments: 1...120 as ClosedRange<UInt64>)
  func `each request runs until it is finished, beside whoever is there`(seed: UInt64) {
    var walk = IterationWalk(seed: seed)
    walk.walk(steps: 400)
    #expect(walk.violations.isEmpty, "seed \(seed)")
    #expect(walk.finishedCount > 0)
  }

  @Test func `newcomers join requests that have run before`() {
    var joined = 0
    for seed in 1...40 as ClosedRange<UInt64> {
      var walk = IterationWalk(seed: seed)
      walk.walk(steps: 300)
      joined += walk.joinedCount
    }
    #expect(joined > 100)
  }
}
