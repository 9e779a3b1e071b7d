import Inference

/// What each instance runs, and for how many requests that is still of use.
struct RunningBatches: Sendable {
  private struct Run: Sendable {
    let mark: RunMark
    let shares: OneOrMore<BatchShare>
    /// Requests in it that have not ended.
    var wantedCount: Int
    /// None of its requests has an earlier deadline; may be earlier than all of them.
    var earliestDeadline: Instant
  }

  private enum Place: Sendable {
    case idle
    case busy(Run)
    /// Given up in the middle of a run; out of service until a successor is there.
    case abandoned
  }

  private var places: [Place]
  private(set) var idleInstances: [Int]
  private var runCount: UInt64 = 0

  init(instanceCount: Int) {
    places = Array(repeating: .idle, count: instanceCount)
    idleInstances = Array((0..<instanceCount).reversed())
  }

  var hasIdleInstance: Bool { !idleInstances.isEmpty }
  var isAnyBusy: Bool { idleInstances.count < places.count }

  /// Starts a batch on the instance that became idle last, whose memory is the warmest.
  mutating func start(_ shares: OneOrMore<BatchShare>, in book: RequestBook) -> Batch {
    guard let instance = idleInstances.popLast() else {
      preconditionFailure("a batch starts while every instance is busy")
    }
    return begin(shares, on: instance, in: book)
  }

  /// Starts a batch on that instance, which must be idle.
  mutating func start(
    _ shares: OneOrMore<BatchShare>, on instance: Int, in book: RequestBook
  ) -> Batch {
    guard let place = idleInstances.firstIndex(of: instance) else {
      preconditionFailure("a batch starts on \(instance), which is busy")
    }
    idleInstances.remove(at: place)
    return begin(shares, on: instance, in: book)
  }

  private mutating func begin(
    _ shares: OneOrMore<BatchShare>, on instance: Int, in book: RequestBook
  ) -> Batch {
    runCount += 1
    let mark = RunMark(instance: instance, number: runCount)
    let earliest = shares.reduce(Instant.distantFuture) {
      min($0, book[$1.ticket].request.deadline)
    }
    places[instance] = .busy(
      Run(mark: mark, shares: shares, wantedCount: shares.count, earliestDeadline: earliest))
    return Batch(shares: shares, mark: mark)
  }

  mutating func end(_ instance: Int) {
    if case .idle = places[instance] { preconditionFailure("\(instance) ends no run") }
    places[instance] = .idle
    idleInstances.append(instance)
  }

  /// Answers the tickets that the instance was running.
  mutating func abandon(_ instance: Int) -> [Ticket] {
    guard case .busy(let run) = places[instance] else { return [] }
    places[instance] = .abandoned
    return run.shares.map(\.ticket)
  }

  /// A request has ended; answers the runs in which it was the last one wanted.
  mutating func withdraw(_ ticket: Ticket) -> [RunMark] {
    var unwanted: [RunMark] = []
    for place in places.indices {
      guard case .busy(var run) = places[place],
        run.shares.contains(where: { $0.ticket == ticket })
      else { continue }
      run.wantedCount -= 1
      places[place] = .busy(run)
      if run.wantedCount == 0 { unwanted.append(run.mark) }
    }
    return unwanted
  }

  var earliestDeadline: Instant {
    places.reduce(.distantFuture) {
      guard case .busy(let run) = $1 else { return $0 }
      return min($0, run.earliestDeadline)
    }
  }

  /// Running requests whose deadline has come.
  mutating func tickets(lateBy now: Instant, in book: RequestBook) -> [Ticket] {
    var late: [Ticket] = []
    for place in places.indices {
      guard case .busy(var run) = places[place], run.earliestDeadline <= now else { continue }
      run.earliestDeadline = .distantFuture
      for share in run.shares where book.holds(share.ticket) {
        let deadline = book[share.ticket].request.deadline
        if deadline > now {
          run.earliestDeadline = min(run.earliestDeadline, deadline)
        } else if !late.contains(share.ticket) {
          late.append(share.ticket)
        }
      }
      places[place] = .busy(run)
    }
    return late
  }
}
