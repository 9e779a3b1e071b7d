import Inference
import Serving

/// The waiting lines, and the sleep of those who wait for them: the writer, and whoever flushes.
final class LineQueue: Sendable {
  private let state: Signal<LineQueueState>

  init(bytesMax: Int) { state = Signal(LineQueueState(bytesMax: bytesMax)) }

  func withState<Result>(_ body: (inout LineQueueState) -> Result) -> Result {
    state.withValue(body)
  }

  /// Wakes the writer and whoever waits for a flush.
  func wakeAll() { state.update { _ in } }

  /// Takes a line; wakes the writer only where it sleeps, which is once for a burst of lines.
  func offer(_ line: [UInt8]) {
    if withState({ $0.offer(line) }) { wakeAll() }
  }

  /// The writer's sleep, until there is work.
  func sleepUntilWork() {
    _ = state.sleepUntilReady { state -> Bool? in
      state.isWriterAsleep = !state.hasWork
      return state.hasWork ? true : nil
    }
  }

  /// Sleeps until `isReady`, at most `nanoseconds`; says whether it is.
  func sleep(nanoseconds: UInt64, until isReady: (LineQueueState) -> Bool) -> Bool {
    let end = MonotonicClock.now().nanoseconds + nanoseconds
    return state.sleepUntilReady(before: end) { isReady($0) ? true : nil } ?? false
  }
}
