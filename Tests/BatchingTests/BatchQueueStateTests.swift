import Batching
import Inference
import Testing

private func request(
  _ number: UInt64, caller: String = "a", deadline: Instant = .distantFuture, rows: Int = 1
) -> QueuedRequest {
  QueuedRequest(
    ticket: Ticket(number: number), caller: Caller(name: caller), deadline: deadline,
    rowCount: rows)
}

private func state(waitingMax: Int = 4, runsMax: Int = 1, isCheap: Bool = false)
  -> BatchQueueState
{
  BatchQueueState(
    limits: QueueLimits(waitingMax: waitingMax, runsMax: runsMax), isDeclaredCheap: isCheap)
}

extension BatchQueueState {
  /// The run of a batch ends well, and its instance is free.
  mutating func end(_ batch: Batch, now: Instant) -> QueueDecision {
    for share in batch.shares { _ = shareEnded(share, hasFailed: false, now: .never) }
    return instanceBecameFree(batch.instance, now: now)
  }
}

private let start = Instant(nanoseconds: 1_000)
private func at(_ milliseconds: Int64) -> Instant {
  start.advanced(by: .milliseconds(milliseconds))
}

@Suite struct BatchQueueStateTests {
  @Test func `a free instance takes a request at once`() {
    var queue = state()
    let decision = queue.offer(request(1), mayRunInline: false, now: start)
    #expect(decision.run?.tickets == [Ticket(number: 1)])
    #expect(decision.run?.instance == 0)
    #expect(queue.waitingCount == 0)
  }

  @Test func `requests run in the order of their arrival`() {
    var queue = state()
    var running = queue.offer(request(1), mayRunInline: false, now: start).run
    for number in 2...4 as ClosedRange<UInt64> {
      _ = queue.offer(request(number), mayRunInline: false, now: start)
    }
    var order: [UInt64] = []
    while let batch = running {
      order += batch.tickets.map(\.number)
      running = queue.end(batch, now: start).run
    }
    #expect(order == [1, 2, 3, 4])
  }

  @Test func `refuses the third request when the limit is two`() {
    var queue = state(waitingMax: 2)
    for number in 1...3 as ClosedRange<UInt64> {
      #expect(queue.offer(request(number), mayRunInline: false, now: start).fail.isEmpty)
    }
    let decision = queue.offer(request(4), mayRunInline: false, now: start)
    #expect(decision.fail.map(\.ticket) == [Ticket(number: 4)])
    #expect(decision.fail.map(\.reason) == [.full(limit: 2)])
  }

  @Test func `the newest request of the largest holder makes room for a newcomer`() {
    var queue = state(waitingMax: 3)
    for number in 1...4 as ClosedRange<UInt64> {
      _ = queue.offer(request(number, caller: "flood"), mayRunInline: false, now: start)
    }
    let decision = queue.offer(request(5, caller: "light"), mayRunInline: false, now: start)
    #expect(decision.fail.map(\.ticket) == [Ticket(number: 4)])
    #expect(queue.waitingCount == 3)
  }

  @Test func `callers that hold equally much do not push each other out`() {
    var queue = state(waitingMax: 2)
    _ = queue.offer(request(1, caller: "x"), mayRunInline: false, now: start)
    _ = queue.offer(request(2, caller: "a"), mayRunInline: false, now: start)
    _ = queue.offer(request(3, caller: "b"), mayRunInline: false, now: start)
    let decision = queue.offer(request(4, caller: "c"), mayRunInline: false, now: start)
    #expect(decision.fail.map(\.ticket) == [Ticket(number: 4)])
  }

  @Test func `a late request is not admitted`() {
    var queue = state()
    let decision = queue.offer(request(1, deadline: start), mayRunInline: false, now: start)
    #expect(decision.fail.map(\.reason) == [.deadlinePassed])
    #expect(decision.run == nil)
  }

  @Test func `a deadline that passes while waiting fails and never runs`() {
    var queue = state()
    _ = queue.offer(request(1), mayRunInline: false, now: start)
    _ = queue.offer(request(2, deadline: at(5)), mayRunInline: false, now: start)
    #expect(queue.nextWake == at(5))
    #expect(queue.timePassed(now: at(4)).fail.isEmpty)
    #expect(queue.timePassed(now: at(5)).fail.map(\.ticket) == [Ticket(number: 2)])
    #expect(queue.instanceBecameFree(0, now: at(6)).run == nil)
    #expect(queue.nextWake == nil)
  }

  @Test func `a deadline that passes during the run drops the answer`() {
    var queue = state()
    _ = queue.offer(request(1, deadline: at(5)), mayRunInline: false, now: start)
    #expect(queue.isWanted(Ticket(number: 1)))
    #expect(queue.timePassed(now: at(9)).fail.map(\.reason) == [.deadlinePassed])
    #expect(!queue.isWanted(Ticket(number: 1)))
  }

