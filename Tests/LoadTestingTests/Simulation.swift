import Inference

@testable import LoadTesting

/// Plays a plan against a service of known speed, on a clock that is only a number.
struct Simulation {
  var plan: LoadPlan
  /// Those who ask; of an open plan, too.
  var callerCount = 1
  var sampleCount = 5
  /// Nanoseconds that a query takes in the service, by its number.
  var service: (Int) -> UInt64 = { _ in 1_000_000 }
  /// Queries that the service computes at a time.
  var serverCount = Int.max
  var problem: (Int) -> CallProblem? = { _ in nil }
  /// When somebody interrupts it.
  var interruptedAt: UInt64?

  private(set) var asked: [LoadQuery] = []
  private(set) var onTheirWayMax = 0

  init(_ plan: LoadPlan) { self.plan = plan }

  static let beginning: UInt64 = 5_000_000_000

  mutating func run() -> LoadOutcome {
    var state = LoadState(plan: plan, sampleCount: sampleCount)
    state.begin(Instant(nanoseconds: Self.beginning))
    var free = [UInt64](repeating: Self.beginning, count: callerCount)
    var servers = [UInt64](repeating: 0, count: min(serverCount, callerCount))
    var ends: [UInt64] = []
    // The caller that is free first goes first, as threads do.
    while true {
      let caller = Self.earliest(free)
      if free[caller] == .max { break }
      if let interruptedAt, free[caller] >= interruptedAt { state.interrupt() }
      guard let query = state.take(freeSince: Instant(nanoseconds: free[caller])) else {
        free[caller] = .max
        continue
      }
      asked.append(query)
      let issued = max(free[caller], query.due.nanoseconds)
      let server = Self.earliest(servers)
      let ended = max(servers[server], issued) + service(query.number)
      servers[server] = ended
      ends = ends.filter { $0 > issued } + [ended]
      onTheirWayMax = max(onTheirWayMax, ends.count)
      free[caller] = ended
      state.finish(
        query,
        QueryTimes(
          due: query.due, issued: Instant(nanoseconds: issued), ended: Instant(nanoseconds: ended)),
        problem(query.number))
    }
    var figures = state.figures
    figures.sort()
    return LoadOutcome(
      plan: plan, began: state.began, end: state.end ?? .interrupted, figures: figures,
      wasShortOfCallers: false, stolenFraction: 0)
  }

  /// Written out: it is what a simulation spends its time with.
  private static func earliest(_ times: [UInt64]) -> Int {
    var found = 0
    var index = 1
    while index < times.count {
      if times[index] < times[found] { found = index }
      index += 1
    }
    return found
  }
}
