package import WireFormats

/// What one run of one configuration came to.
package struct TuningFigures: Sendable, Equatable {
  /// Samples a second.
  package var throughput: Double
  /// Nanoseconds by name: `mean`, `p50`, ..., `max`; empty where nothing was answered.
  package var latencies: [String: Double]
  package var queryCount: Int
  package var failedCount: Int
  /// A sentence about the first failure.
  package var firstFailure: String?
  /// What the process of the model grew by, from before the load to after the run.
  package var memoryByteCount: Int
  package var nanoseconds: UInt64

  package init(
    throughput: Double, latencies: [String: Double], queryCount: Int, failedCount: Int = 0,
    firstFailure: String? = nil, memoryByteCount: Int, nanoseconds: UInt64
  ) {
    self.throughput = throughput
    self.latencies = latencies
    self.queryCount = queryCount
    self.failedCount = failedCount
    self.firstFailure = firstFailure
    self.memoryByteCount = memoryByteCount
    self.nanoseconds = nanoseconds
  }

  /// Names of latencies and their fractions.
  static let percentiles: [(name: String, fraction: Double)] = [
    ("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999), ("max", 1),
  ]

  package init(_ outcome: LoadOutcome, memoryByteCount: Int) {
    let record = outcome.figures.latencies
    var latencies: [String: Double] = [:]
    latencies["mean"] = record.mean
    for (name, fraction) in Self.percentiles {
      latencies[name] = record.percentile(fraction).map { Double($0) }
    }
    self.init(
      throughput: outcome.throughput, latencies: latencies, queryCount: outcome.figures.queryCount,
      failedCount: outcome.figures.failedCount, firstFailure: outcome.figures.firstFailure,
      memoryByteCount: memoryByteCount, nanoseconds: UInt64(outcome.seconds * 1e9))
  }

  /// It says how fast the model is: every query was answered.
  package var isUsable: Bool { failedCount == 0 && !latencies.isEmpty }
}

extension TuningFigures {
  package var json: JSONValue {
    let names = ["mean"] + Self.percentiles.map(\.name)
    let times = names.compactMap { name in
      latencies[name].map { JSONValue.Member(name, .number($0 / 1e6)) }
    }
    return .object([
      .init("throughput", .number(throughput)), .init("latency_ms", .object(times)),
      .init("memory_bytes", .integer(Int64(memoryByteCount))),
      .init("queries", .integer(Int64(queryCount))),
      .init("failed", .integer(Int64(failedCount))),
      .init("first_failure", firstFailure.map { .string($0) } ?? .null),
      .init("seconds", .number(Double(nanoseconds) / 1e9)),
    ])
  }

  /// `nil` for a document that is none of these.
  package init?(json: JSONValue) {
    guard let throughput = json.number("throughput"), let queries = json.number("queries"),
      let failed = json.number("failed"), let memory = json.number("memory_bytes"),
      let seconds = json.number("seconds"), let times = json["latency_ms"]
    else { return nil }
    var latencies: [String: Double] = [:]
    for name in ["mean"] + Self.percentiles.map(\.name) {
      latencies[name] = times.number(name).map { $0 * 1e6 }
    }
    self.init(
      throughput: throughput, latencies: latencies, queryCount: Int(queries),
      failedCount: Int(failed), firstFailure: json.text("first_failure"),
      memoryByteCount: Int(memory), nanoseconds: UInt64(seconds * 1e9))
  }
}
