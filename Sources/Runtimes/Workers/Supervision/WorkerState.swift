package import Inference

/// What a worker's supervisor must do after leaving the lock. Empty means nothing.
package struct WorkerDecision: Sendable, Equatable {
  /// Start a process.
  package var starts = false
  /// Kill the process and everything that it started.
  package var kills = false
  /// Runs under way fail with this.
  package var failsRuns: RuntimeFault?
  /// The worker takes runs from now on.
  package var opens = false
  /// Runs that waited for it fail with this: it does not come soon.
  package var givesUp: RuntimeFault?
}

/// The life of one worker: when its process starts, how long it may take, when it is killed, and how
/// long it rests before the next try.
///
///     resting -> starting -> ready -> ending -> resting ...      and -> over from everywhere
package struct WorkerState: Sendable {
  package enum Phase: Sendable, Equatable {
    /// There is no process; the next starts then.
    case resting(until: Instant)
    /// There is one, and it loads the model.
    case starting(until: Instant)
    case ready
    /// It was killed and has not ended yet.
    case ending
    /// Stopped for good: no process will start.
    case over
  }

  package struct Limits: Sendable, Equatable {
    package var start: Duration
    package var run: Duration
    package var firstRest: Duration
    package var restMax: Duration

    package init(
      start: Duration = .seconds(60), run: Duration = .seconds(60),
      firstRest: Duration = .milliseconds(100), restMax: Duration = .seconds(30)
    ) {
      self.start = start
      self.run = run
      self.firstRest = firstRest
      self.restMax = restMax
    }
  }

  package private(set) var phase: Phase
  /// Starts in a row after which no run was answered.
  package private(set) var failureCount = 0
  /// Processes that were started.
  package private(set) var startCount = 0
  /// Why the last process is no more; `nil` before the first end.
  package private(set) var lastEnd: RuntimeFault?
  private let limits: Limits
  private var runs: [(number: UInt64, until: Instant)] = []

  package init(limits: Limits, now: Instant) {
    self.limits = limits
    phase = .resting(until: now)
  }

  package var isReady: Bool { phase == .ready }

  /// It takes runs, or will soon as far as anybody can tell.
  package var isExpected: Bool {
    switch phase {
    case .ready: true
    case .starting, .resting, .ending: failureCount <= 1
    case .over: false
    }
  }

  /// Why it takes no runs; `nil` where it does.
  package var obstacle: String? {
    switch phase {
    case .ready: nil
    case .starting: "its worker is starting" + reason
    case .resting, .ending: "its worker is down" + reason
    case .over: "it was stopped"
    }
  }

  private var reason: String { lastEnd.map { ": \($0.message)" } ?? "" }

  /// When something is to be decided without an event.
  package var wakeAt: Instant {
    switch phase {
    case .resting(let until), .starting(let until): until
    case .ready: runs.lazy.map(\.until).min() ?? .distantFuture
    case .ending, .over: .distantFuture
    }
  }

  // MARK: Events

  package mutating func timePassed(now: Instant) -> WorkerDecision {
    guard now >= wakeAt else { return WorkerDecision() }
    switch phase {
    case .resting:
      phase = .starting(until: now.advanced(by: limits.start))
      startCount += 1
      return WorkerDecision(starts: true)
    case .starting:
      return broke("it was not ready within \(limits.start)")
    case .ready:
      return broke("a run took longer than \(limits.run)")
    case .ending, .over: return WorkerDecision()
    }
  }

  package mutating func becameReady() -> WorkerDecision {
    guard case .starting = phase else { return broke("it became ready twice") }
    phase = .ready
    return WorkerDecision(opens: true)
  }

  package mutating func runBegan(_ number: UInt64, now: Instant) {
    runs.append((number, now.advanced(by: limits.run)))
  }

  package mutating func runEnded(_ number: UInt64) {
    runs.removeAll { $0.number == number }
    failureCount = 0
  }

  /// It never heard of that run.
  package mutating func runWithdrawn(_ number: UInt64) {
    runs.removeAll { $0.number == number }
  }

  /// It did what no worker may do, or did not do what it must.
  package mutating func broke(
    _ reason: String, code: RuntimeFault.Code = .failed
  ) -> WorkerDecision {
    switch phase {
    case .starting, .ready:
      let fault = RuntimeFault(code: code, message: "the worker was stopped: \(reason)")
      lastEnd = fault
      phase = .ending
      return WorkerDecision(kills: true, failsRuns: runs.isEmpty ? nil : fault)
    case .resting, .ending, .over: return WorkerDecision()
    }
  }

  /// It says itself that it cannot load its model.
  package mutating func refused(_ fault: RuntimeFault) -> WorkerDecision {
    guard case .starting = phase else { return broke("it failed to load after it had") }
    lastEnd = fault
    phase = .ending
    return WorkerDecision(kills: true)
  }

  /// Its process is no more, or could not be started.
  package mutating func ended(_ fault: RuntimeFault, now: Instant) -> WorkerDecision {
    switch phase {
    case .over, .resting: return WorkerDecision()
    case .starting, .ready: lastEnd = fault
    case .ending: break
    }
    let told = lastEnd ?? fault
    var decision = WorkerDecision()
    if !runs.isEmpty { decision.failsRuns = told }
    runs = []
    failureCount += 1
    if failureCount > 1 { decision.givesUp = told }
    phase = .resting(until: now.advanced(by: rest))
    return decision
  }

  package mutating func stopped() -> WorkerDecision {
    let fault = RuntimeFault(code: .stopped, message: "the model was unloaded")
    let hasProcess =
      switch phase {
      case .starting, .ready, .ending: true
      case .resting, .over: false
      }
    var decision = WorkerDecision(kills: hasProcess, givesUp: fault)
    if !runs.isEmpty { decision.failsRuns = fault }
    runs = []
    phase = .over
    return decision
  }

  /// Doubles with every failure after the first, whose next try begins at once.
  private var rest: Duration {
    guard failureCount > 1 else { return .zero }
    let doublings = min(failureCount - 2, 20)
    return min(limits.firstRest * (1 << doublings), limits.restMax)
  }
}
