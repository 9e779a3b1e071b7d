package import WireFormats

/// One result of `apus bench` as its document says it: what reports, tables and comparisons are made of,
/// whether it was measured now or read from a file.
///
/// Members that are missing or of another kind are as if nothing had been measured; only a document
/// without scenario and latencies is none.
package struct BenchResult: Sendable {
  package let document: JSONValue
  /// What was measured, as its environment says, or the name that its file gave it.
  package var name: String
  package let scenario: String
  package let isValid: Bool
  package let isFullRun: Bool
  package let problems: [String]
  /// Milliseconds by name: `mean`, `p50`, ...; those that were measured.
  package let latencies: [String: Double]
  package let throughput: Double
  package let throughputUnit: String
  package let errorRate: Double
  /// Number of failures by kind, the most frequent first.
  package let failures: [(kind: String, count: Int)]
  package let environment: [(key: String, value: String)]
  package let command: String
  package let queryCount: Int
  package let seconds: Double
  let distribution: LatencyDistribution
  package let windows: WindowTable

  /// Failures of more kinds are not told apart by anybody.
  private static let kindsMax = 50
  private static let textCountMax = 4_000

  /// `nil` where the document is no result.
  package init?(_ document: JSONValue) {
    guard case .string(let scenario)? = document["scenario"],
      case .object(let latencies)? = document["latency_ms"]
    else { return nil }
    self.document = document
    self.scenario = Self.clipped(scenario)
    self.latencies = Dictionary(
      latencies.compactMap { member in member.value.finite.map { (member.key, $0) } },
      uniquingKeysWith: { first, _ in first })
    isValid = document["valid"] == .bool(true)
    isFullRun = document["full_run"] == .bool(true)
    problems = document["problems"].texts.map(Self.clipped)
    throughput = document["throughput"]?["value"]?.finite ?? 0
    throughputUnit = Self.clipped(document["throughput"]?["unit"]?.text ?? "queries/s")
    errorRate = document["errors"]?["rate"]?.finite ?? 0
    failures = Self.failures(document["errors"]?["by_kind"])
    environment = (document["environment"]?.members ?? []).prefix(100).compactMap { member in
      member.value.text.map { (Self.clipped(member.key), Self.clipped($0)) }
    }
    command = Self.clipped(document["command"]?.text ?? "")
    queryCount = document["run"]?["queries"]?.whole.map { Int(clamping: $0) } ?? 0
    seconds = document["run"]?["seconds"]?.finite ?? 0
    distribution = LatencyDistribution(document["distribution"])
    windows = WindowTable(document["windows"])
    name = environment.first { $0.key == "target" }?.value ?? self.scenario
  }

  private static func failures(_ document: JSONValue?) -> [(kind: String, count: Int)] {
    let all = (document?.members ?? []).prefix(kindsMax).compactMap { member in
      member.value.whole.map { (kind: clipped(member.key), count: Int(clamping: $0)) }
    }
    return all.sorted { ($1.count, $0.kind) < ($0.count, $1.kind) }
  }

  private static func clipped(_ text: String) -> String { String(text.prefix(textCountMax)) }

  /// The setting of that name, of what was asked.
  package func asked(_ key: String) -> JSONValue? { document["run"]?[key] }
}

extension JSONValue {
  /// A number that can be computed with.
  var finite: Double? {
    switch self {
    case .integer(let value): Double(value)
    case .number(let value): value.isFinite ? value : nil
    default: nil
    }
  }

  var text: String? {
    if case .string(let text) = self { return text }
    return nil
  }

  var members: [Member] {
    if case .object(let members) = self { return members }
    return []
  }

  var elements: [JSONValue] {
    if case .array(let elements) = self { return elements }
    return []
  }
}

extension JSONValue? {
  var texts: [String] { (self?.elements ?? []).prefix(100).compactMap(\.text) }
}
