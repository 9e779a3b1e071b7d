import Batching
import Inference
import Testing

/// A queue with one instance that is busy with request 1, so that what is offered waits.
private struct Bench {
  var queue: BatchQueueState
  var running: Batch?
  private var number: UInt64 = 0

  init(
    isBusy: Bool = true, instances: Int = 1, waitingMax: Int = 100,
    _ change: (inout BatchingPolicy) -> Void
  ) {
    var policy = BatchingPolicy(mode: .fixed, rowsMax: 8)
    change(&policy)
    queue = BatchQueueState(
      limits: QueueLimits(waitingMax: waitingMax, runsMax: instances), policy: policy,
      isDeclaredCheap: false)
    if isBusy {
      // Rows enough for no delay to be worth it.
      running = offer(rows: 8, key: 0).run
    }
  }

  mutating func offer(
    rows: Int = 1, key: UInt64? = 7, caller: String = "a", priority: Int = 0,
    timeout: Int = 0, at milliseconds: Int = 0
  ) -> QueueDecision {
    number += 1
    var request = QueuedRequest(
      ticket: Ticket(number: number), caller: Caller(name: caller), deadline: .distantFuture,
      rowCount: rows)
    request.key = key.map { BatchKey(number: $0) }
    request.priority = priority
    request.timeoutNanoseconds = UInt64(timeout) * 1_000_000
    return queue.offer(request, mayRunInline: false, now: time(milliseconds))
  }

  /// The next batch's tickets, once the one that runs has ended.
  mutating func next(at milliseconds: Int = 0) -> [UInt64]? {
    guard let batch = running else { return nil }
    running = queue.end(batch, now: time(milliseconds)).run
    return running.map { $0.tickets.map(\.number) }
  }
}

private func time(_ milliseconds: Int) -> Instant {
  Instant(nanoseconds: 1_000_000_000 + UInt64(milliseconds) * 1_000_000)
}

private let milliseconds: UInt64 = 1_000_000

/// What the documents of Triton's dynamic batcher say, one by one.
@Suite struct BatchingRulesTests {
  @Test func `what waits is joined up to the largest batch, counted in rows`() {
    var bench = Bench { _ in }
    for rows in [3, 3, 2, 1] { _ = bench.offer(rows: rows) }
    #expect(bench.next() == [2, 3, 4])
    #expect(bench.next() == [5])
  }

  @Test func `a request that does not fit in whole waits for the next batch`() {
    var bench = Bench { _ in }
    for rows in [5, 4, 1] { _ = bench.offer(rows: rows) }
    #expect(bench.next() == [2])
    #expect(bench.next() == [3, 4])
  }

  @Test func `without batching each request runs alone`() {
    var bench = Bench { $0.mode = .off }
    for _ in 0..<2 { _ = bench.offer() }
    #expect(bench.next() == [2])
    #expect(bench.next() == [3])
  }

  @Test func `the largest preferred batch that can be formed leaves at once`() {
    var bench = Bench {
      $0.preferredRowCounts = [2, 4]
      $0.delayNanosecondsMax = 10 * milliseconds
    }
    for _ in 0..<5 { _ = bench.offer() }
    #expect(bench.next() == [2, 3, 4, 5])
  }

  @Test func `a batch that is not preferred waits for the delay and not a moment longer`() {
    var bench = Bench(isBusy: false) {
      $0.preferredRowCounts = [4]
      $0.delayNanosecondsMax = 10 * milliseconds
    }
    #expect(bench.offer(at: 0).run == nil)
    #expect(bench.offer(at: 6).run == nil)
    #expect(bench.queue.nextWake == time(10))
    #expect(bench.queue.timePassed(now: time(9)).run == nil)
    #expect(bench.queue.timePassed(now: time(10)).run?.tickets.map(\.number) == [1, 2])
  }

