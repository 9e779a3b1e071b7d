import Batching
import Inference
import Testing

/// A queue of sequences whose requests are named by their tickets' counts.
private struct SequenceHouse {
  var queue: BatchQueueState
  var now = Instant(nanoseconds: 1_000_000)
  var failed: [Int: QueueFailure] = [:]
  private(set) var running: [Int: Batch] = [:]
  private(set) var runs: [[Int]] = []

  init(
    _ strategy: SequencePolicy.Strategy = .direct(
      delayNanosecondsMax: 0, minimumSlotUtilization: 0), rows: Int = 2, instances: Int = 1,
    waitingMax: Int = 100
  ) {
    let policy = SequencePolicy(strategy: strategy, idleNanosecondsMax: 1_000_000)
    queue = BatchQueueState(
      limits: QueueLimits(waitingMax: waitingMax, runsMax: instances), isDeclaredCheap: true,
      sequences: SequenceState(policy: policy, rowsMax: rows, instanceCount: instances))
  }

  func ticket(_ number: Int) -> Ticket { Ticket(count: UInt64(number), place: number) }

  mutating func offer(
    _ number: Int, of sequence: UInt64, start: Bool = false, end: Bool = false,
    deadline: Instant = .distantFuture, caller: String = "a"
  ) {
    var request = QueuedRequest(
      ticket: ticket(number), caller: Caller(name: caller), deadline: deadline, rowCount: 1)
    request.key = BatchKey(number: 1)
    let mark = SequenceMark(id: .number(sequence), isStart: start, isEnd: end)
    follow(queue.offer(request, sequence: mark, mayRunInline: true, now: now))
  }

  mutating func cancel(_ number: Int) { follow(queue.cancel(ticket(number), now: now)) }
  mutating func drain() { follow(queue.beginDraining(now: now)) }

  /// Time passes, and the queue hears of it where it asked to.
  mutating func pass(microseconds: Int64) {
    now = now.advanced(by: .microseconds(microseconds))
    if let wake = queue.nextWake, wake <= now { follow(queue.timePassed(now: now)) }
  }

  /// The run of an instance ends well.
  mutating func end(on instance: Int = 0) {
    guard let batch = running.removeValue(forKey: instance) else { return }
    for share in batch.shares { _ = queue.shareEnded(share, hasFailed: false, now: now) }
    follow(queue.instanceBecameFree(instance, now: now))
  }

  mutating func endAll() {
    while let instance = running.keys.min() { end(on: instance) }
  }

  private mutating func follow(_ decision: QueueDecision) {
    for (ticket, reason) in decision.fail { failed[ticket.place] = reason }
    if let batch = decision.run {
      running[batch.instance] = batch
      runs.append(batch.tickets.map(\.place))
    }
    if decision.mayStartMore { follow(queue.timePassed(now: now)) }
  }

  func turn(_ number: Int) -> SequenceTurn? { queue.sequences?.turn(of: ticket(number)) }
}

private let oldest = SequencePolicy.Strategy.oldest(
  candidateSequencesMax: 3, preferredRowCounts: [], delayNanosecondsMax: 0,
  preservesOrdering: false)

@Suite struct SequenceStateTests {
  @Test(
    arguments: [
      SequencePolicy.Strategy.direct(delayNanosecondsMax: 0, minimumSlotUtilization: 0), oldest,
    ])
  func `requests of one sequence run one after the other`(strategy: SequencePolicy.Strategy) {
    var house = SequenceHouse(strategy, instances: 2)
    house.offer(1, of: 7, start: true)
    house.offer(2, of: 7)
    house.offer(3, of: 7, end: true)
    #expect(house.runs == [[1]])
    house.end()
    house.end()
    house.end()
    #expect(house.runs == [[1], [2], [3]])
    #expect(house.queue.sequences?.count == 0)
  }

  @Test func `sequences that are ready run together, one request of each`() {
    var house = SequenceHouse()
    house.offer(1, of: 7, start: true)
    house.offer(2, of: 8, start: true)
    house.offer(3, of: 7)
    house.offer(4, of: 8)
    house.endAll()
    #expect(house.runs == [[1], [2, 3], [4]] || house.runs == [[1], [3, 2], [4]])
  }

