import Batching
import Inference

/// One of a model's instances at work.
protocol BatchRunner: AnyObject, Sendable {
  /// Starts a run; only while this instance is free. Returns at once.
  func take(_ order: RunOrder)
  /// Stops the run in progress and ends for good.
  func stop()
  /// Looks whether the run in progress is over its bound.
  func supervise(now: Instant, surroundings: Surroundings)
}

/// Runs of a model that answers from elsewhere: no thread, only a place.
final class WaitingRunner: BatchRunner {
  private let model: any WaitingModel
  private let instance: Int
  private unowned let core: ModelCore
  private let stopFlag = StopFlag()

  init(model: any WaitingModel, instance: Int, core: ModelCore) {
    self.model = model
    self.instance = instance
    self.core = core
  }

  func take(_ order: RunOrder) {
    guard let request = order.requests.first else { return }
    let started = MonotonicClock.now()
    let batch = request.tensors.asBatch(rowCount: request.rowCount)
    model.start(batch, stop: stopFlag) { [core] outcome in
      let result = RunResult(
        ticket: request.ticket, rowCount: request.rowCount, started: started,
        computed: MonotonicClock.now(), parts: outcome.parts, fault: outcome.fault)
      if let next = core.runEnded(order, results: [result]) { self.take(next) }
    }
  }

  func stop() { stopFlag.raise() }

  /// The elsewhere has bounds of its own.
  func supervise(now: Instant, surroundings: Surroundings) {}
}

extension Result<[RunPart], RuntimeFault> {
  fileprivate var parts: [RunPart] { if case .success(let parts) = self { parts } else { [] } }

  fileprivate var fault: RuntimeFault? {
    if case .failure(let fault) = self { fault } else { nil }
  }
}
