package import WireFormats

/// What works on this machine, in the order in which it was looked at.
package struct DoctorReport: Sendable {
  package let findings: [Finding]

  package init(_ findings: [Finding]) { self.findings = findings }

  /// Nothing is missing that serving ONNX models needs.
  package var isFit: Bool { !findings.contains { $0.isNeeded && $0.state == .missing } }

  /// A block for each topic, and a verdict; what is missing says how to get it on the next line.
  package var lines: [String] {
    var lines: [String] = []
    for topic in Finding.Topic.allCases {
      let block = findings.filter { $0.topic == topic }
      guard !block.isEmpty else { continue }
      if !lines.isEmpty { lines.append("") }
      lines.append(topic.rawValue)
      lines += Self.lines(of: block)
    }
    return lines + ["", verdict]
  }

  private static func lines(of block: [Finding]) -> [String] {
    var table = TextTable([.init(""), .init(""), .init(""), .init("")])
    for finding in block {
      table.add(["", finding.state.rawValue, finding.subject, finding.detail])
      if let remedy = finding.remedy { table.add(["", "", "", "-> \(remedy)"]) }
    }
    return table.lines
  }

  private var verdict: String {
    let missing = findings.filter { $0.state == .missing }
    if !isFit {
      let names = missing.filter(\.isNeeded).map(\.subject).joined(separator: ", ")
      return "ONNX models cannot be served here yet: \(names)"
    }
    if missing.isEmpty { return "everything works" }
    let names = missing.map(\.subject).joined(separator: ", ")
    return "ONNX models can be served; of the rest is missing: \(names)"
  }

  package var json: JSONValue {
    .object([
      .init("fit", .bool(isFit)),
      .init("findings", .array(findings.map(Self.json))),
    ])
  }

  private static func json(of finding: Finding) -> JSONValue {
    var members: [JSONValue.Member] = [
      .init("topic", .string(finding.topic.rawValue)),
      .init("subject", .string(finding.subject)),
      .init("state", .string(finding.state.rawValue)),
      .init("detail", .string(finding.detail)),
      .init("needed", .bool(finding.isNeeded)),
    ]
    if let remedy = finding.remedy { members.append(.init("remedy", .string(remedy))) }
    return .object(members)
  }
}
