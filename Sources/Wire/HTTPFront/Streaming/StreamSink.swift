import Inference
import NIOCore
import Synchronization

/// Who sends an answer on in parts, on its event loop.
protocol PartWaiter: AnyObject {
  /// On the waiter's loop: there is something to take. Not called again before it was taken.
  func partsCame()
}

/// Takes the parts of an answer on whichever thread they come and calls the waiter's loop, once for as
/// many as have come by then.
///
/// Says `wait` while the loop is paused, because its client is behind, and when much has not been taken;
/// `goOn` and `take` then say that the request's handle is to be told to resume.
final class StreamSink: ResponseSink {
  /// What came and was not taken.
  struct Arrived: Sendable {
    var parts: [ResponsePart] = []
    var end: ResponseEnd?
  }

  private struct State: Sendable {
    var arrived = Arrived()
    var byteCount = 0
    var isPaused = false
    var isCalled = false
    /// The door keeps parts until it hears `resume`.
    var owesResume = false
  }

  private static let partsMax = 32
  private static let bytesMax = 256 << 10

  private let waiter: NIOLoopBound<any PartWaiter>
  private let eventLoop: any EventLoop
  private let state = Guarded(State())

  /// On the loop.
  init(waiter: any PartWaiter, eventLoop: any EventLoop) {
    self.waiter = NIOLoopBound(waiter, eventLoop: eventLoop)
    self.eventLoop = eventLoop
  }

  func receive(_ part: ResponsePart) -> Demand {
    let byteCount = part.byteCount
    let (demand, mustCall) = state.withLock { state -> (Demand, Bool) in
      state.arrived.parts.append(part)
      state.byteCount += byteCount
      let isFull =
        state.isPaused || state.arrived.parts.count >= Self.partsMax
        || state.byteCount >= Self.bytesMax
      if isFull { state.owesResume = true }
      defer { state.isCalled = true }
      return (isFull ? .wait : .more, !state.isCalled)
    }
    if mustCall { call() }
    return demand
  }

  func finish(_ end: ResponseEnd) {
    let mustCall = state.withLock { state in
      state.arrived.end = end
      defer { state.isCalled = true }
      return !state.isCalled
    }
    if mustCall { call() }
  }

  /// Not on the spot even where this is the loop: the waiter may be in the middle of submitting.
  private func call() { eventLoop.execute { [waiter] in waiter.value.partsCame() } }

  // MARK: On the loop

  func take() -> Arrived {
    state.withLock { state in
      defer {
        state.arrived = Arrived()
        state.byteCount = 0
        state.isCalled = false
      }
      return state.arrived
    }
  }

  /// The client is behind.
  func pause() { state.withLock { $0.isPaused = true } }

  /// The client has caught up. True where the handle is to be told to resume.
  func goOn() -> Bool {
    state.withLock { state in
      state.isPaused = false
      defer { state.owesResume = false }
      return state.owesResume
    }
  }
}
