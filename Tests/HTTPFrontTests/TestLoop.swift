import Dispatch
import Glibc
import Inference
import NIOCore
import NIOEmbedded
import Synchronization

/// An embedded event loop that other threads may hand work to: it is kept until the test's own
/// thread runs it, as an embedded loop may be touched by one thread only.
///
/// Unchecked: the embedded loop is touched on the thread that made this one; the rest is locked.
final class TestLoop: EventLoop, @unchecked Sendable {
  let embedded = EmbeddedEventLoop()
  private let thread = pthread_self()
  private let arrived = Guarded<[@Sendable () -> Void]>([])

  var inEventLoop: Bool { pthread_equal(pthread_self(), thread) != 0 }

  func execute(_ task: @escaping @Sendable () -> Void) {
    if inEventLoop { embedded.execute(task) } else { arrived.withLock { $0.append(task) } }
  }

  /// Runs what is due, and what other threads have handed over.
  func run() {
    let tasks = arrived.withLock { arrived in
      defer { arrived = [] }
      return arrived
    }
    for task in tasks { task() }
    embedded.run()
  }

  func scheduleTask<T>(
    deadline: NIODeadline, _ task: @escaping @Sendable () throws -> T
  ) -> Scheduled<T> { embedded.scheduleTask(deadline: deadline, task) }

  func scheduleTask<T>(
    in delay: TimeAmount, _ task: @escaping @Sendable () throws -> T
  ) -> Scheduled<T> { embedded.scheduleTask(in: delay, task) }

  func shutdownGracefully(
    queue: DispatchQueue, _ callback: @escaping @Sendable ((any Error)?) -> Void
  ) { embedded.shutdownGracefully(queue: queue, callback) }
}
