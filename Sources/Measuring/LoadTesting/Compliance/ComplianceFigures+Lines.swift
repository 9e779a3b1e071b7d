import Reports

extension ComplianceFigures {
  /// As a person reads them: a name and a text each, the name empty where a line goes on.
  var facts: [(String, String)] {
    let mode = performanceMode
    var facts = [
      ("accuracy in performance mode", mode.isPassed ? "passed" : "failed"),
      ("", "\(mode.comparedCount) answers of the timed run compared, \(agreement)"),
      ("", "speed with answers kept: \(ratio(mode.speedRatio)) of that without, 0.9 to 1.1 pass"),
    ]
    if let problem = mode.firstProblem { facts.append(("", problem)) }
    facts.append(("repeat sample", repeatSample.isPassed ? "passed" : "failed"))
    facts.append(
      (
        "",
        "\(repeatSample.pairCount) samples asked twice: the second time "
          + "\(ratio(repeatSample.speedRatio)) times as fast, up to 1.1 passes"
      ))
    if let problem = repeatSample.firstProblem { facts.append(("", problem)) }
    facts.append(("", "named after MLPerf's audit tests; no MLPerf result"))
    return facts
  }

  private var agreement: String {
    let mode = performanceMode
    if mode.differingCount > 0 { return "\(mode.differingCount) differ" }
    guard mode.largestDifference > 0 else { return "equal to the bit" }
    return "equal within \(Readable.scientific(mode.tolerance))"
  }

  private func ratio(_ value: Double?) -> String {
    value.map { Readable.decimal($0, places: 3) } ?? "unknown"
  }
}