  @Test func `the row that makes the batch preferred starts it`() {
    var bench = Bench(isBusy: false) {
      $0.preferredRowCounts = [4]
      $0.delayNanosecondsMax = 10 * milliseconds
    }
    for _ in 0..<3 { #expect(bench.offer().run == nil) }
    #expect(bench.offer().run?.rowCount == 4)
    #expect(bench.queue.nextWake == nil)
  }

  @Test func `without preferred numbers only the largest batch leaves before the delay is over`() {
    var bench = Bench(isBusy: false) { $0.delayNanosecondsMax = 10 * milliseconds }
    #expect(bench.offer(rows: 7).run == nil)
    #expect(bench.offer(rows: 1).run?.rowCount == 8)
  }

  @Test func `a delay that is over takes all that waits and not only the preferred part`() {
    var bench = Bench {
      $0.preferredRowCounts = [4]
      $0.delayNanosecondsMax = 10 * milliseconds
    }
    for _ in 0..<6 { _ = bench.offer() }
    #expect(bench.next(at: 11) == [2, 3, 4, 5, 6, 7])
  }

  @Test func `without a delay the preferred part leaves first, and the rest right after it`() {
    var bench = Bench { $0.preferredRowCounts = [4] }
    for _ in 0..<7 { _ = bench.offer() }
    #expect(bench.next() == [2, 3, 4, 5])
    #expect(bench.next() == [6, 7, 8])
  }

  @Test func `a delay below a microsecond is kept to the nanosecond`() {
    var bench = Bench(isBusy: false) { $0.delayNanosecondsMax = 300 }
    _ = bench.offer()
    #expect(bench.queue.nextWake?.nanoseconds == time(0).nanoseconds + 300)
  }

  @Test func `draining waits for nobody`() {
    var bench = Bench(isBusy: false) { $0.delayNanosecondsMax = 10 * milliseconds }
    _ = bench.offer()
    #expect(bench.queue.beginDraining(now: time(1)).run?.rowCount == 1)
  }

  @Test func `requests of different forms never share a run`() {
    var bench = Bench { _ in }
    for key in [1, 2, 1, 2] as [UInt64] { _ = bench.offer(key: key) }
    #expect(bench.next() == [2, 4])
    #expect(bench.next() == [3, 5])
  }

  @Test func `a full batch behind one that waits does not wait with it`() {
    var bench = Bench(isBusy: false, instances: 2) { $0.delayNanosecondsMax = 10 * milliseconds }
    #expect(bench.offer(rows: 1, key: 1).run == nil)
    #expect(bench.offer(rows: 8, key: 2).run?.tickets.map(\.number) == [2])
  }

  @Test func `a request without a key runs alone`() {
    var bench = Bench { _ in }
    for key in [7, nil, 7] as [UInt64?] { _ = bench.offer(key: key) }
    #expect(bench.next() == [2, 4])
    #expect(bench.next() == [3])
  }

  @Test func `where order counts nothing overtakes`() {
    var bench = Bench { $0.preservesOrdering = true }
    for key in [1, 2, 1] as [UInt64] { _ = bench.offer(key: key) }
    #expect(bench.next() == [2])
    #expect(bench.next() == [3])
    #expect(bench.next() == [4])
  }

  // MARK: Larger than a batch

  @Test func `a request larger than a batch is spread over runs and each row runs once`() {
    var bench = Bench { _ in }
    _ = bench.offer(rows: 20)
    _ = bench.offer(rows: 3)
    var rows: [Range<Int>] = []
    while bench.next() != nil {
      rows += bench.running?.shares.filter { $0.ticket.number == 2 }.map(\.rows) ?? []
    }
    #expect(rows == [0..<8, 8..<16, 16..<20])
  }

  @Test func `two idle instances share a large request at once`() {
    var bench = Bench(isBusy: false, instances: 2) { _ in }
    let first = bench.offer(rows: 12)
    #expect(first.run?.rowCount == 8)
    #expect(first.mayStartMore)
    #expect(bench.queue.timePassed(now: time(0)).run?.rowCount == 4)
  }

  @Test func `a spread request ends with its last row, or with its first failure`() {
    var bench = Bench(isBusy: false, instances: 2) { _ in }
    let runs = [bench.offer(rows: 12).run, bench.queue.timePassed(now: time(0)).run]
    let shares = runs.compactMap { $0?.shares.first }
    #expect(bench.queue.shareEnded(shares[1], hasFailed: false, now: .never) == .partial)
    #expect(bench.queue.shareEnded(shares[0], hasFailed: false, now: .never) == .last)
    let failing = bench.offer(rows: 12)
    #expect(failing.run == nil, "both instances are still busy")
    let again = bench.queue.instanceBecameFree(0, now: time(0)).run
    #expect(
      again.map { bench.queue.shareEnded($0.shares.first, hasFailed: true, now: .never) } == .last)
    #expect(bench.queue.waitingCount == 0)
  }

  // MARK: Priorities and queue policies

  private static func levels(_ policy: inout BatchingPolicy) {
    policy.priorityLevelCount = 2
    policy.defaultPriorityLevel = 2
  }

