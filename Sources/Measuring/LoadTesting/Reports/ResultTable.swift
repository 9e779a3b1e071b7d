import Reports
import WireFormats

/// Results as comma-separated values, RFC 4180: a row for each, with the same columns whatever was
/// measured.
package enum ResultTable {
  private static let latencies = [
    "mean", "p50", "p90", "p95", "p99", "p99_9", "p99_99", "max", "early_stopping",
  ]

  package static func csv(_ results: [BenchResult]) -> String {
    let head =
      ["scenario", "target", "valid", "full_run", "queries", "seconds"]
      + latencies.map { "\($0)_ms" }
      + [
        "throughput", "throughput_unit", "error_rate", "generator_lag_p99_ms", "server_queue_ms",
        "server_compute_ms", "sent_bytes_per_s", "received_bytes_per_s", "server_cpu_cores",
        "server_memory_bytes", "joules_per_sample",
        "problems", "command",
      ]
    return ([head] + results.map(row)).map { $0.map(cell).joined(separator: ",") + "\r\n" }.joined()
  }

  private static func row(_ result: BenchResult) -> [String] {
    let document = result.document
    let server = document["server"]
    let own = [
      result.scenario, result.name, "\(result.isValid)", "\(result.isFullRun)",
      "\(result.queryCount)", number(result.seconds),
    ]
    let judged = [
      number(result.throughput), result.throughputUnit, number(result.errorRate),
      number(document["generator"]?["lag_p99_ms"]?.finite),
      number(server?["model"]?["queue_ms"]?.finite),
      number(server?["model"]?["compute_infer_ms"]?.finite),
      number(document["bytes"]?["sent_per_s"]?.finite),
      number(document["bytes"]?["received_per_s"]?.finite),
      number(server?["cpu_cores"]?.finite), number(server?["memory_bytes"]?.finite),
      number(document["energy"]?["joules_per_sample"]?.finite),
      result.problems.joined(separator: "; "), result.command,
    ]
    return own + latencies.map { number(result.latencies[$0]) } + judged
  }

  /// Empty where it was not measured.
  private static func number(_ value: Double?) -> String {
    guard let value else { return "" }
    return value == value.rounded() && value.magnitude < 1e15 ? "\(Int(value))" : "\(value)"
  }

  /// A text that a spreadsheet would take for a formula begins with an apostrophe.
  static func cell(_ text: String) -> String {
    let isNumber = Double(text) != nil
    let isFormula = !isNumber && (text.first.map { "=+-@\t\r".contains($0) } ?? false)
    let plain = (isFormula ? "'" : "") + text
    guard plain.contains(where: { ",\"\r\n".contains($0) || $0.isNewline }) else { return plain }
    return "\""
      + plain.split(separator: "\"", omittingEmptySubsequences: false).joined(separator: "\"\"")
      + "\""
  }
}
