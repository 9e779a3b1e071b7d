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
///     running ──> over      the last query was due at the end, was the last of its number, nothing has
///                           succeeded for long, the target is far behind, or somebody interrupted it
///
/// Queries taken are ended or given back, each once, also after the run is over.
struct LoadState: Sendable {
  /// Why no further query is given.
  enum End: Sendable, Equatable {
    case reached
    case interrupted
    /// For `hopelessNanoseconds` every query has failed.
    case hopeless
    /// A query was asked `behindNanoseconds` after it was due, and each after it would be later.
    case behind
  }

  /// A run in which nothing has succeeded for so long, and so many queries failed, is given up.
  static let hopelessNanoseconds: UInt64 = 10_000_000_000
  static let hopelessCount = 10
  /// A target that is asked faster than it answers is given up when it is so far behind: the rest of
  /// the run could only tell how long the line has become.
  static let behindNanoseconds: UInt64 = 20_000_000_000

  private let plan: LoadPlan
  private let sampleCount: Int
  private(set) var began: Instant = .never
  private var schedule: ArrivalSchedule?
  private var sampleGenerator: MersenneTwister
  private var thinkGenerator: MersenneTwister
  private(set) var end: End?
  private(set) var takenCount = 0
  private var lastDue: Instant = .never
  private var forecast: LoadForecast
  private(set) var figures: LoadFigures
  private var lastSuccess: Instant = .never
  private var failedInARow = 0

  /// - Parameter sampleCount: inputs that the target has, 1 or more.
  init(plan: LoadPlan, sampleCount: Int) {
    precondition(sampleCount > 0, "a target without inputs")
    precondition(plan.isComplete, "\(plan.scenario) without a rate")
    self.plan = plan
    self.sampleCount = sampleCount
    sampleGenerator = MersenneTwister(seed: plan.seeds.samples)
    thinkGenerator = MersenneTwister(seed: plan.seeds.schedule)
    figures = LoadFigures(phases: plan.phases)
    forecast = LoadForecast(plan)
    schedule = plan.schedule
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
    guard end == nil || isThinking, let due = nextDue(freeSince: free) else { return nil }
    lastDue = due
    takenCount += 1
    let samples = (0..<plan.scenario.samplesPerQuery).map { _ in
      sampleGenerator.index(below: sampleCount)
    }
    return LoadQuery(number: takenCount, samples: samples, due: due)
  }

  /// Where callers think, one that thinks beyond the end leaves the others what lies before it.
  private var isThinking: Bool { end == .reached && plan.think != nil }

  /// When the next query is due; `nil` when there is none.
  private mutating func nextDue(freeSince free: Instant) -> Instant? {
    if isLastTaken {
      end = .reached
      return nil
    }
    guard schedule != nil else { return closedDue(freeSince: free) }
    guard let offset = schedule?.next() else {
      end = .reached
      return nil
    }
    return began.advanced(byNanoseconds: offset)
  }

  /// A caller of a closed loop asks when it is free, or has thought after its answer.
  private mutating func closedDue(freeSince free: Instant) -> Instant? {
    guard let think = plan.think, free > began else { return max(free, began) }
    let due = free.advanced(byNanoseconds: think.draw(&thinkGenerator))
    guard let duration = plan.durationNanoseconds, due.nanoseconds(since: began) >= duration else {
      return due
    }
    end = .reached
    return nil
  }

  private var isLastTaken: Bool {
    if let queriesMax = plan.queriesMax, takenCount >= queriesMax { return true }
    guard let duration = plan.durationNanoseconds, takenCount > 0 else { return false }
    return lastDue.nanoseconds(since: began) >= duration && takenCount >= plan.sampleCountMin
  }

  /// A query has its answer, or failed.
  mutating func finish(_ query: LoadQuery, _ times: QueryTimes, _ problem: CallProblem?) {
    figures.add(times, sampleCount: query.samples.count, problem, began: began)
    let lag = times.issued.nanoseconds(since: times.due)
    if end == nil, plan.scenario.isOpen, lag >= Self.behindNanoseconds { end = .behind }
    guard problem != nil else {
      forecast.answered(in: times.ended.nanoseconds(since: times.due))
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

  /// Why the run cannot become valid any more, or is not on its way there; `nil` while it may.
  func warning(at now: Instant) -> String? {
    forecast.warning(afterNanoseconds: now.nanoseconds(since: began))
  }

  /// A query was taken and not asked.
  mutating func giveBack() { takenCount -= 1 }

  /// No further query is given.
  mutating func interrupt() { if end == nil { end = .interrupted } }
}
