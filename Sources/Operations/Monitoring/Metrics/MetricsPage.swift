import Inference

/// One reading of all figures, written family by family in the order of the table.
struct MetricsPage {
  private let metrics: Metrics
  private let series: [ModelSeries]
  private let unversioned: [ModelSeries]
  private let models: [ModelFigures]
  private let figures: [Figure: @Sendable () -> Int]
  private let process = ProcessFigures.current()
  private let machine = MachineFigures.current()

  init(
    _ metrics: Metrics, models: [ModelFigures], figures: [Figure: @Sendable () -> Int]
  ) {
    self.metrics = metrics
    self.models = models
    self.figures = figures
    (series, unversioned) = metrics.readSeries()
  }

  func text() -> [UInt8] {
    var text = PrometheusText()
    for family in MetricsTable.rows {
      text.begin(family)
      write(family.name, into: &text)
    }
    return text.bytes
  }

  /// One line for each family, so that none can be declared and not written.
  private func write(_ name: MetricName, into text: inout PrometheusText) {
    switch name {
    case .requests: writeRequests(into: &text)
    case .requestDuration:
      for series in series { text.histogram(name, labels: labels(series), series.duration) }
    case .requestPhase: writePhases(into: &text)
    case .rows, .tritonCount: writeEach(name, into: &text) { $0.rows }
    case .runs, .tritonRuns: writeEach(name, into: &text) { $0.runs }
    case .modelReady: writeModels(name, into: &text) { $0.isReady ? 1 : 0 }
    case .modelInstances: writeModels(name, into: &text) { $0.instanceCount }
    case .modelMemory: writeModels(name, into: &text) { $0.memoryByteCount }
    case .queueDepth, .tritonPending: writeModels(name, into: &text) { $0.queueDepth }
    case .responseCacheLookups:
      for series in keeping {
        for (result, total) in [("hit", series.cacheHits), ("miss", series.cacheMisses)] {
          text.sample(
            name, labels: labels(series) + [("result", result)], String(total.count))
        }
      }
    case .modelCounts, .modelValues:
      for (key, value) in metrics.own.read(counters: name == .modelCounts) {
        text.sample(
          name, labels: [("model", key.model), ("name", key.name)], PrometheusText.number(value))
      }
    case .tritonCacheHits: writeCache(name, into: &text) { $0.cacheHits.count }
    case .tritonCacheMisses: writeCache(name, into: &text) { $0.cacheMisses.count }
    case .tritonCacheHitDuration:
      writeCache(name, into: &text) { $0.cacheHits.nanoseconds / 1_000 }
    case .tritonCacheMissDuration:
      writeCache(name, into: &text) { $0.cacheMisses.nanoseconds / 1_000 }
    case .unroutedRequests: writeOutcomes(name, into: &text, metrics.unrouted)
    case .otherRequests: writeOutcomes(name, into: &text, metrics.other)
    case .refusals:
      for refusal in LimitRefusal.allCases {
        text.sample(
          name, labels: [("limit", refusal.rawValue)], String(metrics.refused(refusal)))
      }
    case .limit:
      for limit in metrics.settled.limits {
        text.sample(name, labels: [("limit", limit.name)], PrometheusText.number(limit.value))
      }
    case .ready: writeFigure(.ready, into: &text)
    case .waitingBytes: writeFigure(.waitingBytes, into: &text)
    case .httpConnections: writeFigure(.httpConnections, into: &text)
    case .httpConnectionsRefused: writeFigure(.httpConnectionsRefused, into: &text)
    case .grpcConnections: writeFigure(.grpcConnections, into: &text)
    case .grpcConnectionsRefused: writeFigure(.grpcConnectionsRefused, into: &text)
    case .abandonedModelThreads: writeFigure(.abandonedModelThreads, into: &text)
    case .logLinesDropped: writeFigure(.logLinesDropped, into: &text)
    case .responseCacheEntries: writeFigure(.responseCacheEntries, into: &text)
    case .responseCacheBytes: writeFigure(.responseCacheBytes, into: &text)
    case .responseCacheEvictions: writeFigure(.responseCacheEvictions, into: &text)
    case .responseCacheSkipped: writeFigure(.responseCacheSkipped, into: &text)
    case .build: text.sample(name, labels: [("version", metrics.settled.version)], "1")
    case .processCPU: write(name, process?.cpuSeconds, into: &text)
    case .processResidentMemory: write(name, process?.residentByteCount, into: &text)
    case .processVirtualMemory: write(name, process?.virtualByteCount, into: &text)
    case .processOpenFiles: write(name, process?.openFileCount, into: &text)
    case .processOpenFilesMax: write(name, process?.openFilesMax, into: &text)
    case .processStartTime: write(name, startSeconds, into: &text)
    case .processThreads: write(name, process?.threadCount, into: &text)
    case .tritonSuccess: writeEach(name, into: &text) { $0.requests(.success) }
    case .tritonFailure: writeTritonFailures(into: &text)
    case .tritonRequestDuration: writeEach(name, into: &text) { $0.tritonSum(.request) }
    case .tritonQueueDuration: writeEach(name, into: &text) { $0.tritonSum(.queue) }
    case .tritonInputDuration: writeEach(name, into: &text) { $0.tritonSum(.input) }
    case .tritonInferDuration: writeEach(name, into: &text) { $0.tritonSum(.infer) }
    case .tritonOutputDuration: writeEach(name, into: &text) { $0.tritonSum(.output) }
    case .tritonCPU:
      write(
        name, machine.map(metrics.processorShare), into: &text)
    case .tritonMemoryTotal: write(name, machine?.memoryByteCount, into: &text)
    case .tritonMemoryUsed: write(name, machine?.usedMemoryByteCount, into: &text)
    }
  }

