import Inference
import Monitoring

/// A request that took a known time in each phase; times in microseconds.
func record(
  model: String = "m", version: Int64 = 1, outcome: RequestRecord.Outcome = .success,
  dialect: Dialect = .openInference, rows: Int = 1
) -> RequestRecord {
  func at(_ microseconds: UInt64) -> Instant { Instant(nanoseconds: 1 + microseconds * 1_000) }
  var context = RequestContext(
    id: "id-1", caller: Caller(name: "10.0.0.7"), dialect: dialect, arrival: at(0))
  context.traceParent = nil
  var record = RequestRecord(context: context, model: model)
  record.operation = "POST /v2/models/\(model)/infer"
  record.statusCode = 200
  record.outcome = outcome
  record.bodyRead = at(10)
  record.decoded = at(70)
  record.served.version = version
  record.served.admitted = at(70)
  record.served.started = at(370)
  record.served.computed = at(2_370)
  record.served.rowCount = rows
  record.served.batchRowCount = rows
  record.encoded = at(2_400)
  record.written = at(2_500)
  return record
}

/// A request that failed before a version was chosen.
func failedRecord(_ failure: InferenceFailure, model: String = "m") -> RequestRecord {
  var failed = record(model: model, outcome: failure.outcome)
  failed.failure = failure
  failed.statusCode = 400
  failed.served = ServedPhases()
  failed.encoded = .never
  return failed
}

/// The samples of a metrics page, by name and labels as they are written.
struct Samples {
  let text: String
  let values: [String: Double]

  init(_ metrics: Metrics) {
    text = String(decoding: metrics.metricsText(), as: UTF8.self)
    var values: [String: Double] = [:]
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      guard let blank = line.lastIndex(of: " ") else { continue }
      values[String(line[..<blank])] = Double(line[line.index(after: blank)...])
    }
    self.values = values
  }

  subscript(_ sample: String) -> Double? { values[sample] }

  func names(containing part: String) -> [String] { values.keys.filter { $0.contains(part) } }
}

extension Metrics {
  /// Metrics that know these versions of the model `m`.
  static func serving(_ versions: Int64..., model: String = "m") -> Metrics {
    let metrics = Metrics(version: "1.0", coreCount: 2)
    for version in versions { metrics.load(model, version) }
    return metrics
  }

  func load(_ model: String, _ version: Int64) {
    happened(.modelStateChanged(name: model, version: version, state: .loading))
    happened(
      .modelLoaded(name: model, version: version, footprintByteCount: 1, instanceCount: 1))
    happened(.modelStateChanged(name: model, version: version, state: .ready))
  }

  func goes(_ model: String, _ version: Int64) {
    happened(.modelStateChanged(name: model, version: version, state: .gone))
  }
}
