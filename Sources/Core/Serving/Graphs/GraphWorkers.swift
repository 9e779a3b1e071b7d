import Inference

/// The threads that do what lies between models: photos, boxes, combining.
///
/// A bounded queue, first come first served; work never waits for anything.
final class GraphWorkers: Sendable {
  typealias Work = @Sendable () -> Void

  private struct Queue: Sendable {
    var work: [Work] = []
    /// What lies before it was taken already.
    var first = 0
    var isStopping = false

    var count: Int { work.count - first }

    mutating func take() -> Work?? {
      guard count > 0 else { return isStopping ? .some(nil) : nil }
      let next = work[first]
      first += 1
      if first == work.count || first >= 256 {
        work.removeFirst(first)
        first = 0
      }
      return .some(next)
    }
  }

  private let queue = Signal(Queue())
  private let waitingMax: Int
  private let threads: [NamedThread]

  init(count: Int, waitingMax: Int) {
    self.waitingMax = waitingMax
    threads = (0..<max(1, count)).map { [queue] place in
      NamedThread(name: "graphs#\(place)") {
        while let work = queue.sleepUntilReady({ $0.take() }) ?? nil { work() }
      }
    }
  }

  /// Has the work done soon; false where too much waits already.
  func give(_ work: @escaping Work) -> Bool {
    var isTaken = false
    queue.update { queue in
      isTaken = queue.count < waitingMax && !queue.isStopping
      if isTaken { queue.work.append(work) }
    }
    return isTaken
  }

  /// Has something small done that must not be refused: the end of a run.
  func giveAlways(_ work: @escaping Work) { queue.update { $0.work.append(work) } }

  /// Does what was given, then ends the threads; blocks until then.
  func stop() {
    queue.update { $0.isStopping = true }
    for thread in threads { thread.join() }
  }
}
