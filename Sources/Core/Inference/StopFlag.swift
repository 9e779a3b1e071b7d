import Synchronization

/// Tells a run in progress to end.
///
/// Raised from any thread; looked at by the runtime, which may also ask to be called, for libraries
/// that have a stop switch of their own. Lowered by the instance's owner between runs.
package final class StopFlag: Sendable {
  private let raised = Atomic<Bool>(false)
  private let observer = Guarded<(@Sendable (Bool) -> Void)?>(nil)

  package init() {}

  package var isRaised: Bool { raised.load(ordering: .acquiring) }

  /// Ends the run in progress, and every later one until `lower()`.
  package func raise() { change(to: true) }

  /// Allows runs again.
  package func lower() {
    if isRaised { change(to: false) }
  }

  /// Asks to be called with each change; one observer at most. It must be quick and call nothing of
  /// ours: it runs under the flag's lock, which is what orders it against `stopObserving()`.
  package func observe(_ change: @escaping @Sendable (Bool) -> Void) {
    observer.withLock { $0 = change }
  }

  /// After this returns the observer is not called again.
  package func stopObserving() {
    observer.withLock { $0 = nil }
  }

  private func change(to value: Bool) {
    observer.withLock { observer in
      raised.store(value, ordering: .releasing)
      observer?(value)
    }
  }
}
