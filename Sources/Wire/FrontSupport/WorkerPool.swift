import NIOCore
import NIOPosix

/// Threads for what is too long for an event loop and no model's work: large bodies, photos,
/// packing. Each connection has at most one piece of work here, so the line is as bounded as the
/// connections are.
package final class WorkerPool: Sendable {
  private let threads: NIOThreadPool

  package init(threadCount: Int) {
    threads = NIOThreadPool(numberOfThreads: threadCount)
  }

  package func start() { threads.start() }

  /// Runs `work` on a worker; not at all where the pool has ended, which happens after every
  /// connection was closed.
  package func run(_ work: @escaping @Sendable () -> Void) {
    threads.submit { state in
      if case .active = state { work() }
    }
  }

  package func stop() { threads.shutdownGracefully { _ in } }
}
