import Inference

/// One query: what is asked, and when it is due.
struct LoadQuery: Sendable, Equatable {
  let number: Int
  /// Places of the inputs among those of the target.
  let samples: [Int]
  let due: Instant
}

/// How one query went.
struct QueryTimes: Sendable {
  let due: Instant
  let issued: Instant
  let ended: Instant
}

/// Which query is next, and what came of those before; no clock, lock or thread.
///
///     running ──> over      the last query was due at the end, was the last of its number,
///                           nothing has succeeded for long, or somebody interrupted it
///
/// Queries taken are ended or given back, each once, also after the run is over.
struct LoadState: Sendable {
  /// Why no further query is given.
  enum End: Sendable, Equatable {
    case reached
    case interrupted
    /// For `hopelessNanoseconds` every query has failed.
    case hopeless
  }

  /// A run in which nothing has succeeded for so long, and so many queries failed, is given up.
  static let hopelessNanoseconds: UInt64 = 10_000_000_000
  static let hopelessCount = 10

  private let plan: LoadPlan
  private let sampleCount: Int
  private(set) var began: Instant = .never
  private var schedule: ArrivalSchedule?
  private var sampleGenerator: MersenneTwister
  private(set) var end: End?
  private(set) var takenCount = 0
  private var lastDue: Instant = .never
  private(set) var figures = LoadFigures()
  private var lastSuccess: Instant = .never
  private var failedInARow = 0

  /// - Parameter sampleCount: inputs that the target has, 1 or more.
  init(plan: LoadPlan, sampleCount: Int) {
    precondition(sampleCount > 0, "a target without inputs")
    precondition(plan.isComplete, "\(plan.scenario) without a rate")
    self.plan = plan
    self.sampleCount = sampleCount
    sampleGenerator = MersenneTwister(seed: plan.seeds.samples)
    guard plan.scenario.isOpen, let rate = plan.rate else { return }
    schedule = ArrivalSchedule(
      plan.scenario == .server ? .poisson : .constant, rate: rate, seed: plan.seeds.schedule)
  }

  /// The clock runs from here; before any query is taken.
  mutating func begin(_ now: Instant) {
    began = now
    lastSuccess = now
  }

  /// The next query; `nil` when the run is over.
  ///
  /// - Parameter free: since when the caller could have asked it: its last query's end, or the run's
  ///   beginning. In a closed loop that is when the query is due.
  mutating func take(freeSince free: Instant) -> LoadQuery? {
    guard end == nil else { return nil }
    if isLastTaken {
      end = .reached
      return nil
    }
    let due = schedule?.next()
    lastDue = due.map { began.advanced(byNanoseconds: $0) } ?? max(free, began)
    takenCount += 1
    let samples = (0..<plan.scenario.samplesPerQuery).map { _ in
      sampleGenerator.index(below: sampleCount)
    }
    return LoadQuery(number: takenCount, samples: samples, due: lastDue)
  }

  private var isLastTaken: Bool {
    if let queriesMax = plan.queriesMax, takenCount >= queriesMax { return true }
    guard let duration = plan.durationNanoseconds, takenCount > 0 else { return false }
    return lastDue.nanoseconds(since: began) >= duration
  }

  /// A query has its answer, or failed.
  mutating func finish(_ query: LoadQuery, _ times: QueryTimes, _ problem: CallProblem?) {
    figures.add(times, sampleCount: query.samples.count, problem, began: began)
    guard problem != nil else {
      lastSuccess = max(lastSuccess, times.ended)
      failedInARow = 0
      return
    }
    failedInARow += 1
    let silence = times.ended.nanoseconds(since: lastSuccess)
    if end == nil, failedInARow >= Self.hopelessCount, silence >= Self.hopelessNanoseconds {
      end = .hopeless
    }
  }

  /// A query was taken and not asked.
  mutating func giveBack() { takenCount -= 1 }

  /// No further query is given.
  mutating func interrupt() { if end == nil { end = .interrupted } }
}
