import Batching
import Inference
import Synchronization

/// One of a model's instances at work.
protocol BatchRunner: AnyObject, Sendable {
  /// Starts a run; only while this instance is free. Returns at once.
  func take(_ order: RunOrder)
  /// Tells the run with that number to stop, if it is still going on: nobody wants its answer.
  func stopRun(_ number: UInt64)
  /// Stops the run in progress and ends for good.
  func stop()
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
  private unowned let core: ModelCore
  private let runSwitch = RunSwitch()

  init(model: any WaitingModel, core: ModelCore) {
    self.model = model
    self.core = core
  }

  func take(_ order: RunOrder) {
    let now = MonotonicClock.now()
    guard let work = core.work(order.shares) else {
      return finish(order, nil, .notMade(at: now))
    }
    start(work, order.mark.number) { [self] in finish(order, work, $0) }
  }

  private func start(
    _ work: BatchWork, _ number: UInt64, _ completion: @escaping @Sendable (RunAttempt) -> Void
  ) {
    let started = MonotonicClock.now()
    runSwitch.begin(number, at: started)
    core.batchStarts(rowCount: work.batch.rowCount)
    model.start(work.batch, stop: runSwitch.flag) { [runSwitch] outcome in
      runSwitch.end()
      completion(
        RunAttempt(
          started: started, computed: MonotonicClock.now(), parts: outcome.parts,
          fault: outcome.fault))
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
    if let next = core.runEnded(order, report) { take(next) }
  }

  func stopRun(_ number: UInt64) { runSwitch.stop(number: number) }

  func stop() { runSwitch.stopForGood() }

  /// The elsewhere has bounds of its own.
  func supervise(now: Instant, surroundings: Surroundings) {}
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