  @Test func `a direct sequence keeps its slot`() {
    var house = SequenceHouse(rows: 3)
    for (number, id) in [(1, 7), (2, 8), (3, 9)] {
      house.offer(number, of: UInt64(id), start: true)
    }
    house.endAll()
    house.offer(4, of: 9)
    #expect(house.turn(4)?.slot == 2)
    house.offer(5, of: 8)
    house.end()
    #expect(house.turn(5)?.slot == 1)
  }

  @Test func `a sequence stays on its instance`() {
    var house = SequenceHouse(rows: 1, instances: 2)
    house.offer(1, of: 7, start: true)
    house.offer(2, of: 8, start: true)
    #expect(Set(house.running.keys) == [0, 1])
    house.offer(3, of: 7)
    let instance = house.running.first { $0.value.tickets == [house.ticket(1)] }?.key ?? 0
    house.end(on: 1 - instance)
    #expect(house.runs.count == 2)
    house.end(on: instance)
    #expect(house.running[instance]?.tickets == [house.ticket(3)])
  }

  @Test func `the oldest requests are joined up to the largest run`() {
    var house = SequenceHouse(oldest, rows: 2)
    house.offer(1, of: 1, start: true)
    for number in 2...4 { house.offer(number, of: UInt64(number), start: true) }
    house.end()
    #expect(house.runs.last == [2, 3])
    house.end()
    #expect(house.runs.count == 2, "the fourth sequence has no place while three are under way")
    house.offer(5, of: 2, end: true)
    house.endAll()
    #expect(house.runs == [[1], [2, 3], [5], [4]])
  }

  @Test func `sequences wait for a place in their order and get one when another ends`() {
    var house = SequenceHouse(rows: 1)
    house.offer(1, of: 1, start: true)
    house.offer(2, of: 2, start: true)
    house.offer(3, of: 3, start: true, end: true)
    house.endAll()
    #expect(house.runs == [[1]])
    house.offer(4, of: 1, end: true)
    house.endAll()
    #expect(house.runs == [[1], [4], [2]])
    house.offer(5, of: 2, end: true)
    house.endAll()
    #expect(house.runs == [[1], [4], [2], [5], [3]])
  }

  @Test func `a request of an unknown sequence is refused`() {
    var house = SequenceHouse()
    house.offer(1, of: 7)
    #expect(house.failed == [1: .sequenceNotStarted(.number(7))])
    house.offer(2, of: 7, start: true, end: true)
    house.offer(3, of: 7)
    #expect(house.failed[3] == .sequenceNotStarted(.number(7)))
    house.endAll()
    house.offer(4, of: 7)
    #expect(house.failed[4] == .sequenceNotStarted(.number(7)))
  }

  @Test func `a start of a running sequence begins it anew in its place`() {
    var house = SequenceHouse()
    house.offer(1, of: 7, start: true)
    house.queue.keep([Tensor([Int32(5)], datatype: .int32, shape: [1])], of: house.ticket(1))
    house.end()
    house.offer(2, of: 7)
    #expect(house.turn(2)?.states.count == 1)
    house.offer(3, of: 7, start: true)
    house.end()
    #expect(house.turn(3)?.states.isEmpty == true)
    #expect(house.turn(3)?.isStart == true)
  }

  @Test func `a new sequence behind an end of the same name waits for its turn`() {
    var house = SequenceHouse(rows: 1)
    house.offer(1, of: 7, start: true, end: true)
    house.offer(2, of: 8, start: true, end: true)
    house.offer(3, of: 7, start: true, end: true)
    house.endAll()
    #expect(house.runs == [[1], [2], [3]])
    #expect(house.queue.sequences?.count == 0)
  }

  @Test func `an idle sequence is over and its place is free`() {
    var house = SequenceHouse(rows: 1)
    house.offer(1, of: 7, start: true)
    house.offer(2, of: 8, start: true, end: true)
    house.end()
    house.pass(microseconds: 999)
    #expect(house.runs == [[1]])
    house.pass(microseconds: 1)
    #expect(house.runs == [[1], [2]])
    house.offer(3, of: 7)
    #expect(house.failed[3] == .sequenceNotStarted(.number(7)))
  }

