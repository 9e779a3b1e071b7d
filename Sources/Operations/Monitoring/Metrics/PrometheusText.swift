/// Writes Prometheus' text format 0.0.4.
///
/// Format: prometheus.io/docs/instrumenting/exposition_formats.
struct PrometheusText {
  private(set) var bytes: [UInt8] = []

  /// A family's two lines of comment; its samples follow.
  mutating func begin(_ family: MetricFamily) {
    append("# HELP \(family.name.rawValue) ")
    appendEscaped(family.meaning, isLabel: false)
    append("\n# TYPE \(family.name.rawValue) \(family.kind.rawValue)\n")
  }

  mutating func sample(
    _ name: MetricName, suffix: String = "", labels: [(String, String)] = [], _ value: String
  ) {
    append(name.rawValue)
    append(suffix)
    if !labels.isEmpty {
      for (place, label) in labels.enumerated() {
        append(place == 0 ? "{" : ",")
        append(label.0)
        append("=\"")
        appendEscaped(label.1, isLabel: true)
        append("\"")
      }
      append("}")
    }
    append(" \(value)\n")
  }

  mutating func histogram(
    _ name: MetricName, labels: [(String, String)], _ reading: HistogramReading
  ) {
    for (bound, count) in zip(reading.buckets.labels, reading.cumulative) {
      sample(name, suffix: "_bucket", labels: labels + [("le", bound)], String(count))
    }
    sample(name, suffix: "_sum", labels: labels, Self.number(reading.seconds))
    sample(name, suffix: "_count", labels: labels, String(reading.cumulative.last ?? 0))
  }

  /// A number without exponent where it is whole or short, else the shortest that reads back.
  static func number(_ value: Double) -> String {
    if let whole = Int64(exactly: value) { return String(whole) }
    return "\(value)"
  }

  private mutating func append(_ text: String) { bytes.append(contentsOf: text.utf8) }

  private mutating func appendEscaped(_ text: String, isLabel: Bool) {
    for byte in text.utf8 {
      switch byte {
      case UInt8(ascii: "\\"): append("\\\\")
      case UInt8(ascii: "\n"): append("\\n")
      case UInt8(ascii: "\"") where isLabel: append("\\\"")
      default: bytes.append(byte)
      }
    }
  }
}
