package import Inference

/// What came of one request that was waited for.
package struct WaitedAnswer: Sendable {
  /// In the order in which they were wanted.
  package let outputs: [NamedTensor]
  package let served: ServedPhases
}

extension Entrance {
  /// Submits tensors and blocks until the answer is there: for commands, on threads of their own.
  ///
  /// The outputs of all parts come joined in one list.
  package func ask(
    _ tensors: TensorRequest, of lease: ModelLease
  ) throws(InferenceFailure) -> WaitedAnswer {
    try begin(tensors, of: lease).answer()
  }

  /// Submits tensors and returns at once, so that several may be on their way from one thread.
  package func begin(_ tensors: TensorRequest, of lease: ModelLease) -> AwaitedAnswer {
    let sink = WaitingSink()
    let context = RequestContext(
      id: "", caller: .embedded, dialect: .embedded, arrival: MonotonicClock.now())
    _ = submit(InferenceRequest(context: context, body: .tensors(tensors)), to: lease, sink: sink)
    return AwaitedAnswer(sink: sink)
  }
}

/// An answer that is on its way.
package struct AwaitedAnswer: Sendable {
  fileprivate let sink: WaitingSink

  /// Blocks until it is there.
  package func answer() throws(InferenceFailure) -> WaitedAnswer { try sink.answer() }
}

/// Keeps an answer for the thread that waits for it.
private final class WaitingSink: ResponseSink {
  private struct Heard {
    var outputs: [NamedTensor] = []
    var end: ResponseEnd?
  }

  private let heard = Signal(Heard())

  func receive(_ part: ResponsePart) -> Demand {
    heard.withValue { $0.outputs += part.outputs }
    return .more
  }

  func finish(_ end: ResponseEnd) { heard.update { $0.end = end } }

  func answer() throws(InferenceFailure) -> WaitedAnswer {
    let (outputs, end) =
      heard.sleepUntilReady { heard in heard.end.map { (heard.outputs, $0) } }
      ?? ([], ResponseEnd(outcome: .failed(.cancelled), served: ServedPhases()))
    switch end.outcome {
    case .done: return WaitedAnswer(outputs: outputs, served: end.served)
    case .failed(let failure): throw failure
    }
  }
}
