import Reports

/// Whether a run may still become valid, so that nobody waits ten minutes to hear that it is not.
struct LoadForecast: Sendable {
  /// From when on the pace of a stream tells how many queries it will have.
  private static let paceNanoseconds: UInt64 = 30_000_000_000
  /// A pace that is this much too slow will not become fast enough.
  private static let paceReserve = 1.5

  private let plan: LoadPlan
  /// Of the scenario `server`, how many of all its queries may be slower than the bound; `nil` where
  /// no number is known, or no bound.
  private let missCountMax: Int?
  private var missCount = 0
  private var answerCount = 0

  init(_ plan: LoadPlan) {
    self.plan = plan
    guard plan.scenario == .server, let percentile = plan.scenario.percentile,
      let count = Self.queryCount(plan)
    else {
      missCountMax = nil
      return
    }
    missCountMax = EarlyStopping(percentile: percentile).missCount(of: count)
  }

  /// Queries of a whole run at a fixed rate; a tenth more, because random arrivals may be more than
  /// are expected.
  private static func queryCount(_ plan: LoadPlan) -> Int? {
    let byTime: Double? =
      if let rate = plan.rate, let duration = plan.durationNanoseconds {
        min(1e9, rate * Double(duration) / 1e9 * 1.1 + 10)
      } else { nil }
    let byNumber = plan.queriesMax.map { Double($0) }
    guard let count = [byTime, byNumber].compactMap({ $0 }).min() else { return nil }
    return Int(count)
  }

  mutating func answered(in latency: UInt64) {
    answerCount += 1
    if latency > plan.latencyBoundNanoseconds { missCount += 1 }
  }

  /// One sentence; `nil` while the run may become valid.
  func warning(afterNanoseconds elapsed: UInt64) -> String? {
    if let missCountMax, missCount > missCountMax {
      let bound = MillisecondText.of(Double(plan.latencyBoundNanoseconds))
      return
        "this run cannot become valid any more: of all its queries \(missCountMax) may take longer "
        + "than \(bound) ms, and \(missCount) did"
    }
    return slowPace(elapsed) ?? longQuery(elapsed)
  }

  /// The query of `offline` has so many samples that it lasts for longer than was said.
  private func longQuery(_ elapsed: UInt64) -> String? {
    guard elapsed >= Self.paceNanoseconds, answerCount > 0, plan.sampleCountMin > 0,
      let duration = plan.durationNanoseconds
    else { return nil }
    let seconds = Double(elapsed) / 1e9 / Double(answerCount) * Double(plan.sampleCountMin)
    guard seconds > Double(duration) / 1e9 * Self.paceReserve else { return nil }
    return "a full run of offline has \(plan.sampleCountMin) samples, which take "
      + "\(Readable.time(UInt64(seconds * 1e9))) at this pace; --requests ends it before"
  }

  private func slowPace(_ elapsed: UInt64) -> String? {
    guard !plan.scenario.isOpen, let percentile = plan.scenario.percentile,
      plan.queriesMax == nil, let duration = plan.durationNanoseconds,
      elapsed >= Self.paceNanoseconds, elapsed < duration
    else { return nil }
    let needed = EarlyStopping(percentile: percentile).queryCount(missing: 1)
    let coming = Double(answerCount + 1) / Double(elapsed) * Double(duration)
    guard coming * Self.paceReserve < Double(needed) else { return nil }
    return "at this pace the run has \(Int(coming)) queries at its end, and p"
      + "\(Int((percentile * 100).rounded())) needs \(needed): measure for longer"
  }
}
