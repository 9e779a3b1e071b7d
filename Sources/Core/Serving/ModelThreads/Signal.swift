import Glibc

/// The one lock with a condition: a value that a thread waits for.
///
/// Used where a thread of ours must sleep, also by commands that wait for answers; everything else
/// uses `Guarded`.
package final class Signal<Value: Sendable>: @unchecked Sendable {
  // Both live in memory of their own because the system requires that they never move; `value` is
  // touched only while `lock` is held.
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var value: Value

  package init(_ value: Value) {
    self.value = value
    lock = .allocate(capacity: 1)
    condition = .allocate(capacity: 1)
    pthread_mutex_init(lock, nil)
    var attributes = pthread_condattr_t()
    pthread_condattr_init(&attributes)
    pthread_condattr_setclock(&attributes, CLOCK_MONOTONIC)
    pthread_cond_init(condition, &attributes)
    pthread_condattr_destroy(&attributes)
  }

  deinit {
    pthread_cond_destroy(condition)
    pthread_mutex_destroy(lock)
    condition.deallocate()
    lock.deallocate()
  }

  /// Changes the value and wakes whoever waits.
  package func update(_ change: (inout Value) -> Void) {
    pthread_mutex_lock(lock)
    change(&value)
    pthread_mutex_unlock(lock)
    pthread_cond_broadcast(condition)
  }

  /// Changes the value without waking anyone; answers what `change` answers.
  package func withValue<Result>(_ change: (inout Value) -> Result) -> Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return change(&value)
  }

  /// Sleeps until `ready` gives something, and answers that; `nil` once `nanoseconds`, an instant of
  /// the monotonic clock, has come first.
  ///
  /// Keep this name: profiles of busy time leave out the threads that are in it.
  package func sleepUntilReady<Result>(
    before nanoseconds: UInt64? = nil, _ ready: (inout Value) -> Result?
  ) -> Result? {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    while true {
      if let result = ready(&value) { return result }
      guard let nanoseconds else {
        pthread_cond_wait(condition, lock)
        continue
      }
      var time = timespec(
        tv_sec: Int(nanoseconds / 1_000_000_000), tv_nsec: Int(nanoseconds % 1_000_000_000))
      if pthread_cond_timedwait(condition, lock, &time) == ETIMEDOUT { return ready(&value) }
    }
  }
}