  @Test func `a sequence that is asked for is not idle`() {
    var house = SequenceHouse()
    house.offer(1, of: 7, start: true)
    house.pass(microseconds: 5_000)
    house.end()
    house.pass(microseconds: 900)
    house.offer(2, of: 7)
    house.end()
    house.pass(microseconds: 900)
    house.offer(3, of: 7)
    #expect(house.runs == [[1], [2], [3]])
    #expect(house.failed.isEmpty)
  }

  @Test func `a cancelled request leaves the order of the others`() {
    var house = SequenceHouse()
    house.offer(1, of: 7, start: true)
    for number in 2...4 { house.offer(number, of: 7) }
    house.cancel(3)
    house.endAll()
    #expect(house.runs == [[1], [2], [4]])
    #expect(house.failed == [3: .cancelled])
  }

  @Test func `a lost start takes with it what relied on it`() {
    var house = SequenceHouse(rows: 1)
    house.offer(1, of: 1, start: true)
    house.offer(2, of: 7, start: true)
    house.offer(3, of: 7, end: true)
    house.offer(4, of: 7, start: true)
    house.cancel(2)
    #expect(house.failed == [2: .cancelled, 3: .sequenceNotStarted(.number(7))])
    house.cancel(4)
    house.offer(5, of: 7)
    #expect(house.failed[5] == .sequenceNotStarted(.number(7)))
    #expect(house.queue.sequences?.count == 1)
  }

  @Test func `a lost end ends its sequence`() {
    var house = SequenceHouse(rows: 1)
    house.offer(1, of: 7, start: true)
    house.offer(2, of: 7, end: true)
    house.offer(3, of: 8, start: true)
    house.cancel(2)
    house.end()
    #expect(house.runs == [[1], [3]])
    house.offer(4, of: 7)
    #expect(house.failed[4] == .sequenceNotStarted(.number(7)))
  }

  @Test func `a cancelled sequence without a place lets go of its wait`() {
    var house = SequenceHouse(rows: 1)
    house.offer(1, of: 1, start: true)
    house.offer(2, of: 2, start: true)
    house.offer(3, of: 3, start: true)
    house.cancel(2)
    house.offer(4, of: 1, end: true)
    house.endAll()
    #expect(house.runs == [[1], [4], [3]])
  }

  @Test func `direct waits until enough slots are ready or the delay is over`() {
    var house = SequenceHouse(
      .direct(delayNanosecondsMax: 500_000, minimumSlotUtilization: 0.5), rows: 4)
    house.offer(1, of: 1, start: true)
    #expect(house.runs.isEmpty)
    house.offer(2, of: 2, start: true)
    #expect(house.runs == [[1, 2]])
    house.end()
    house.offer(3, of: 1)
    house.pass(microseconds: 499)
    #expect(house.runs.count == 1)
    house.pass(microseconds: 1)
    #expect(house.runs == [[1, 2], [3]])
  }

  @Test func `oldest waits for a preferred number or the delay`() {
    var house = SequenceHouse(
      .oldest(
        candidateSequencesMax: 8, preferredRowCounts: [3], delayNanosecondsMax: 500_000,
        preservesOrdering: false), rows: 4)
    house.offer(1, of: 1, start: true)
    house.offer(2, of: 2, start: true)
    #expect(house.runs.isEmpty)
    house.offer(3, of: 3, start: true)
    #expect(house.runs == [[1, 2, 3]])
  }

  @Test func `draining answers what waits and nothing else`() {
    var house = SequenceHouse(rows: 1)
    house.offer(1, of: 1, start: true)
    house.end()
    house.offer(2, of: 2, start: true)
    house.offer(3, of: 2)
    #expect(house.runs == [[1]])
    house.drain()
    #expect(house.runs == [[1], [2]])
    house.offer(4, of: 2)
    #expect(house.failed == [4: .draining])
    house.endAll()
    #expect(house.runs == [[1], [2], [3]])
    #expect(house.queue.sequences?.count == 0)
  }

  @Test func `giving up fails each request for its own reason`() {
    var house = SequenceHouse(rows: 1)
    house.offer(1, of: 1, start: true)
    house.offer(2, of: 2, start: true)
    house.offer(3, of: 2)
    let decision = house.queue.giveUp(reason: "gone")
    #expect(decision.fail.map(\.ticket.place).sorted() == [2, 3])
    #expect(decision.fail.allSatisfy { $0.reason == .givenUp(reason: "gone") })
  }
}
