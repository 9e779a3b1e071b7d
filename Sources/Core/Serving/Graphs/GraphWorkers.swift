import Inference

/// The threads that do what lies between models: photos, boxes, combining.
///
/// A bounded queue, first come first served; what is for later is done when its time has come. Work
/// never waits for anything.
final class GraphWorkers: Sendable {
  typealias Work = @Sendable () -> Void

  private enum Turn: Sendable {
    case work(Work)
    case end
    /// Something is due earlier than what the thread waits for.
    case lookAgain
  }

  private struct Queue: Sendable {
    var work: [Work] = []
    /// What lies before it was taken already.
    var first = 0
    /// Ascending by when it is due.
    var later: [(due: Instant, work: Work)] = []
    var isStopping = false

    var count: Int { work.count - first + later.count }
    var earliestDue: Instant { later.first?.due ?? .distantFuture }

    mutating func take(now: Instant, waitingFor due: Instant) -> Turn? {
      // Nothing is waited for at the end: whoever gave it looks whether it is still of use.
      if let next = later.first, isStopping || next.due <= now {
        return .work(later.removeFirst().work)
      }
      if first < work.count { return .work(takeFirst()) }
      if isStopping { return .end }
      return earliestDue < due ? .lookAgain : nil
    }

    private mutating func takeFirst() -> Work {
      let next = work[first]
      first += 1
      if first == work.count || first >= 256 {
        work.removeFirst(first)
        first = 0
      }
      return next
    }

    mutating func add(_ work: @escaping Work, at due: Instant) {
      let place = later.firstIndex { $0.due > due } ?? later.endIndex
      later.insert((due, work), at: place)
    }
  }

  private let queue = Signal(Queue())
  private let waitingMax: Int
  private let threads: [NamedThread]

  init(count: Int, waitingMax: Int) {
    self.waitingMax = waitingMax
    threads = (0..<max(1, count)).map { [queue] place in
      NamedThread(name: "graphs#\(place)") { Self.run(queue) }
    }
  }

  private static func run(_ queue: Signal<Queue>) {
    while true {
      let due = queue.withValue { $0.earliestDue }
      let limit = due == .distantFuture ? nil : due.nanoseconds
      let turn = queue.sleepUntilReady(before: limit) {
        $0.take(now: MonotonicClock.now(), waitingFor: due)
      }
      switch turn {
      case .work(let work): work()
      case .end: return
      case .lookAgain, nil: break
      }
    }
  }

  /// Has the work done soon, or at that instant; false where too much waits already.
  func give(at due: Instant = .never, _ work: @escaping Work) -> Bool {
    var isTaken = false
    queue.update { queue in
      isTaken = queue.count < waitingMax && !queue.isStopping
      if isTaken {
        if due == .never { queue.work.append(work) } else { queue.add(work, at: due) }
      }
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
