import Inference
import Serving

/// Works through numbered inputs with several on their way at once; results come in the inputs'
/// order.
///
/// Each of `concurrency` threads takes the next input as soon as it has done one. Results wait for
/// those before them, at most `heldMax` of them: then no further input is begun.
package struct JobQueue: Sendable {
  /// Results that may wait for an earlier one.
  static let heldMax = 256
  private static let tickNanoseconds: UInt64 = 200_000_000

  private let count: Int
  private let concurrency: Int

  package init(count: Int, concurrency: Int) {
    self.count = count
    self.concurrency = max(1, min(concurrency, count))
  }

  private struct State<Result: Sendable>: Sendable {
    var next = 0
    var results: [Int: Result] = [:]
    var doneCount = 0
    var deliveredCount = 0
  }

  /// Blocks until all are delivered.
  ///
  /// - Parameters:
  ///   - work: called on threads of the queue, once for each number.
  ///   - deliver: called on the calling thread with each result, in order.
  ///   - tick: called on the calling thread with how many are done, at least five times a second.
  package func run<Result: Sendable>(
    _ work: @escaping @Sendable (Int) -> Result, deliver: (Int, Result) -> Void,
    tick: (Int) -> Void
  ) {
    let state = Signal(State<Result>())
    let threads = (0..<concurrency).map { number in
      NamedThread(name: "job#\(number)") { [count] in
        while let index = Self.take(from: state, count: count) {
          let result = work(index)
          state.update { state in
            state.results[index] = result
            state.doneCount += 1
          }
        }
      }
    }
    var delivered = 0
    while delivered < count {
      let limit = MonotonicClock.now().nanoseconds + Self.tickNanoseconds
      let result = state.sleepUntilReady(before: limit) {
        $0.results.removeValue(forKey: delivered)
      }
      tick(state.withValue { $0.doneCount })
      guard let result else { continue }
      deliver(delivered, result)
      delivered += 1
      state.update { $0.deliveredCount = delivered }
    }
    for thread in threads { thread.join() }
  }

  /// The next number that may be begun; `nil` at the end.
  private static func take<Result>(
    from state: Signal<State<Result>>, count: Int
  ) -> Int? {
    let taken = state.sleepUntilReady { state -> Int? in
      if state.next >= count { return count }
      guard state.next < state.deliveredCount + heldMax else { return nil }
      state.next += 1
      return state.next - 1
    }
    return taken.flatMap { $0 < count ? $0 : nil }
  }
}
