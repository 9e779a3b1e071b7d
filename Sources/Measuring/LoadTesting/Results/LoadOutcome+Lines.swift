import Reports

extension LoadOutcome {
  /// The result as a person reads it.
  package func lines(target: String) -> [String] {
    var lines = ["\(plan.scenario.rawValue), \(target): \(extent)"]
    if figures.latencies.count > 0 { lines += latencyTable.lines.map { "  " + $0 } }
    lines += phaseLines.map { "  " + $0 }
    var facts = TextTable([.init(""), .init("")])
    for (name, value) in self.facts { facts.add([name, value]) }
    return lines + facts.lines.map { "  " + $0 }
  }

  private var extent: String {
    if isOneQuery {
      let samples = figures.queryCount == 1 ? "1 sample" : "\(figures.queryCount) samples"
      return
        "1 query of \(samples) in \(Readable.decimal(seconds, places: 1)) s, handed over at once"
    }
    let queries = figures.queryCount == 1 ? "1 query" : "\(figures.queryCount) queries"
    let size = plan.scenario.samplesPerQuery
    let samples = size == 1 ? "" : " of \(size) samples"
    return "\(queries)\(samples) in \(Readable.decimal(seconds, places: 1)) s, \(manner)"
  }

  private var manner: String {
    let spread = plan.arrivals == .poisson ? "at random" : "evenly"
    if plan.trace != nil { return "as they were recorded" }
    if plan.profile != nil { return "at rates that change, \(spread)" }
    if plan.scenario.isOpen, let rate = plan.rate {
      return "\(RateText.of(rate)) a second, \(spread)"
    }
    let thinking = plan.think.map { ", each thinking for \(Readable.time($0.meanNanoseconds))" }
    return (plan.concurrency == 1 ? "one at a time" : "\(plan.concurrency) at a time")
      + (thinking ?? "")
  }

  private var latencyTable: TextTable {
    let fractions: [(name: String, fraction: Double)] = [
      ("p50", 0.5), ("p90", 0.9), ("p95", 0.95), ("p99", 0.99), ("p99.9", 0.999),
      ("p99.99", 0.9999), ("max", 1),
    ]
    var table = TextTable(
      [.init("latency"), .init("mean", .right)] + fractions.map { .init($0.name, .right) })
    let values = fractions.map { Double(figures.latencies.percentile($0.fraction) ?? 0) }
    table.add(["ms"] + ([figures.latencies.mean ?? 0] + values).map(MillisecondText.of))
    return table
  }

  private var facts: [(String, String)] {
    var facts: [(String, String)] = []
    if let sureLatency, let percentile = plan.scenario.percentile {
      let name = "p\(Int((percentile * 100).rounded())), early stopping"
      facts.append((name, "\(MillisecondText.of(Double(sureLatency))) ms"))
    }
    if isOneQuery {
      facts.append(
        ("requests open", "\(plan.concurrency) at a time: what a client has open is the limit"))
    }
    facts.append(("throughput", "\(RateText.of(throughput)) \(plan.scenario.throughputUnit)"))
    facts.append(("errors", errorText))
    if let traffic, seconds > 0 {
      func rate(_ count: Int) -> String {
        "\(Readable.bytes(Int(Double(count) / seconds))) a second"
      }
      facts.append(("network", "\(rate(traffic.sent)) out, \(rate(traffic.received)) in"))
    }
    if let lag = figures.lags.percentile(0.99) {
      facts.append(("generator late by", "\(MillisecondText.of(Double(lag))) ms at p99"))
    }
    if let generatorNanoseconds {
      let time = Double(generatorNanoseconds) / 1e9
      let cores = Readable.decimal(seconds > 0 ? time / seconds : 0, places: 2)
      facts.append(
        (
          "generator used",
          "\(Readable.decimal(time, places: 2)) s of processor time, \(cores) cores"
        ))
    }
    facts += use?.facts(sampleCount: figures.answeredSampleCount) ?? []
    if let doubtfulOthers { facts.append(("other processes", doubtfulOthers)) }
    facts.append(("valid", isValid ? "yes" : "no"))
    for problem in problems { facts.append(("", problem)) }
    if !isFullRun, plan.scenario.isStandard {
      let samples = isOneQuery ? " and \(LoadPlan.fullSampleCount) samples" : ""
      facts.append(("not a full run", "MLPerf's rules ask for 600 s\(samples): --duration 600s"))
    }
    facts +=
      accuracy?.facts ?? [("accuracy", "not measured")]
    return facts + (compliance?.facts ?? [])
  }

  private var errorText: String {
    guard figures.failedCount > 0 else { return "none" }
    let kinds = figures.failures.sorted { $0.value > $1.value }.map { "\($0.key) \($0.value)" }
    return "\(Readable.decimal(errorRate * 100, places: 2)) % (\(kinds.joined(separator: ", ")))"
  }
}

/// A rate with as many digits as are worth reading.
enum RateText {
  static func of(_ rate: Double) -> String {
    Readable.decimal(rate, places: rate < 10 ? 2 : rate < 1_000 ? 1 : 0)
  }
}
