import Inference
import Synchronization

/// What is counted of one model version; written by every thread that ends requests, read by pages.
final class ModelSeries: Sendable {
  let name: String
  /// 0 where requests ended before one of several versions was chosen.
  let version: Int64
  private let cells: CounterCells
  private let durationBuckets = Buckets.duration
  /// Runs of more than one row; those of one are counted without a lock.
  private let batches = Guarded(BatchSizes())
  /// Of decoupled models only.
  private let responses = Guarded(ResponsePlaces())

  init(name: String, version: Int64, shardCount: Int) {
    self.name = name
    self.version = version
    self.cells = CounterCells(cellCount: SeriesLayout.cellCount, shardCount: shardCount)
  }

  /// Counts one request; no lock, no allocation.
  func count(_ record: borrowing RequestRecord, shard: Int) {
    let outcome = record.outcome
    cells.add(1, at: SeriesLayout.requests(record.context.dialect, outcome), shard: shard)
    if record.served.isDecoupled { countResponses(record) }
    if record.served.cacheUse != .none { countLookup(record.served, shard) }
    countPhase(.read, record, shard)
    countPhase(.decode, record, shard)
    countPhase(.queue, record, shard)
    countPhase(.compute, record, shard)
    countPhase(.encode, record, shard)
    countPhase(.write, record, shard)
    switch outcome {
    case .invalid, .rejected, .cancelled: countFailure(record, shard)
    case .deadlineExceeded, .failed:
      countFailure(record, shard)
      countDuration(record, shard)
    case .success:
      countDuration(record, shard)
      countSuccess(record, shard)
    }
  }

  private func countResponses(_ record: borrowing RequestRecord) {
    let record = copy record
    responses.withLock { $0.count(record) }
  }

  /// What statistics say of runs by their size is counted here, once for each run, so that it adds up
  /// to the runs also where one request is spread over several.
  func countRun(rowCount: Int, _ nanoseconds: UInt64, shard: Int) {
    cells.add(1, at: SeriesLayout.runs, shard: shard)
    guard rowCount > 1 else {
      cells.add(1, at: SeriesLayout.single, shard: shard)
      return cells.add(nanoseconds, at: SeriesLayout.single + 2, shard: shard)
    }
    batches.withLock { $0.countRun(of: rowCount, nanoseconds) }
  }

  private func countPhase(
    _ phase: RequestPhase, _ record: borrowing RequestRecord, _ shard: Int
  ) {
    let (from, to) = phase.bounds(in: record)
    guard from != .never, to != .never else { return }
    let time = to.nanoseconds(since: from)
    let (start, buckets) = (SeriesLayout.phase(phase), phase.buckets)
    cells.add(1, at: start + buckets.place(of: time), shard: shard)
    cells.add(time, at: start + buckets.count, shard: shard)
  }

  private func countDuration(_ record: borrowing RequestRecord, _ shard: Int) {
    guard record.end != .never else { return }
    let time = record.end.nanoseconds(since: record.context.arrival)
    let start = SeriesLayout.duration
    cells.add(1, at: start + durationBuckets.place(of: time), shard: shard)
    cells.add(time, at: start + durationBuckets.count, shard: shard)
  }

  private func countLookup(_ served: ServedPhases, _ shard: Int) {
    let start = served.cacheUse == .hit ? SeriesLayout.cacheHits : SeriesLayout.cacheMisses
    cells.add(1, at: start, shard: shard)
    cells.add(served.cacheNanoseconds, at: start + 1, shard: shard)
  }

  /// Computed or from the response cache; only what was computed counts as rows and in their times.
  private func countSuccess(_ record: borrowing RequestRecord, _ shard: Int) {
    cells.set(record.end.nanoseconds, at: SeriesLayout.lastEnd, shard: shard)
    cells.add(
      record.end.nanoseconds(since: record.context.arrival),
      at: SeriesLayout.triton + TritonSum.request.rawValue, shard: shard)
    guard record.served.cacheUse != .hit else {
      return cells.add(1, at: SeriesLayout.cachedSuccesses, shard: shard)
    }
    countComputed(record, shard)
  }

  private func countComputed(_ record: borrowing RequestRecord, _ shard: Int) {
    cells.add(UInt64(max(1, record.served.rowCount)), at: SeriesLayout.rows, shard: shard)
    let served = record.served
    let sums = SeriesLayout.triton
    cells.add(
      served.started.nanoseconds(since: served.admitted),
      at: sums + TritonSum.queue.rawValue, shard: shard)
    cells.add(
      record.decoded.nanoseconds(since: record.bodyRead),
      at: sums + TritonSum.input.rawValue, shard: shard)
    cells.add(
      served.computed.nanoseconds(since: served.started),
      at: sums + TritonSum.infer.rawValue, shard: shard)
    cells.add(
      record.encoded.nanoseconds(since: served.computed),
      at: sums + TritonSum.output.rawValue, shard: shard)
    countBatch(record, shard)
  }

  private func countFailure(_ record: borrowing RequestRecord, _ shard: Int) {
    guard record.end != .never else { return }
    cells.add(
      record.end.nanoseconds(since: record.context.arrival), at: SeriesLayout.failures,
      shard: shard)
  }

