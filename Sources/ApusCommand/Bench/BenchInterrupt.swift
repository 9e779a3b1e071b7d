import Glibc
import Inference
import LoadTesting
import Serving
import Synchronization

/// Ctrl-C of `apus bench`: ends the run of the moment, which then tells what it has; the command itself
/// where none has begun.
final class BenchInterrupt: Sendable {
  private struct State: Sendable {
    var run: LoadRun?
    var isOver = false
  }

  private let state = Guarded(State())

  /// Listens from now on, on a thread of its own. Make it before any other thread.
  init() {
    let signals = Signals()
    NamedThread(name: "apus:signals") { [self] in
      signals.waitForEnd()
      interrupt()
    }.detach()
  }

  /// False where it is all over already.
  func begin(_ run: LoadRun) -> Bool {
    state.withLock { state in
      state.run = run
      return !state.isOver
    }
  }

  /// Somebody ended it; what takes long between runs looks here.
  var isOver: Bool { state.withLock { $0.isOver } }

  private func interrupt() {
    let run = state.withLock { state in
      state.isOver = true
      return state.run
    }
    guard let run else {
      Terminal.complain("interrupted before anything was measured")
      _exit(1)
    }
    run.interrupt()
  }
}
