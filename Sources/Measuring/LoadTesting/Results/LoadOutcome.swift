import Inference
import Reports

/// What came of one run, and what it is worth.
package struct LoadOutcome: Sendable {
  package let plan: LoadPlan
  let began: Instant
  private(set) var end: LoadState.End
  /// Of a search that was interrupted: what it knew.
  private var searchNote: String?
  package private(set) var figures: LoadFigures
  let wasShortOfCallers: Bool
  let stolenFraction: Double
  /// What else happened on this machine meanwhile.
  let disturbance: MachineDisturbance
  /// Processor time that the load generator used itself; `nil` where the target is in this process.
  let generatorNanoseconds: UInt64?
  /// What travelled between the generator and the target; `nil` where there is no network.
  let traffic: NetworkTraffic?
  /// From the beginning to the last answer, over all parts that it is joined of.
  package let seconds: Double
  let isJoined: Bool
  /// What it took of the server and the machine, where somebody looked.
  package var use: RunUse?
  /// How often its answers were right; `nil` where nothing says what is right.
  package var accuracy: AccuracyFigures?
  /// Why there is none although something says what is right.
  package var accuracyProblem: String?
  package var compliance: ComplianceFigures?

  /// Of the machine's time, so much may go to others.
  private static let stolenFractionMax = 0.05
  /// The generator may be late by so much, or by a tenth of what it measures.
  private static let lagNanosecondsMax: UInt64 = 1_000_000

  init(
    plan: LoadPlan, began: Instant, end: LoadState.End, figures: LoadFigures,
    wasShortOfCallers: Bool, stolenFraction: Double, disturbance: MachineDisturbance = .none,
    generatorNanoseconds: UInt64? = nil, traffic: NetworkTraffic? = nil
  ) {
    self.traffic = traffic
    self.generatorNanoseconds = generatorNanoseconds
    self.plan = plan
    self.began = began
    self.end = end
    self.figures = figures
    self.wasShortOfCallers = wasShortOfCallers
    self.stolenFraction = stolenFraction
    self.disturbance = disturbance
    seconds = Double(figures.lastEnded.nanoseconds(since: began)) / 1e9
    isJoined = false
  }

  /// Several runs of one plan as one; `nil` where there is none.
  init?(joining parts: [LoadOutcome]) {
    guard let first = parts.first else { return nil }
    plan = first.plan
    began = first.began
    end = parts.map(\.end).first { $0 != .reached } ?? .reached
    figures = parts.reduce(into: LoadFigures()) { $0.add($1.figures) }
    figures.sort()
    wasShortOfCallers = parts.contains(where: \.wasShortOfCallers)
    stolenFraction = parts.map(\.stolenFraction).reduce(0, +) / Double(parts.count)
    disturbance = MachineDisturbance(joining: parts.map(\.disturbance))
    generatorNanoseconds = parts.reduce(UInt64?(0)) { sum, part in
      sum.flatMap { sum in part.generatorNanoseconds.map { sum + $0 } }
    }
    traffic = parts.compactMap(\.traffic).reduce(NetworkTraffic?.none) { ($0 ?? .init()) + $1 }
    seconds = parts.map(\.seconds).reduce(0, +)
    isJoined = true
  }

  /// The same as the best that an interrupted search has to show.
  func interruptedSearch(_ note: String) -> LoadOutcome {
    var outcome = self
    outcome.end = .interrupted
    outcome.searchNote = note
    return outcome
  }

  /// Somebody ended it before its time.
  package var isInterrupted: Bool { end == .interrupted }

  /// It went to its end, and something was measured.
  package var isComplete: Bool { end == .reached && figures.latencies.count > 0 }

  /// Answered a second, in the scenario's unit; 0 where nothing was.
  package var throughput: Double {
    guard seconds > 0 else { return 0 }
    return Double(figures.answeredSampleCount) / seconds
  }

  /// Of all queries, the fraction that has no answer.
  package var errorRate: Double {
    figures.queryCount == 0 ? 0 : Double(figures.failedCount) / Double(figures.queryCount)
  }

  /// As long as MLPerf inference asks, and to its end.
  package var isFullRun: Bool {
    // The rules: the last query of `server` is scheduled, of the streams issued, of `offline` answered
    // at the duration or later.
    let last =
      switch plan.scenario {
      case .offline: figures.lastEnded
      case .singleStream, .multiStream, .closedLoop: figures.lastIssued
      case .server, .constantRate, .ramp, .step, .spike, .replay: figures.lastDue
      }
    return end == .reached && !isJoined
      && (!isOneQuery || figures.answeredSampleCount >= LoadPlan.fullSampleCount)
      && last.nanoseconds(since: began) >= LoadPlan.fullDurationNanoseconds
  }

  /// All samples were one query's: figures count the requests that carried them.
  var isOneQuery: Bool { plan.scenario == .offline }

  package var isValid: Bool { problems.isEmpty }

  /// The latency that the scenario is judged by, to be sure of it; `nil` where the scenario has none,
  /// or there were too few queries.
  package var sureLatency: UInt64? {
    guard plan.scenario == .singleStream || plan.scenario == .multiStream else { return nil }
    return plan.scenario.percentile.flatMap {
      EarlyStopping(percentile: $0).estimate(figures.latencies)
    }
  }

  /// Why the figures are not what the scenario asks for, a sentence each; empty where they are.
  package var problems: [String] {
    guard figures.latencies.count > 0 else { return [nothing] }
    return [
      endProblem, failureProblem, countProblem, boundProblem, generatorProblem, stealProblem,
      accuracyProblem.map { "no accuracy: \($0)" },
    ].compactMap { $0 } + disturbances
  }

  private var nothing: String {
    figures.firstFailure.map { "no query was answered: \($0)" } ?? "no query was answered"
  }

  private var endProblem: String? {
    switch end {
    case .reached: nil
    case .interrupted: searchNote ?? "it was interrupted; these are the figures until then"
    case .hopeless:
      "the target answered nothing for \(LoadState.hopelessNanoseconds / 1_000_000_000) s, so it was ended"
    case .behind:
      "the target was \(LoadState.behindNanoseconds / 1_000_000_000) s behind, so it was ended; ask at a "
        + "lower rate"
    }
  }

  private var failureProblem: String? {
    guard figures.failedCount > 0 else { return nil }
    let first = figures.firstFailure.map { "; the first: \($0)" } ?? ""
    return "\(figures.failedCount) of \(figures.queryCount) queries failed\(first)"
  }

  /// Too few queries for any statement about the percentile.
  private var countProblem: String? {
    guard let percentile = plan.scenario.percentile else { return nil }
    let isServer = plan.scenario == .server
    let needed = EarlyStopping(percentile: percentile).queryCount(missing: isServer ? 0 : 1)
    guard figures.latencies.count < needed else { return nil }
    return "p\(percentileName) needs at least \(needed) queries, there were "
      + "\(figures.latencies.count); measure for longer"
  }

  private var percentileName: String {
    plan.scenario.percentile.map { String(Int(($0 * 100).rounded())) } ?? ""
  }

  private var boundProblem: String? {
    guard plan.scenario == .server, let percentile = plan.scenario.percentile, countProblem == nil
    else { return nil }
    let bound = plan.latencyBoundNanoseconds
    let misses = figures.latencies.count(over: bound)
    let needed = EarlyStopping(percentile: percentile).queryCount(missing: misses)
    guard figures.latencies.count < needed else { return nil }
    let most = EarlyStopping(percentile: percentile).missCount(of: figures.latencies.count) ?? 0
    return "\(misses) of \(figures.latencies.count) queries took longer than "
      + "\(MillisecondText.of(Double(bound))) ms, and \(most) may"
  }

  private var generatorProblem: String? {
    if wasShortOfCallers {
      return "\(LoadPlan.callersMax) queries were on their way, the most that are asked at once; "
        + "ask at a lower rate"
    }
    guard let lag = figures.lags.percentile(0.99), let median = figures.latencies.percentile(0.5),
      lag > max(Self.lagNanosecondsMax, median / 10)
    else { return nil }
    return
      "the load generator was late by \(MillisecondText.of(Double(lag))) ms at p99; it has too "
      + "little processor time for these figures"
  }

  private var stealProblem: String? {
    guard stolenFraction > Self.stolenFractionMax else { return nil }
    return
      "\(Int((stolenFraction * 100).rounded())) % of the machine's time went to other machines; "
      + "measure again when it is quiet"
  }
}

/// Nanoseconds as milliseconds, with as many digits as are worth reading.
enum MillisecondText {
  static func of(_ nanoseconds: Double) -> String {
    let milliseconds = nanoseconds / 1_000_000
    let places = milliseconds < 1 ? 3 : milliseconds < 100 ? 2 : milliseconds < 1_000 ? 1 : 0
    return Readable.decimal(milliseconds, places: places)
  }
}