  /// What its request took before and after a run counts for the runs of that size, by its share of
  /// the rows.
  private func countBatch(_ record: borrowing RequestRecord, _ shard: Int) {
    let served = record.served
    let input = record.decoded.nanoseconds(since: record.bodyRead)
    let output = record.encoded.nanoseconds(since: served.computed)
    guard served.batchRowCount > 1 else {
      cells.add(input, at: SeriesLayout.single + 1, shard: shard)
      return cells.add(output, at: SeriesLayout.single + 3, shard: shard)
    }
    batches.withLock {
      $0.countRequest(
        rowCount: served.rowCount, inRunOf: served.batchRowCount, input: input, output: output)
    }
  }

  // MARK: Reading

  /// Everything as clients of Triton ask for it. `sinceEpoch` turns an instant of the monotonic clock
  /// into milliseconds since the Unix epoch.
  func statistics(sinceEpoch: (UInt64) -> UInt64) -> ModelStatistics {
    var statistics = ModelStatistics(name: name, version: version)
    let lastEnd = cells.largest(at: SeriesLayout.lastEnd)
    statistics.lastInferenceMilliseconds = lastEnd == 0 ? 0 : sinceEpoch(lastEnd)
    statistics.rowCount = rows
    statistics.runCount = runs
    let successCount = requests(.success)
    let failureCount = RequestRecord.Outcome.allCases.reduce(0) { $0 + requests($1) } - successCount
    let computedCount =
      successCount
      - min(
        successCount, cells.sum(at: SeriesLayout.cachedSuccesses))
    func total(_ sum: TritonSum) -> ModelStatistics.Total {
      let isOfAll = sum == .request || sum == .queue
      return .init(
        count: isOfAll ? successCount : computedCount,
        nanoseconds: cells.sum(at: SeriesLayout.triton + sum.rawValue))
    }
    statistics.success = total(.request)
    statistics.failure = .init(
      count: failureCount, nanoseconds: cells.sum(at: SeriesLayout.failures))
    statistics.queue = total(.queue)
    statistics.input = total(.input)
    statistics.infer = total(.infer)
    statistics.output = total(.output)
    statistics.cacheHit = cacheHits
    statistics.cacheMiss = cacheMisses
    statistics.batches = single + batches.withLock { $0.statistics }
    statistics.responses = responses.withLock { $0.statistics }
    return statistics
  }

  /// Runs of one row, where there were any.
  private var single: [ModelStatistics.Batch] {
    let start = SeriesLayout.single
    let count = cells.sum(at: start)
    guard count > 0 else { return [] }
    var batch = ModelStatistics.Batch(rowCount: 1)
    batch.input = .init(count: count, nanoseconds: cells.sum(at: start + 1))
    batch.infer = .init(count: count, nanoseconds: cells.sum(at: start + 2))
    batch.output = .init(count: count, nanoseconds: cells.sum(at: start + 3))
    return [batch]
  }

  func requests(_ dialect: Dialect, _ outcome: RequestRecord.Outcome) -> UInt64 {
    cells.sum(at: SeriesLayout.requests(dialect, outcome))
  }

  func requests(_ outcome: RequestRecord.Outcome) -> UInt64 {
    Dialect.allCases.reduce(0) { $0 + requests($1, outcome) }
  }

  var rows: UInt64 { cells.sum(at: SeriesLayout.rows) }
  var cacheHits: ModelStatistics.Total { lookups(at: SeriesLayout.cacheHits) }
  var cacheMisses: ModelStatistics.Total { lookups(at: SeriesLayout.cacheMisses) }

  private func lookups(at start: Int) -> ModelStatistics.Total {
    .init(count: cells.sum(at: start), nanoseconds: cells.sum(at: start + 1))
  }

  var runs: UInt64 { cells.sum(at: SeriesLayout.runs) }

  /// In microseconds.
  func tritonSum(_ sum: TritonSum) -> UInt64 {
    cells.sum(at: SeriesLayout.triton + sum.rawValue) / 1_000
  }

  var duration: HistogramReading { reading(at: SeriesLayout.duration, durationBuckets) }

  func phase(_ phase: RequestPhase) -> HistogramReading {
    reading(at: SeriesLayout.phase(phase), phase.buckets)
  }

  /// The total is the sum of the buckets as read, so that the two agree although requests end
  /// meanwhile.
  private func reading(at start: Int, _ buckets: Buckets) -> HistogramReading {
    var total: UInt64 = 0
    let cumulative = (0..<buckets.count).map { place in
      total += cells.sum(at: start + place)
      return total
    }
    return HistogramReading(
      buckets: buckets, cumulative: cumulative,
      seconds: Double(cells.sum(at: start + buckets.count)) / 1e9)
  }
}

/// A histogram at one moment.
struct HistogramReading {
  let buckets: Buckets
  /// Requests at or below each bound; the last is all of them.
  let cumulative: [UInt64]
  /// The sum of the times.
  let seconds: Double
}

extension RequestRecord {
  /// When the last phase that it reached ended; `never` where it reached none.
  var end: Instant {
    if written != .never { return written }
    return encoded != .never ? encoded : served.computed
  }
}
