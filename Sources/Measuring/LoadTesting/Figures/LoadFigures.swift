import Inference

/// What is counted in a run.
package struct LoadFigures: Sendable {
  /// From when a query was due to its answer, so that a slow answer is not hidden by the requests it
  /// kept from being asked. Of answered queries only.
  package private(set) var latencies = LatencyRecord()
  /// From when a query was due to when it was asked.
  package private(set) var lags = LatencyRecord()
  /// What ended when.
  package private(set) var windows = LoadWindows()
  /// What belongs to each phase of the plan; empty where it has none, and of runs that are joined.
  package private(set) var phases: [PhaseFigures] = []
  package private(set) var answeredSampleCount = 0
  package private(set) var failures: [String: Int] = [:]
  /// A sentence about the first failure.
  package private(set) var firstFailure: String?
  private(set) var lastEnded: Instant = .never
  private(set) var lastIssued: Instant = .never
  private(set) var lastDue: Instant = .never

  init(phases: [LoadPhase] = []) { self.phases = phases.map(PhaseFigures.init) }

  package var failedCount: Int { failures.values.reduce(0, +) }
  package var queryCount: Int { latencies.count + failedCount }

  /// - Parameter began: when the run did.
  mutating func add(
    _ times: QueryTimes, sampleCount: Int, _ problem: CallProblem?, began: Instant
  ) {
    let latency = times.ended.nanoseconds(since: times.due)
    windows.add(
      at: times.ended.nanoseconds(since: began),
      latencyNanoseconds: problem == nil ? latency : nil, sampleCount: sampleCount)
    addToPhases(times, began: began, isAnswered: problem == nil)
    lags.add(times.issued.nanoseconds(since: times.due))
    lastIssued = max(lastIssued, times.issued)
    lastDue = max(lastDue, times.due)
    lastEnded = max(lastEnded, times.ended)
    if let problem {
      failures[problem.kind, default: 0] += 1
      if firstFailure == nil { firstFailure = problem.text }
      return
    }
    latencies.add(latency)
    answeredSampleCount += sampleCount
  }

  private mutating func addToPhases(_ times: QueryTimes, began: Instant, isAnswered: Bool) {
    guard !phases.isEmpty else { return }
    let due = times.due.nanoseconds(since: began)
    let ended = times.ended.nanoseconds(since: began)
    if let index = phases.firstIndex(where: { $0.phase.contains(due) }) {
      phases[index].add(isAnswered ? ended - due : nil)
    }
    if isAnswered, let index = phases.firstIndex(where: { $0.phase.contains(ended) }) {
      phases[index].countAnswer()
    }
  }

  /// Adds all that another run has, which was measured after this one.
  mutating func add(_ other: LoadFigures) {
    windows.append(other.windows)
    latencies.add(other.latencies)
    lags.add(other.lags)
    answeredSampleCount += other.answeredSampleCount
    failures.merge(other.failures, uniquingKeysWith: +)
    firstFailure = firstFailure ?? other.firstFailure
    lastEnded = max(lastEnded, other.lastEnded)
    lastIssued = max(lastIssued, other.lastIssued)
    lastDue = max(lastDue, other.lastDue)
  }

  /// Puts the records in order, for reading.
  mutating func sort() {
    latencies.sort()
    lags.sort()
    for index in phases.indices { phases[index].sort() }
  }
}