  @Test func `a more urgent level starts first and the default level is for the others`() {
    var bench = Bench {
      $0.mode = .off
      Self.levels(&$0)
    }
    for priority in [0, 2, 1, 99] { _ = bench.offer(priority: priority) }
    var order: [UInt64] = []
    while let next = bench.next() { order += next }
    #expect(order == [4, 2, 3, 5])
  }

  @Test func `less urgent requests fill what the urgent ones leave of a batch`() {
    var bench = Bench { Self.levels(&$0) }
    for priority in [2, 1] { _ = bench.offer(rows: 3, priority: priority) }
    #expect(bench.next() == [3, 2])
  }

  @Test func `a level has a size of its own`() {
    var bench = Bench {
      Self.levels(&$0)
      $0.queues[1] = QueuePolicy(waitingMax: 1)
    }
    #expect(bench.offer(priority: 1).fail.isEmpty)
    #expect(bench.offer(priority: 1).fail.map(\.reason) == [.full(limit: 1)])
    #expect(bench.offer(priority: 2).fail.isEmpty)
  }

  @Test func `REJECT fails what waited too long`() {
    var bench = Bench {
      $0.defaultQueue = QueuePolicy(timeoutNanoseconds: 5 * milliseconds)
    }
    _ = bench.offer()
    #expect(bench.queue.nextWake == time(5))
    #expect(bench.queue.timePassed(now: time(4)).fail.isEmpty)
    let reasons = bench.queue.timePassed(now: time(5)).fail.map(\.reason)
    #expect(reasons == [.waitedTooLong(nanoseconds: 5 * milliseconds)])
    #expect(bench.next() == nil)
  }

  @Test func `DELAY lets what waited too long run when nothing else of its level waits`() {
    var bench = Bench {
      $0.mode = .off
      Self.levels(&$0)
      $0.defaultQueue = QueuePolicy(
        timeoutAction: .delay, timeoutNanoseconds: 5 * milliseconds)
    }
    _ = bench.offer(priority: 1, at: 0)
    _ = bench.offer(priority: 1, at: 4)
    _ = bench.offer(priority: 2, at: 4)
    #expect(bench.queue.timePassed(now: time(6)).fail.isEmpty)
    #expect(bench.next(at: 6) == [3])
    #expect(bench.next(at: 6) == [2], "still before the less urgent level")
    #expect(bench.next(at: 6) == [4])
  }

  @Test(arguments: [(true, 2, 2), (true, 9, 5), (false, 2, 5), (true, 0, 5)])
  func `a request's own timeout counts where that is allowed and it is shorter`(
    isAllowed: Bool, own: Int, inForce: Int
  ) {
    var bench = Bench {
      $0.defaultQueue = QueuePolicy(
        timeoutNanoseconds: 5 * milliseconds, allowsTimeoutOverride: isAllowed)
    }
    _ = bench.offer(timeout: own)
    #expect(bench.queue.nextWake == time(inForce))
  }

  // MARK: Fairness

  @Test func `one that comes rarely does not queue behind the backlog of another`() {
    var bench = Bench { $0.mode = .off }
    for _ in 0..<50 { _ = bench.offer(caller: "flood") }
    #expect(bench.next() == [2])
    _ = bench.offer(caller: "light")
    #expect(bench.next() == [52])
  }

  @Test func `callers share by rows and not by requests`() {
    var bench = Bench { $0.mode = .off }
    for _ in 0..<8 { _ = bench.offer(rows: 4, caller: "large") }
    for _ in 0..<32 { _ = bench.offer(rows: 1, caller: "small") }
    var rows = ["large": 0, "small": 0]
    for _ in 0..<20 {
      guard let ticket = bench.next()?.first else { break }
      if ticket <= 9 { rows["large"]? += 4 } else { rows["small"]? += 1 }
    }
    #expect(rows == ["large": 16, "small": 16])
  }
}

@Suite struct AnswerOrderTests {
  private func ticket(_ number: UInt64) -> Ticket { Ticket(number: number) }

  @Test func `an early answer is held until those before it are out`() {
    var order = AnswerOrder()
    for number in 1...4 as ClosedRange<UInt64> { order.enter(ticket(number)) }
    #expect(order.answered(ticket(2)).isEmpty)
    #expect(order.answered(ticket(4)).isEmpty)
    #expect(order.answered(ticket(1)) == [ticket(1), ticket(2)])
    #expect(order.left(ticket(3)) == [ticket(4)])
    #expect(order.answered(ticket(3)).isEmpty)
  }
}
