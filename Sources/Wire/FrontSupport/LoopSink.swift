package import Inference
package import NIOCore
import Synchronization

/// Who waits on an event loop for a model's answer.
package protocol AnswerWaiter: AnyObject {
  /// On the waiter's loop, once.
  func answered(_ outputs: [NamedTensor], _ end: ResponseEnd)
}

/// Takes a model's one answer on whichever thread it comes and brings it to the waiter's event loop;
/// where it comes on that loop, at once.
///
/// A model that gives none, or several, has failed the request.
///
/// Unchecked: the outputs and their count are written by `receive` and read by `finish`, and the door
/// calls a sink from one thread at a time; the waiter is touched on its loop only.
package final class LoopSink: ResponseSink, @unchecked Sendable {
  private let waiter: any AnswerWaiter
  private let eventLoop: any EventLoop
  private var outputs: [NamedTensor] = []
  private var partCount = 0

  package init(waiter: any AnswerWaiter, eventLoop: any EventLoop) {
    self.waiter = waiter
    self.eventLoop = eventLoop
  }

  package func receive(_ part: ResponsePart) -> Demand {
    partCount += 1
    if partCount == 1 { outputs = part.outputs }
    return .more
  }

  package func finish(_ end: ResponseEnd) {
    guard case .done = end.outcome, partCount != 1 else { return answer(end) }
    let failure = InferenceFailure.unsupported(.answersInParts(got: partCount))
    answer(ResponseEnd(outcome: .failed(failure), served: end.served))
  }

  private func answer(_ end: ResponseEnd) {
    if eventLoop.inEventLoop {
      waiter.answered(outputs, end)
    } else {
      eventLoop.execute { self.waiter.answered(self.outputs, end) }
    }
  }
}
