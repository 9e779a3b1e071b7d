import CThreads
import Glibc
import Inference
import Synchronization

/// A thread of ours, by name.
package final class NamedThread: Sendable {
  private let thread: Guarded<UInt?>

  private final class Start {
    let name: String
    let body: @Sendable () -> Void
    init(name: String, body: @escaping @Sendable () -> Void) {
      self.name = name
      self.body = body
    }
  }

  /// Starts at once. The system shows at most 15 bytes of the name.
  package init(name: String, body: @escaping @Sendable () -> Void) {
    var id = pthread_t()
    let start = Unmanaged.passRetained(Start(name: name, body: body))
    let status = pthread_create(
      &id, nil,
      { argument in
        guard let argument else { return nil }
        let start = Unmanaged<Start>.fromOpaque(argument).takeRetainedValue()
        ThreadName.set(start.name)
        start.body()
        return nil
      }, start.toOpaque())
    precondition(status == 0, "the system refuses another thread (\(status))")
    thread = Guarded(UInt(id))
  }

  /// Lets it run on these processors only; false where the system refuses that. Before `join` and
  /// `detach`.
  package func pin(to cores: [Int]) -> Bool {
    guard let id = thread.withLock({ $0 }) else { return false }
    return apus_pin_thread(id, cores, UInt(cores.count)) == 0
  }

  /// Lets the calling thread compute for turns of about this length, within what the system allows:
  /// whoever has short turns need not wait for the end of long ones, and gets no more for it. False
  /// where the system refuses; it then shares as it always did.
  @discardableResult
  package static func wantTurns(ofNanoseconds nanoseconds: UInt64) -> Bool {
    apus_set_slice(UInt(min(max(nanoseconds, 100_000), 100_000_000))) == 0
  }

  /// Waits for its end; once.
  package func join() {
    guard let id = take() else { return }
    pthread_join(pthread_t(id), nil)
  }

  /// Lets it run on alone; for a thread that will not end.
  package func detach() {
    guard let id = take() else { return }
    pthread_detach(pthread_t(id))
  }

  private func take() -> UInt? {
    thread.withLock { id in
      defer { id = nil }
      return id
    }
  }
}