  @Test func `cancelling twice fails once`() {
    var queue = state()
    _ = queue.offer(request(1), mayRunInline: false, now: start)
    _ = queue.offer(request(2), mayRunInline: false, now: start)
    #expect(queue.cancel(Ticket(number: 2), now: start).fail.count == 1)
    #expect(queue.cancel(Ticket(number: 2), now: start).fail.isEmpty)
    #expect(queue.cancel(Ticket(number: 99), now: start).fail.isEmpty)
  }

  @Test func `a cheap model runs inline until something waits`() {
    var queue = state(isCheap: true)
    #expect(queue.offer(request(1), mayRunInline: true, now: start).runsInline)
    #expect(!queue.offer(request(2), mayRunInline: false, now: start).runsInline)
    _ = queue.offer(request(3), mayRunInline: false, now: start)
    #expect(!queue.offer(request(4), mayRunInline: true, now: start).runsInline)
  }

  @Test func `a model that declared itself cheap and is not loses the inline path`() {
    var queue = state(isCheap: true)
    for number in 1...20 as ClosedRange<UInt64> {
      if queue.offer(request(number), mayRunInline: true, now: start).runsInline {
        _ = queue.inlineRunEnded(nanoseconds: 5_000_000, rowCount: 1)
      } else {
        _ = queue.cancel(Ticket(number: number), now: start)
        _ = queue.instanceBecameFree(0, now: start)
      }
    }
    #expect(!queue.offer(request(21), mayRunInline: true, now: start).runsInline)
  }

  @Test func `many rows of a cheap model are not cheap`() {
    var queue = state()
    for _ in 1...10 { queue.learn(nanoseconds: 10_000, rowCount: 1, now: .never) }
    #expect(queue.offer(request(1), mayRunInline: true, now: start).runsInline)
    #expect(!queue.offer(request(2, rows: 1_000), mayRunInline: true, now: start).runsInline)
  }

  @Test func `one disturbed run does not end the inline path`() {
    var cost = CostEstimate(isDeclaredCheap: false)
    for _ in 1...10 { cost.learn(nanoseconds: 20_000, rowCount: 1, nanosecondsMax: 50_000) }
    cost.learn(nanoseconds: 9_000_000, rowCount: 1, nanosecondsMax: 50_000)
    #expect(cost.isCheap(rowCount: 1, nanosecondsMax: 50_000))
  }

  @Test func `an abandoned instance takes nothing until its successor is free`() {
    var queue = state()
    _ = queue.offer(request(1), mayRunInline: false, now: start)
    _ = queue.offer(request(2), mayRunInline: false, now: start)
    #expect(queue.abandon(0) == [Ticket(number: 1)])
    #expect(queue.offer(request(3), mayRunInline: false, now: start).run == nil)
    #expect(queue.instanceBecameFree(0, now: start).run?.tickets == [Ticket(number: 2)])
  }

  @Test(arguments: 0..<4) func `drains from every state`(offered: Int) {
    var queue = state()
    var running: Batch?
    for number in 0..<offered {
      let decision = queue.offer(request(UInt64(number + 1)), mayRunInline: false, now: start)
      running = running ?? decision.run
    }
    var decision = queue.beginDraining(now: start)
    let refused = queue.offer(request(99), mayRunInline: true, now: start)
    #expect(refused.fail.map(\.reason) == [.draining])
    for _ in 0..<offered {
      #expect(!decision.isDrained)
      guard let batch = running else { break }
      decision = queue.end(batch, now: start)
      running = decision.run
    }
    #expect(decision.isDrained)
  }

  @Test func `a run that nobody wants any more is told to stop`() {
    var queue = state()
    let run = queue.offer(request(1, deadline: at(5)), mayRunInline: false, now: start).run
    #expect(queue.timePassed(now: at(5)).stop == [run?.mark])
    _ = queue.instanceBecameFree(0, now: at(6))
    let next = queue.offer(request(2), mayRunInline: false, now: at(6)).run
    #expect(queue.cancel(Ticket(number: 2), now: at(7)).stop == [next?.mark])
    #expect(next?.mark != run?.mark)
  }

  @Test
  func `what waits for a model that was given up fails with the reason, and so does what comes`() {
    var queue = state()
    let run = queue.offer(request(1), mayRunInline: false, now: start).run
    _ = queue.offer(request(2), mayRunInline: false, now: start)
    let reason = QueueFailure.givenUp(reason: "stuck")
    #expect(queue.giveUp(reason: "stuck").fail.map(\.reason) == [reason])
    #expect(queue.offer(request(3), mayRunInline: true, now: start).fail.map(\.reason) == [reason])
    #expect(run.map { queue.shareEnded($0.shares.first, hasFailed: false, now: .never) } == .last)
  }
}
