package import Inference
import Reports
package import WireFormats

/// One way of serving a model: what `apus tune` tries, and what it writes down in the end.
package struct TuningConfiguration: Sendable, Hashable {
  /// What computes it, and how exactly: what may change answers.
  package struct Variant: Sendable, Hashable {
    package let precision: RuntimeOptions.Precision
    /// As `model.yaml` calls it: `onnxruntime`, `openvino`.
    package let runtime: String

    package init(precision: RuntimeOptions.Precision, runtime: String) {
      self.precision = precision
      self.runtime = runtime
    }

    package var text: String { "\(precision.rawValue), \(runtime)" }
  }

  package var variant: Variant
  /// Concurrent callers of the loaded model.
  package var instances: Int
  /// Threads of one run.
  package var threads: Int
  /// Most rows of one run; with 1 each request runs alone.
  package var rowsMax: Int
  /// How long a request may wait for others; 0 where each runs alone.
  package var delayNanoseconds: UInt64

  package init(
    variant: Variant, instances: Int, threads: Int, rowsMax: Int = 1, delayNanoseconds: UInt64 = 0
  ) {
    self.variant = variant
    self.instances = instances
    self.threads = threads
    self.rowsMax = rowsMax
    self.delayNanoseconds = delayNanoseconds
  }

  /// Requests of one row that keep it busy without any having to wait for a run: as many callers ask,
  /// where nothing else is said.
  package var callers: Int { instances * rowsMax }

  /// As a person reads it: `2 x 1 thread, batch 4 within 2.0 ms, auto, openvino`.
  package var text: String {
    let delay = delayNanoseconds == 0 ? "" : " within \(Readable.time(delayNanoseconds))"
    let batch = rowsMax == 1 ? "" : ", batch \(rowsMax)\(delay)"
    return
      "\(instances) x \(threads) \(threads == 1 ? "thread" : "threads")\(batch), \(variant.text)"
  }
}

extension TuningConfiguration {
  package var json: JSONValue {
    .object([
      .init("instances", .integer(Int64(instances))),
      .init("runtime_threads", .integer(Int64(threads))),
      .init("max_batch_size", .integer(Int64(rowsMax))),
      .init("batch_delay_ms", .number(Double(delayNanoseconds) / 1e6)),
      .init("precision", .string(variant.precision.rawValue)),
      .init("runtime", .string(variant.runtime)),
    ])
  }

  /// `nil` for a document that is none of these.
  package init?(json: JSONValue) {
    guard let instances = json.number("instances"), let threads = json.number("runtime_threads"),
      let rowsMax = json.number("max_batch_size"), let delay = json.number("batch_delay_ms"),
      let precision = json.text("precision").flatMap(RuntimeOptions.Precision.init),
      let runtime = json.text("runtime")
    else { return nil }
    self.init(
      variant: Variant(precision: precision, runtime: runtime), instances: Int(instances),
      threads: Int(threads), rowsMax: Int(rowsMax),
      delayNanoseconds: UInt64((delay * 1e6).rounded()))
  }
}

extension JSONValue {
  func number(_ key: String) -> Double? {
    switch self[key] {
    case .integer(let value): Double(value)
    case .number(let value): value
    default: nil
    }
  }

  func text(_ key: String) -> String? {
    guard case .string(let text) = self[key] else { return nil }
    return text
  }
}
