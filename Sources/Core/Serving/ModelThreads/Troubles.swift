import Inference
import Synchronization

/// What went wrong with a version at work, apart from single requests.
enum Trouble: Sendable {
  /// A run lasted longer than its bound and was told to stop; it may still do so.
  case runExceededBound
  /// The run did not stop: its thread was given up, and a successor serves the instance if one
  /// could be made.
  case threadAbandoned
}

/// Where troubles are reported to: whoever decides about the lives of models.
final class Troubles: Sendable {
  typealias Listener = @Sendable (Trouble, ModelCore) -> Void

  private let listener = Guarded<Listener?>(nil)

  /// One listener at most. It is called on the clock's thread and must not block.
  func listen(_ listener: @escaping Listener) { self.listener.withLock { $0 = listener } }

  func report(_ trouble: Trouble, of core: ModelCore) {
    listener.withLock { $0 }?(trouble, core)
  }
}
