import Inference
import NIOCore
import Synchronization

/// Takes a model's answers on whichever thread they come and brings them to the run's event loop, in
/// order; where they come on that loop, at once.
final class InferSink: ResponseSink {
  private let run: NIOLoopBound<InferRun>
  private let eventLoop: any EventLoop
  /// Parts on their way to the client.
  private let openCount = Atomic<Int>(0)

  /// Parts that may be on their way before the model is told to wait.
  private static let openCountMax = 8

  init(run: InferRun, eventLoop: any EventLoop) {
    self.run = NIOLoopBound(run, eventLoop: eventLoop)
    self.eventLoop = eventLoop
  }

  func receive(_ part: ResponsePart) -> Demand {
    let count = openCount.wrappingAdd(1, ordering: .relaxed).newValue
    if eventLoop.inEventLoop {
      run.value.gave(part.outputs)
    } else {
      eventLoop.execute { self.run.value.gave(part.outputs) }
    }
    return count < Self.openCountMax ? .more : .wait
  }

  func finish(_ end: ResponseEnd) {
    if eventLoop.inEventLoop {
      run.value.ended(end)
    } else {
      eventLoop.execute { self.run.value.ended(end) }
    }
  }

  func partLeft() { openCount.wrappingSubtract(1, ordering: .relaxed) }
}
