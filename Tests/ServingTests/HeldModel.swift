import Inference
import Serving
import Synchronization
import TestSupport

/// A model that answers from elsewhere: keeps the first call until the test ends it, and completes all
/// others at once, before their start has returned.
final class HeldModel: WaitingModel {
  typealias Completion = @Sendable (Result<[RunPart], RuntimeFault>) -> Void

  let signature = ModelSignature.oneRow()
  let capabilities = ModelCapabilities()
  let footprintByteCount = 1
  let platformName = "held"
  let runsMax: Int? = 1
  private let first = Guarded<Completion?>(nil)
  private let hasFirst = Guarded(false)

  func start(_ batch: RunBatch, stop: StopFlag, completion: @escaping Completion) {
    let isFirst = hasFirst.withLock { hasFirst in
      defer { hasFirst = true }
      return !hasFirst
    }
    if isFirst {
      first.withLock { $0 = completion }
    } else {
      completion(.success([.outputs(rows: 0..<batch.rowCount, batch.inputs.compactMap { $0 })]))
    }
  }

  var isHolding: Bool { first.withLock { $0 != nil } }

  /// Ends the call that is held.
  func release() { first.withLock { $0 }?(.failure(.init(code: .failed, message: "at last"))) }
}
