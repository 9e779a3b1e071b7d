import Glibc
import Inference
import Synchronization

/// The workers that somebody attends to, so that none leaves anything behind when the program exits: a
/// process dies with its attendant's thread, but its folder and its control group do not.
enum WorkerAttendance {
  private struct Book: Sendable {
    var workers: [Int: Worker] = [:]
    var count = 0
  }

  private static let book = Guarded(Book())
  private static let waitNanoseconds = 10_000_000
  private static let waitsMax = 200

  /// Runs `attend`, which ends when the worker is over.
  static func note(_ worker: Worker, while attend: () -> Void) {
    let number = book.withLock { book in
      book.count += 1
      book.workers[book.count] = worker
      return book.count
    }
    if number == 1 { atexit { WorkerAttendance.endAll() } }
    attend()
    book.withLock { _ = $0.workers.removeValue(forKey: number) }
  }

  /// Ends all of them, and waits for that, two seconds at most.
  private static func endAll() {
    for worker in book.withLock({ Array($0.workers.values) }) { worker.leave() }
    for _ in 0..<waitsMax where book.withLock({ !$0.workers.isEmpty }) {
      var pause = timespec(tv_sec: 0, tv_nsec: waitNanoseconds)
      nanosleep(&pause, nil)
    }
  }
}
