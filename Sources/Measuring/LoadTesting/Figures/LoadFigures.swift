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
  package private(set) var answeredSampleCount = 0
  package private(set) var failures: [String: Int] = [:]
  /// A sentence about the first failure.
  package private(set) var firstFailure: String?
  private(set) var lastEnded: Instant = .never
  private(set) var lastIssued: Instant = .never

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
    lags.add(times.issued.nanoseconds(since: times.due))
    lastIssued = max(lastIssued, times.issued)
    lastEnded = max(lastEnded, times.ended)
    if let problem {
      failures[problem.kind, default: 0] += 1
      if firstFailure == nil { firstFailure = problem.text }
      return
    }
    latencies.add(latency)
    answeredSampleCount += sampleCount
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
  }

  /// Puts the records in order, for reading.
  mutating func sort() {
    latencies.sort()
    lags.sort()
  }
}
