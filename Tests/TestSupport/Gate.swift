import Glibc

/// Holds threads up until a test opens it.
package final class Gate: @unchecked Sendable {
  // All but `lock` is touched under `lock` only, which lives where it never moves.
  private let lock = UnsafeMutablePointer<pthread_mutex_t>.allocate(capacity: 1)
  private var isOpen = false
  private var waitingCount = 0
  private var mostCount = 0

  package init() { pthread_mutex_init(lock, nil) }

  package func open() { withLock { isOpen = true } }
  package func close() { withLock { isOpen = false } }

  /// Threads at the gate right now.
  package var waiting: Int { withLock { waitingCount } }

  /// The most threads that were at the gate at a time, or passed it while it was open.
  package var most: Int { withLock { mostCount } }

  /// Blocks until the gate is open or `isOver` says so.
  package func pass(unless isOver: () -> Bool) {
    withLock {
      waitingCount += 1
      mostCount = max(mostCount, waitingCount)
    }
    while !withLock({ isOpen }), !isOver() { usleep(100) }
    withLock { waitingCount -= 1 }
  }

  private func withLock<Result>(_ body: () -> Result) -> Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return body()
  }
}

/// Yields the processor until something is so, for ten seconds at most; answers whether it came so.
///
/// For tests that wait for another thread of this process: no fixed sleep, no guess.
package func eventually(_ condition: () -> Bool) -> Bool {
  var start = timespec()
  clock_gettime(CLOCK_MONOTONIC, &start)
  while !condition() {
    var now = timespec()
    clock_gettime(CLOCK_MONOTONIC, &now)
    if now.tv_sec - start.tv_sec > 10 { return false }
    sched_yield()
  }
  return true
}
