import Inference
import Serving
import Synchronization

/// Joins the door's callbacks to the one task that waits for the answer; none, or several, have failed
/// it.
final class Submission: ResponseSink {
  typealias Answer = Result<[NamedTensor], ModelError>

  private struct State {
    var continuation: CheckedContinuation<Answer, Never>?
    var outputs: [NamedTensor] = []
    var partCount = 0
    var handle: RequestHandle?
    var isCancelled = false
  }

  private let state = Guarded(State())

  /// Submits, unless the task was cancelled before.
  func begin(
    _ continuation: CheckedContinuation<Answer, Never>, submit: () -> RequestHandle
  ) {
    let isCancelled = state.withLock { state in
      if !state.isCancelled { state.continuation = continuation }
      return state.isCancelled
    }
    if isCancelled {
      continuation.resume(returning: .failure(.cancelled))
      return
    }
    let handle = submit()
    let mustCancel = state.withLock { state in
      state.handle = handle
      return state.isCancelled
    }
    if mustCancel { handle.cancel() }
  }

  func cancel() {
    let handle = state.withLock { state in
      state.isCancelled = true
      return state.handle
    }
    handle?.cancel()
  }

  func receive(_ part: ResponsePart) -> Demand {
    state.withLock { state in
      state.partCount += 1
      if state.partCount == 1 { state.outputs = part.outputs }
    }
    return .more
  }

  func finish(_ end: ResponseEnd) {
    let (continuation, outputs, count) = state.withLock { state in
      defer { state.continuation = nil }
      return (state.continuation, state.outputs, state.partCount)
    }
    switch end.outcome {
    case .done where count != 1:
      let failure = InferenceFailure.unsupported(.answersInParts(got: count))
      continuation?.resume(returning: .failure(ModelError(failure)))
    case .done: continuation?.resume(returning: .success(outputs))
    case .failed(let failure): continuation?.resume(returning: .failure(ModelError(failure)))
    }
  }
}
