import Inference
import Synchronization

/// Stops the run that it was meant for, and no later one.
///
/// The flag is lowered between runs; whoever wants a run stopped says which, and comes too late where
/// that one has ended already.
final class RunSwitch: Sendable {
  private struct State {
    /// When the run in progress started.
    var current: Instant?
    var number: UInt64 = 0
    /// A run that was stopped between its order and its start.
    var stoppedEarly: UInt64 = 0
    var isStoppedForGood = false
  }

  let flag = StopFlag()
  private let state = Guarded(State())

  /// A run starts; whatever stopped an earlier one is over.
  func begin(_ number: UInt64, at start: Instant) {
    state.withLock { state in
      state.current = start
      state.number = number
      if state.stoppedEarly == number {
        flag.raise()
      } else if !state.isStoppedForGood {
        flag.lower()
      }
    }
  }

  func end() { state.withLock { $0.current = nil } }

  func stop(number: UInt64) {
    state.withLock { state in
      if state.number < number { state.stoppedEarly = number }
      if state.current != nil, state.number == number { flag.raise() }
    }
  }

  func stop(startedAt start: Instant) {
    state.withLock { if $0.current == start { flag.raise() } }
  }

  /// Stops the run in progress and every later one.
  func stopForGood() {
    state.withLock { state in
      state.isStoppedForGood = true
      flag.raise()
    }
  }
}
