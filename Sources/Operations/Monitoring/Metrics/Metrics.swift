import Glibc
package import Inference
import Synchronization

/// Counts what ends and what happens, and writes the metrics page.
///
/// `finished` runs on the request path of every thread: one short lock of the thread's own shard to
/// find the model's series, then atomic additions; nothing is allocated.
package final class Metrics: EventObserver {
  private let shardBits: UInt64
  private let shards: [Shard]
  /// Counts that belong to no model: outcomes without a model, outcomes of other requests, refusals.
  private let serverCells: CounterCells
  let settled: Settled
  /// What models say of themselves.
  let own = OwnFigures()
  private let sources = Guarded(Sources())
  private let processorUse = Guarded(ProcessorUse())
  /// How often each version that has series was loaded and has not gone. A version that was
  /// loaded again goes once while its successor of the same number lives on.
  private let loadCounts = Guarded<[ModelAddress: Int]>([:])

  /// What does not change while the program runs.
  struct Settled: Sendable {
    let version: String
    let limits: [(name: String, value: Double)]
  }

  /// A directory that threads of one shard look into.
  final class Shard: Sendable {
    let directory = Guarded(ModelDirectory())
  }

  /// Who is asked for figures when the page is read.
  struct Sources {
    var models: (@Sendable () -> [ModelFigures])?
    var figures: [Figure: @Sendable () -> Int] = [:]
  }

  /// - Parameters:
  ///   - version: of the program, for the build figure.
  ///   - coreCount: processors that end requests at a time.
  ///   - limits: settings in force, shown as they are.
  package init(
    version: String, coreCount: Int, limits: [(name: String, value: Double)] = []
  ) {
    var bits: UInt64 = 1
    while bits < 4, 1 << bits < coreCount * 2 { bits += 1 }
    shardBits = bits
    shards = (0..<(1 << Int(bits))).map { _ in Shard() }
    serverCells = CounterCells(
      cellCount: 2 * SeriesLayout.outcomeCount + LimitRefusal.allCases.count,
      shardCount: shards.count)
    settled = Settled(version: version, limits: limits)
  }

  /// Asks for a figure whenever the page is read; `read` must be quick and may run on any thread.
  /// A figure without a source is left out of the page.
  package func register(_ figure: Figure, read: @escaping @Sendable () -> Int) {
    sources.withLock { $0.figures[figure] = read }
  }

  /// Asks for the figures of all models whenever the page is read. They are read and not heard from
  /// events, because events of several threads may overtake each other.
  package func registerModels(read: @escaping @Sendable () -> [ModelFigures]) {
    sources.withLock { $0.models = read }
  }

  /// The page in Prometheus' text format 0.0.4. Reads a few files of `/proc`.
  package func metricsText() -> [UInt8] {
    let sources = sources.withLock { $0 }
    return MetricsPage(self, models: sources.models?() ?? [], figures: sources.figures).text()
  }

  /// The statistics of a model's versions, or of all models; of one version where that is named.
  package func statistics(name: String?, version: Int64?) -> [ModelStatistics] {
    let offset = Self.nanosecondsFromMonotonicToEpoch
    let all = shards[0].directory.withLock { directory in
      name.map { directory.series(named: $0) } ?? directory.all
    }
    return all.filter { version == nil || $0.version == version }.map { series in
      series.statistics { ($0 &+ offset) / 1_000_000 }
    }
  }

  private static var nanosecondsFromMonotonicToEpoch: UInt64 {
    func now(_ clock: clockid_t) -> UInt64 {
      var time = timespec()
      clock_gettime(clock, &time)
      return UInt64(time.tv_sec) * 1_000_000_000 + UInt64(time.tv_nsec)
    }
    return now(CLOCK_REALTIME) &- now(CLOCK_MONOTONIC)
  }

  // MARK: EventObserver

  package func finished(_ record: RequestRecord) {
    let shard = shardOfThisThread
    if let failure = record.failure, let refusal = LimitRefusal(failure) {
      serverCells.add(1, at: refusalStart + refusal.place, shard: shard)
    }
    guard record.isInference else {
      return serverCells.add(
        1, at: SeriesLayout.outcomeCount + record.outcome.place, shard: shard)
    }
    let series = find(record.model, record.served.version, shard)
    guard let series else {
      return serverCells.add(1, at: record.outcome.place, shard: shard)
    }
    series.count(record, shard: shard)
  }

  package func happened(_ event: InferenceEvent) {
    switch event {
    case .batchRan(let name, let version, let rows, let nanoseconds):
      let shard = shardOfThisThread
      find(name, version, shard)?.countRun(rowCount: rows, nanoseconds, shard: shard)
    case .modelStateChanged(let name, let version, let state):
      switch state {
      case .gone: remove(name, version)
      case .dormant, .loading, .ready, .draining, .failed: add(name, version, loads: 0)
      }
    case .modelLoaded(let name, let version, _, _): add(name, version, loads: 1)
    case .queueDepthChanged, .runExceededBound, .modelThreadAbandoned: break
    }
  }

  // MARK: Reading

  /// Those of versions, and those of names whose version was not chosen.
  func readSeries() -> (versions: [ModelSeries], unversioned: [ModelSeries]) {
    shards[0].directory.withLock { ($0.all, $0.unversioned) }
  }

  func processorShare(_ now: MachineFigures) -> Double {
    processorUse.withLock { $0.share(now) }
  }

  func unrouted(_ outcome: RequestRecord.Outcome) -> UInt64 { serverCells.sum(at: outcome.place) }

  func other(_ outcome: RequestRecord.Outcome) -> UInt64 {
    serverCells.sum(at: SeriesLayout.outcomeCount + outcome.place)
  }

  func refused(_ refusal: LimitRefusal) -> UInt64 {
    serverCells.sum(at: refusalStart + refusal.place)
  }

  // MARK: Series

  private let refusalStart = 2 * SeriesLayout.outcomeCount

  private func find(_ name: String, _ version: Int64, _ shard: Int) -> ModelSeries? {
    name.isEmpty
      ? nil : shards[shard].directory.withLock { $0.series(name: name, version: version) }
  }

  private func add(_ name: String, _ version: Int64, loads: Int) {
    let key = ModelAddress(name: name, version: .number(version))
    let isNew = loadCounts.withLock { counts in
      let isNew = counts[key] == nil
      counts[key, default: 0] += loads
      return isNew
    }
    guard isNew else { return }
    let series = ModelSeries(name: name, version: version, shardCount: shards.count)
    let unversioned = ModelSeries(name: name, version: 0, shardCount: shards.count)
    for shard in shards {
      shard.directory.withLock { $0.add(series, unversioned: unversioned) }
    }
  }

  private func remove(_ name: String, _ version: Int64) {
    let key = ModelAddress(name: name, version: .number(version))
    let isGone = loadCounts.withLock { counts in
      guard let count = counts[key], count > 1 else {
        counts[key] = nil
        return true
      }
      counts[key] = count - 1
      return false
    }
    guard isGone else { return }
    for shard in shards { shard.directory.withLock { $0.remove(name: name, version: version) } }
  }

  /// Threads are spread by a multiplicative hash of their address (Knuth's golden ratio).
  private var shardOfThisThread: Int {
    Int((UInt64(pthread_self()) &* 0x9E37_79B9_7F4A_7C15) >> (64 - shardBits))
  }
}
