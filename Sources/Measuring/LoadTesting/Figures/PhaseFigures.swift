/// What belongs to one phase of a run.
package struct PhaseFigures: Sendable {
  /// Latencies that are kept one by one; there may be many phases.
  private static let exactCountMax = 1 << 16

  package let phase: LoadPhase
  /// Of the answered queries that were due in it.
  package private(set) var latencies = LatencyRecord(exactCountMax: exactCountMax)
  /// Of the queries that were due in it.
  package private(set) var failedCount = 0
  /// Answers that came in it, to whichever queries.
  package private(set) var answerCount = 0

  init(_ phase: LoadPhase) { self.phase = phase }

  package var queryCount: Int { latencies.count + failedCount }

  /// Queries that were due, and answers that came, a second.
  package var askedRate: Double { Double(queryCount) / phase.seconds }
  package var answeredRate: Double { Double(answerCount) / phase.seconds }

  /// - Parameter latency: nanoseconds; `nil` where the query failed.
  mutating func add(_ latency: UInt64?) {
    if let latency { latencies.add(latency) } else { failedCount += 1 }
  }

  mutating func countAnswer() { answerCount += 1 }

  mutating func sort() { latencies.sort() }
}

extension LoadPhase {
  func contains(_ moment: UInt64) -> Bool { moment >= begin && moment < end }
}
