import Inference
import NIOCore
import Synchronization

/// Who waits on an event loop for a model's answer.
protocol AnswerWaiter: AnyObject {
  /// On the waiter's loop, once.
  func answered(_ outputs: [NamedTensor], _ end: ResponseEnd)
}

/// Takes a model's answer on whichever thread it comes and brings it to the waiter's event loop;
/// where it comes on that loop, at once.
///
/// Unchecked: `outputs` is written by `receive` and read by `finish`, and the door calls a sink from
/// one thread at a time; the waiter is touched on its loop only.
final class LoopSink: ResponseSink, @unchecked Sendable {
  private let waiter: any AnswerWaiter
  private let eventLoop: any EventLoop
  private var outputs: [NamedTensor] = []

  init(waiter: any AnswerWaiter, eventLoop: any EventLoop) {
    self.waiter = waiter
    self.eventLoop = eventLoop
  }

  func receive(_ part: ResponsePart) -> Demand {
    outputs = part.outputs
    return .more
  }

  func finish(_ end: ResponseEnd) {
    if eventLoop.inEventLoop {
      waiter.answered(outputs, end)
    } else {
      eventLoop.execute { self.waiter.answered(self.outputs, end) }
    }
  }
}
