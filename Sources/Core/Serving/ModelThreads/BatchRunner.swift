import Batching
import Inference
import Synchronization

/// One of a model's instances at work.
protocol BatchRunner: AnyObject, Sendable {
  /// Starts a run; only while this instance is free. Returns at once.
  func take(_ order: RunOrder)
  /// Tells the run with that number to stop, if it is still going on: nobody wants its answer.
  func stopRun(_ number: UInt64)
  /// Tells the run in progress and every later one to stop. Returns at once.
  func beginStopping()
  /// Ends for good, after `beginStopping`: blocks until the run in progress has ended, or until
  /// `limit`; then that run is given up and its requests fail.
  func end(by limit: Instant)
  /// Looks whether the run in progress is over its bound.
  func supervise(now: Instant, surroundings: Surroundings)
}

/// The instances of one model at work, by number.
final class SharedRunners: Sendable {
  private let runners = Guarded<[any BatchRunner]>([])

  var all: [any BatchRunner] {
    get { runners.withLock { $0 } }
    set { runners.withLock { $0 = newValue } }
  }

  /// `nil` once the model was stopped.
  subscript(instance: Int) -> (any BatchRunner)? {
    runners.withLock { instance < $0.count ? $0[instance] : nil }
  }

  func take(_ order: RunOrder) { self[order.instance]?.take(order) }
}

/// Runs of a model that answers from elsewhere: no thread, only a place.
final class WaitingRunner: BatchRunner {
  private let model: any WaitingModel
  private let instance: Int
  /// Kept until the core itself lets go of its runners, when it stops.
  private let core: ModelCore
  private let runSwitch = RunSwitch()
  private let hand = Signal(Hand())
  /// Number of the call in progress, 0 between calls, `givenUp` for ever after. Its completion and
  /// `end` both leave a call by exchanging this, so that only one of them does.
  private let call = Atomic<UInt64>(0)
  private let callCount = Atomic<UInt64>(0)
  private static let givenUp = UInt64.max

  private struct Hand {
    /// Orders that are not reported yet: one, or two while one hands over to the next.
    var orderCount = 0
    /// `take` is at work and looks for `next` when it is done with what it has.
    var isTaking = false
    var next: RunOrder?
  }

  init(model: any WaitingModel, instance: Int, core: ModelCore) {
    self.model = model
    self.instance = instance
    self.core = core
  }

  /// A model may complete at once, and the next order with it: they are taken one after the other, not
  /// inside each other, because a full queue of them would be deeper than the stack.
  func take(_ order: RunOrder) {
    var next: RunOrder? = order
    while let current = next {
      hand.withValue { hand in
        hand.orderCount += 1
        hand.isTaking = true
      }
      carryOut(current)
      next = hand.withValue { hand in
        defer { hand.next = nil }
        hand.isTaking = false
        return hand.next
      }
    }
  }

  private func carryOut(_ order: RunOrder) {
    guard let work = core.work(order.shares) else {
      return finish(order, nil, .notMade(at: MonotonicClock.now()))
    }
    start(work, order.mark.number) { [self] in finish(order, work, $0) }
  }

  private func start(
    _ work: BatchWork, _ number: UInt64, _ completion: @escaping @Sendable (RunAttempt) -> Void
  ) {
    let started = MonotonicClock.now()
    let mark = callCount.add(1, ordering: .relaxed).newValue
    call.store(mark, ordering: .releasing)
    runSwitch.begin(number, at: started)
    let stream = core.isDecoupled ? WaitingStream(work, core, began: started) : nil
    let end: @Sendable (Result<[RunPart], RuntimeFault>) -> Void = { [self] outcome in
      guard leave(mark, for: 0) else { return }
      runSwitch.end()
      let computed = MonotonicClock.now()
      core.batchRan(rowCount: work.batch.rowCount, from: started, to: computed)
      var attempt = RunAttempt(
        started: started, computed: computed, parts: outcome.parts, fault: outcome.fault)
      stream?.settle(&attempt)
      completion(attempt)
    }
    if let stream {
      model.start(work.batch, stop: runSwitch.flag, emit: { stream.take($0) }, completion: end)
    } else {
      model.start(work.batch, stop: runSwitch.flag, completion: end)
    }
  }

