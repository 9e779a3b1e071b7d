import Glibc

/// The lock and the condition around the waiting lines.
///
/// `@unchecked Sendable`: the state is touched only while the lock is held; lock and condition have
/// memory of their own because the system requires that they never move.
final class LineQueue: @unchecked Sendable {
  private let lock: UnsafeMutablePointer<pthread_mutex_t>
  private let condition: UnsafeMutablePointer<pthread_cond_t>
  private var state: LineQueueState

  init(bytesMax: Int) {
    state = LineQueueState(bytesMax: bytesMax)
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

  func withState<Result>(_ body: (inout LineQueueState) -> Result) -> Result {
    pthread_mutex_lock(lock)
    defer { pthread_mutex_unlock(lock) }
    return body(&state)
  }

  /// Wakes the writer and whoever waits for a flush.
  func wakeAll() { pthread_cond_broadcast(condition) }

  /// Takes a line; wakes the writer only where it sleeps, which is once for a burst of lines.
  func offer(_ line: [UInt8]) {
    if withState({ $0.offer(line) }) { wakeAll() }
  }

  /// The writer's sleep, until there is work.
  func sleepUntilWork() {
    withState { state in
      state.isWriterAsleep = true
      while !state.hasWork { pthread_cond_wait(condition, lock) }
      state.isWriterAsleep = false
    }
  }

  /// Sleeps until `isReady`, at most `nanoseconds`; says whether it is.
  func sleep(nanoseconds: UInt64, until isReady: (LineQueueState) -> Bool) -> Bool {
    var end = timespec()
    clock_gettime(CLOCK_MONOTONIC, &end)
    let sum = UInt64(end.tv_nsec) + nanoseconds % 1_000_000_000
    end.tv_sec += Int(nanoseconds / 1_000_000_000 + sum / 1_000_000_000)
    end.tv_nsec = Int(sum % 1_000_000_000)
    return withState { state in
      while !isReady(state) {
        if pthread_cond_timedwait(condition, lock, &end) == ETIMEDOUT { return isReady(state) }
      }
      return true
    }
  }
}
