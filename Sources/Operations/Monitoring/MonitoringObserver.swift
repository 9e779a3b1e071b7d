package import Inference

/// Passes what happens on to the metrics, and writes what matters of it to the log.
package struct MonitoringObserver: EventObserver {
  private let metrics: Metrics
  private let accessLog: AccessLog
  private let log: ServerLog
  /// `nil` where no request is ever traced.
  private let traces: RequestTraces?

  package init(
    metrics: Metrics, accessLog: AccessLog, log: ServerLog, traces: RequestTraces? = nil
  ) {
    self.metrics = metrics
    self.accessLog = accessLog
    self.log = log
    self.traces = traces
  }

  package func finished(_ record: RequestRecord) {
    metrics.finished(record)
    accessLog.finished(record)
    traces?.finished(record)
  }

  package func wantsTensors(ofModel name: String) -> Bool {
    traces?.wantsTensors(ofModel: name) ?? false
  }

  package func happened(_ event: InferenceEvent) {
    metrics.happened(event)
    switch event {
    case .batchRan, .queueDepthChanged: break
    case .modelStateChanged(let name, let version, let state): stateChanged(name, version, state)
    case .modelLoaded(let name, let version, let footprint, let instances):
      log.write(
        .info, "model \(name) version \(version) loaded",
        model(name, version) + [
          (.memoryBytes, .number(Int64(footprint))), (.instances, .number(Int64(instances))),
        ])
    case .runExceededBound(let name, let version):
      log.write(
        .warn, "a run of \(name) version \(version) is over its bound and was told to stop",
        model(name, version))
    case .modelThreadAbandoned(let name, let version):
      log.write(
        .error, "a run of \(name) version \(version) would not end; its thread was given up",
        model(name, version))
    }
  }

  private func stateChanged(_ name: String, _ version: Int64, _ state: ModelState) {
    let (level, word, reason): (LogLevel, String, String?) =
      switch state {
      case .dormant: (.info, "dormant", nil)
      case .loading: (.info, "loading", nil)
      case .ready: (.info, "ready", nil)
      case .draining: (.info, "draining", nil)
      case .gone: (.info, "gone", nil)
      case .failed(let reason): (.error, "failed", reason)
      }
    var fields = model(name, version) + [(.state, .text(word))]
    if let reason { fields.append((.errorMessage, .text(reason))) }
    log.write(level, "model \(name) version \(version) is \(word)", fields)
  }

  private func model(_ name: String, _ version: Int64) -> [(LogKey, LogValue)] {
    [(.model, .text(name)), (.version, .number(version))]
  }
}