  private func writeRequests(into text: inout PrometheusText) {
    for series in series {
      // Nothing that a server answers comes without a wire.
      for dialect in Dialect.allCases where dialect != .embedded {
        let counts = RequestRecord.Outcome.allCases.map { ($0, series.requests(dialect, $0)) }
        let isUsed = counts.contains { $0.1 > 0 }
        guard dialect == .openInference || isUsed else { continue }
        for (outcome, count) in counts { write(series, dialect, outcome, count, into: &text) }
      }
    }
    for series in unversioned {
      for dialect in Dialect.allCases {
        for outcome in RequestRecord.Outcome.allCases {
          let count = series.requests(dialect, outcome)
          if count > 0 { write(series, dialect, outcome, count, into: &text) }
        }
      }
    }
  }

  private func write(
    _ series: ModelSeries, _ dialect: Dialect, _ outcome: RequestRecord.Outcome, _ count: UInt64,
    into text: inout PrometheusText
  ) {
    text.sample(
      .requests,
      labels: labels(series) + [("dialect", dialect.rawValue), ("outcome", outcome.rawValue)],
      String(count))
  }

  private func writePhases(into text: inout PrometheusText) {
    for series in series {
      for phase in RequestPhase.allCases {
        text.histogram(
          .requestPhase, labels: labels(series) + [("phase", phase.rawValue)],
          series.phase(phase))
      }
    }
  }

  /// Triton's reasons out of our outcomes: it counts what waited too long as rejected.
  private func writeTritonFailures(into text: inout PrometheusText) {
    for series in series {
      let reasons: [(String, UInt64)] = [
        ("REJECTED", series.requests(.rejected) + series.requests(.deadlineExceeded)),
        ("CANCELED", series.requests(.cancelled)), ("BACKEND", series.requests(.failed)),
        ("OTHER", series.requests(.invalid)),
      ]
      for (reason, count) in reasons {
        text.sample(.tritonFailure, labels: labels(series) + [("reason", reason)], String(count))
      }
    }
  }

  private func writeEach(
    _ name: MetricName, into text: inout PrometheusText, _ read: (ModelSeries) -> UInt64
  ) {
    for series in series { text.sample(name, labels: labels(series), String(read(series))) }
  }

  /// Those of models that keep answers.
  private var keeping: [ModelSeries] {
    series.filter { series in
      models.contains {
        $0.keepsAnswers && $0.name == series.name && $0.version == series.version
      }
    }
  }

  private func writeCache(
    _ name: MetricName, into text: inout PrometheusText, _ read: (ModelSeries) -> UInt64
  ) {
    for series in keeping { text.sample(name, labels: labels(series), String(read(series))) }
  }

  private func writeModels(
    _ name: MetricName, into text: inout PrometheusText, _ read: (ModelFigures) -> Int
  ) {
    for model in models {
      text.sample(name, labels: labels(model.name, model.version), String(read(model)))
    }
  }

  private func writeOutcomes(
    _ name: MetricName, into text: inout PrometheusText,
    _ read: (RequestRecord.Outcome) -> UInt64
  ) {
    for outcome in RequestRecord.Outcome.allCases {
      text.sample(name, labels: [("outcome", outcome.rawValue)], String(read(outcome)))
    }
  }

  private func writeFigure(_ figure: Figure, into text: inout PrometheusText) {
    if let read = figures[figure] { text.sample(figure.metric, String(read())) }
  }

  private func write(_ name: MetricName, _ value: Double?, into text: inout PrometheusText) {
    if let value { text.sample(name, PrometheusText.number(value)) }
  }

  private func write(_ name: MetricName, _ value: Int?, into text: inout PrometheusText) {
    if let value { text.sample(name, String(value)) }
  }

  private var startSeconds: Double? {
    guard let process, let machine else { return nil }
    return machine.bootSeconds + process.startSecondsAfterBoot
  }

  private func labels(_ series: ModelSeries) -> [(String, String)] {
    labels(series.name, series.version)
  }

  private func labels(_ name: String, _ version: Int64) -> [(String, String)] {
    [("model", name), ("version", version == 0 ? "" : String(version))]
  }
}
