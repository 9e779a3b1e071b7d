package import Inference

/// Which waiting requests run together, when, and on which instance.
///
/// A plain value: every event is a mutating function that is given the time and answers with a
/// decision. Each request that was offered is decided about exactly once: it fails here, or it is
/// part of exactly one batch, or it runs inline.
///
///     offer ──> waiting ──> running ──> (run ended)
///       │          │            └─ cancelled or late: its answer is dropped
///       │          └─ cancelled, late, or pushed out by a caller that holds less
///       └─ inline, or refused
package struct BatchQueueState: Sendable {
  package private(set) var limits: QueueLimits
  package private(set) var cost: CostEstimate
  private var waiting = WaitingLine()
  /// Tickets that each busy instance runs; a ticket is taken out when its answer is to be dropped.
  private var running: [Int: [QueuedRequest]] = [:]
  private var idleInstances: [Int]
  private var inlineRunCount = 0
  private var isDraining = false

  package init(limits: QueueLimits, isDeclaredCheap: Bool) {
    self.limits = limits
    self.cost = CostEstimate(isDeclaredCheap: isDeclaredCheap)
    self.idleInstances = Array((0..<limits.runsMax).reversed())
  }

  /// Requests that wait.
  package var waitingCount: Int { waiting.count }
  /// Requests that run on instances and whose answers are still wanted.
  package var runningCount: Int { running.values.reduce(0) { $0 + $1.count } }

  /// A request arrived.
  ///
  /// - Parameter mayRunInline: it arrived on an event loop that has an instance of its own.
  package mutating func offer(
    _ request: QueuedRequest, mayRunInline: Bool, now: Instant
  ) -> QueueDecision {
    var decision = QueueDecision()
    if isDraining {
      decision.fail.append((request.ticket, .draining))
    } else if request.deadline <= now {
      decision.fail.append((request.ticket, .deadlinePassed))
    } else if mayRunInline, isInline(request) {
      inlineRunCount += 1
      decision.runsInline = true
    } else if let instance = idleInstances.popLast() {
      decision.run = start([request], on: instance)
    } else {
      admit(request, into: &decision)
    }
    return decision
  }

  private func isInline(_ request: QueuedRequest) -> Bool {
    waiting.isEmpty
      && cost.isCheap(rowCount: request.rowCount, nanosecondsMax: limits.inlineNanosecondsMax)
  }

  private mutating func admit(_ request: QueuedRequest, into decision: inout QueueDecision) {
    if waiting.count >= limits.waitingMax {
      guard let pushedOut = waiting.removeNewestOfLargestHolder(besides: request.caller) else {
        decision.fail.append((request.ticket, .full(limit: limits.waitingMax)))
        return
      }
      decision.fail.append((pushedOut.ticket, .full(limit: limits.waitingMax)))
    }
    waiting.append(request)
  }

  /// A run that was decided inline is over.
  package mutating func inlineRunEnded(nanoseconds: UInt64, rowCount: Int) -> QueueDecision {
    inlineRunCount -= 1
    learn(nanoseconds: nanoseconds, rowCount: rowCount)
    var decision = QueueDecision()
    decision.isDrained = isDrained
    return decision
  }

  /// An instance ended its run and can take the next.
  package mutating func instanceBecameFree(_ instance: Int, now: Instant) -> QueueDecision {
    running[instance] = nil
    var decision = QueueDecision()
    decision.fail = waiting.removeLate(now: now).map { ($0.ticket, .deadlinePassed) }
    if let next = waiting.popFirst() {
      decision.run = start([next], on: instance)
    } else {
      idleInstances.append(instance)
    }
    decision.isDrained = isDrained
    return decision
  }

  /// What a run cost, so that the next decision knows better.
  package mutating func learn(nanoseconds: UInt64, rowCount: Int) {
    cost.learn(
      nanoseconds: nanoseconds, rowCount: rowCount, nanosecondsMax: limits.inlineNanosecondsMax)
  }

  /// Whether the answer of a running request is still wanted. False once it failed here.
  package func isWanted(_ ticket: Ticket, on instance: Int) -> Bool {
    running[instance]?.contains { $0.ticket == ticket } ?? false
  }

  /// The client went away. Fails the request if it waits or runs; does nothing otherwise.
  package mutating func cancel(_ ticket: Ticket) -> QueueDecision {
    var decision = QueueDecision()
    if waiting.remove(ticket) || dropRunning(where: { $0.ticket == ticket }).count > 0 {
      decision.fail.append((ticket, .cancelled))
    }
    decision.isDrained = isDrained
    return decision
  }

  /// Fails what is late by now, waiting or running.
  package mutating func timePassed(now: Instant) -> QueueDecision {
    var decision = QueueDecision()
    let late = waiting.removeLate(now: now) + dropRunning { $0.deadline <= now }
    decision.fail = late.map { ($0.ticket, .deadlinePassed) }
    decision.isDrained = isDrained
    return decision
  }

  /// When `timePassed` has something to do next.
  package var nextDeadline: Instant? {
    let earliest = running.values.joined().reduce(waiting.earliestDeadline) {
      min($0, $1.deadline)
    }
    return earliest == .distantFuture ? nil : earliest
  }

  /// An instance is given up: what it runs fails elsewhere, and it takes nothing again until
  /// `instanceBecameFree`, which a successor of the same number calls.
  package mutating func abandon(_ instance: Int) -> [Ticket] {
    let tickets = running[instance, default: []].map(\.ticket)
    running[instance] = []
    return tickets
  }

  /// Takes nothing new; what waits and runs is still answered.
  package mutating func beginDraining() -> QueueDecision {
    isDraining = true
    var decision = QueueDecision()
    decision.isDrained = isDrained
    return decision
  }

  /// Gives up what still waits, because the time for draining is over.
  package mutating func failWaiting() -> QueueDecision {
    var decision = QueueDecision()
    while let request = waiting.popFirst() { decision.fail.append((request.ticket, .draining)) }
    decision.isDrained = isDrained
    return decision
  }

  private var isDrained: Bool {
    isDraining && waiting.isEmpty && running.isEmpty && inlineRunCount == 0
  }

  private mutating func start(_ requests: [QueuedRequest], on instance: Int) -> Batch {
    running[instance] = requests
    return Batch(tickets: requests.map(\.ticket), instance: instance)
  }

  private mutating func dropRunning(
    where isDropped: (QueuedRequest) -> Bool
  ) -> [QueuedRequest] {
    var dropped: [QueuedRequest] = []
    for (instance, requests) in running {
      let leaving = requests.filter(isDropped)
      guard !leaving.isEmpty else { continue }
      dropped += leaving
      running[instance] = requests.filter { !isDropped($0) }
    }
    return dropped
  }
}