  private func finish(_ order: RunOrder, _ work: BatchWork?, _ attempt: RunAttempt) {
    if let results = work?.results(of: attempt) {
      report(order, RunReport(results: results, lesson: attempt.lesson(rowCount: order.rowCount)))
    } else {
      runAlone(order, attempt, from: 0, results: [])
    }
  }

  /// Each request by itself, so that the one at fault fails alone.
  private func runAlone(
    _ order: RunOrder, _ joined: RunAttempt, from place: Int, results: [RunResult]
  ) {
    guard place < order.shares.count else {
      guard let results = OneOrMore(listing: results) else { return }
      return report(order, RunReport(results: results, lesson: nil))
    }
    let share = order.shares[place]
    guard core.isWanted(share.request.ticket),
      let work = core.work(OneOrMore(share))
    else {
      let result = share.failed(by: joined)
      return runAlone(order, joined, from: place + 1, results: results + [result])
    }
    start(work, order.mark.number) { [self] attempt in
      let result = work.results(of: attempt)?.first ?? share.failed(by: attempt)
      runAlone(order, joined, from: place + 1, results: results + [result])
    }
  }

  private func report(_ order: RunOrder, _ report: RunReport) {
    let next = core.runEnded(order, report)
    let isLeft = hand.withValue { hand in
      if hand.isTaking { hand.next = next }
      return hand.isTaking
    }
    if let next, !isLeft { take(next) }
    hand.update { $0.orderCount -= 1 }
  }

  /// Ends the call with that number; false where the other side has ended it already.
  private func leave(_ mark: UInt64, for next: UInt64) -> Bool {
    call.compareExchange(
      expected: mark, desired: next, ordering: .acquiringAndReleasing
    ).exchanged
  }

  func stopRun(_ number: UInt64) { runSwitch.stop(number: number) }

  func beginStopping() { runSwitch.stopForGood() }

  func end(by limit: Instant) {
    var limit = limit
    while hand.sleepUntilReady(before: limit.nanoseconds, { $0.orderCount == 0 ? true : nil })
      == nil
    {
      let mark = call.load(ordering: .acquiring)
      if mark == Self.givenUp { return }
      if mark != 0, leave(mark, for: Self.givenUp) {
        return core.abandon(instance, .leftBehind)
      }
      // It has ended after all, and reports.
      limit = .shortlyFromNow
    }
  }

  /// The elsewhere has bounds of its own.
  func supervise(now: Instant, surroundings: Surroundings) {}
}

/// The parts of one run on their way to its requests, while it goes on elsewhere.
private final class WaitingStream: Sendable {
  /// Only this run takes the lock, and one part at a time.
  private let streaming: Guarded<RunStreaming>

  init(_ work: BatchWork, _ core: ModelCore, began: Instant) {
    streaming = Guarded(RunStreaming(work, core, began: began))
  }

  func take(_ part: RunPart) { streaming.withLock { $0.take(part) } }

  /// What came at the end goes the same way; what is left is the attempt's.
  func settle(_ attempt: inout RunAttempt) {
    let (rest, hasStreamed, fault) = streaming.withLock { streaming in
      for part in attempt.parts { streaming.take(part) }
      return (streaming.rest, streaming.hasStreamed, streaming.fault)
    }
    attempt.parts = rest
    attempt.hasStreamed = hasStreamed
    if attempt.fault == nil { attempt.fault = fault }
  }
}

extension RunOrder.Share {
  /// What the share gets where it was not run by itself: the fault of the run that it was part of.
  func failed(by attempt: RunAttempt) -> RunResult {
    RunResult(
      share: batchShare, batchRowCount: rows.count, started: attempt.started,
      computed: attempt.computed, parts: [],
      fault: attempt.fault
        ?? RuntimeFault(code: .failed, message: "the model's answer has not the rows of its input"))
  }
}

extension Result<[RunPart], RuntimeFault> {
  fileprivate var parts: [RunPart] { if case .success(let parts) = self { parts } else { [] } }

  fileprivate var fault: RuntimeFault? {
    if case .failure(let fault) = self { fault } else { nil }
  }
}
