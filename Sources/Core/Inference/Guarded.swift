#if THREAD_SANITIZER
import Glibc

/// A value that is touched only under its lock.
///
/// The sanitizer follows the system's own locks, and this is one; see the other branch.
package struct Guarded<Value: Sendable>: ~Copyable, @unchecked Sendable {
  // Both lie in memory of their own, which the system's lock requires; `value` is touched only
  // between locking and unlocking.
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let value: UnsafeMutablePointer<Value>

  package init(_ initial: Value) {
    lock = .allocate(capacity: 1)
    value = .allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    value.initialize(to: initial)
  }

  deinit {
    pthread_mutex_destroy(lock)
    lock.deallocate()
    value.deinitialize(count: 1)
    value.deallocate()
  }

  /// Runs `body` while no other thread is in here.
  package borrowing func withLock<Result, Failure: Error>(
    _ body: (inout Value) throws(Failure) -> Result
  ) throws(Failure) -> Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return try body(&value.pointee)
  }
}
#else
package import Synchronization

/// A value that is touched only under its lock: the standard library's mutex under our name.
///
/// It has a name of ours because the thread sanitizer cannot see into the library where that
/// mutex lives: `make tsan` builds the other branch.
package typealias Guarded = Mutex
#endif
