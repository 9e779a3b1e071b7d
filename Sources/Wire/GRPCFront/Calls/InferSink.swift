import Inference
import NIOCore
import Synchronization

/// A request whose answers an `InferSink` brings. On its connection's loop throughout.
protocol InferSinkOwner: AnyObject, SendableMetatype {
  var stream: GRPCStream { get }
  func gave(_ outputs: [NamedTensor])
  func ended(_ end: ResponseEnd)
}

/// Takes a model's answers on whichever thread they come and brings them to the run's event loop, in
/// order; where they come on that loop, at once.
final class InferSink<Run: InferSinkOwner>: ResponseSink {
  private let run: NIOLoopBound<Run>
  private let eventLoop: any EventLoop
  /// Parts on their way to the client.
  private let openCount = Atomic<Int>(0)

  /// Steps that the loop has not come to yet.
  private let queuedCount = Atomic<Int>(0)

  /// The door keeps parts until it hears `resume`.
  private let owesResume = Atomic<Bool>(false)

  /// Parts that may be on their way before the model is told to wait.
  private let openCountMax = 8

  init(run: Run, eventLoop: any EventLoop) {
    self.run = NIOLoopBound(run, eventLoop: eventLoop)
    self.eventLoop = eventLoop
  }

  func receive(_ part: ResponsePart) -> Demand {
    let count = openCount.wrappingAdd(1, ordering: .sequentiallyConsistent).newValue
    onLoop { $0.gave(part.outputs) }
    guard count >= openCountMax else { return .more }
    owesResume.store(true, ordering: .sequentiallyConsistent)
    // All of them may have left meanwhile, and nobody would come to say so.
    return takeDueResume() ? .more : .wait
  }

  func finish(_ end: ResponseEnd) {
    onLoop { $0.ended(end) }
  }

  /// Once the client resumes, parts come on the loop itself, and those that came from the model's
  /// thread before may still be waiting for their turn there: they go first.
  private func onLoop(_ step: @escaping @Sendable (Run) -> Void) {
    if eventLoop.inEventLoop, queuedCount.load(ordering: .relaxed) == 0 {
      step(run.value)
      return
    }
    queuedCount.wrappingAdd(1, ordering: .relaxed)
    eventLoop.execute {
      self.queuedCount.wrappingSubtract(1, ordering: .relaxed)
      step(self.run.value)
    }
  }

  /// A part has left, or never will. True where the request's handle is to be told to resume.
  func partLeft() -> Bool {
    openCount.wrappingSubtract(1, ordering: .sequentiallyConsistent)
    return takeDueResume()
  }

  /// There is no handle yet to be told: whoever submits asks again when it has one.
  func keepResume() { owesResume.store(true, ordering: .sequentiallyConsistent) }

  /// Whether the client has caught up with a door that waits; true once for each wait.
  func takeDueResume() -> Bool {
    guard openCount.load(ordering: .sequentiallyConsistent) <= openCountMax / 2 else {
      return false
    }
    return owesResume.exchange(false, ordering: .sequentiallyConsistent)
  }
}
