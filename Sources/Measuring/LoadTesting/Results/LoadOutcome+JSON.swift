package import WireFormats

extension LoadOutcome {
  /// The result as a document; its keys are part of the command's contract.
  package func json(environment: LoadEnvironment, command: String) -> JSONValue {
    let told: [JSONValue.Member] = [
      .init("scenario", .string(plan.scenario.rawValue)), .init("valid", .bool(isValid)),
      .init("full_run", .bool(isFullRun)), .init("latency_ms", latencies),
      .init(
        "throughput",
        .object([
          .init("value", .number(throughput)), .init("unit", .string(plan.scenario.throughputUnit)),
        ])), .init("errors", errors),
      // Speed without accuracy: said, not left out.
      .init("accuracy", accuracy?.json ?? .null), .init("generator", generator),
      .init("environment", environment.json), .init("command", .string(command)),
      .init("problems", .array(problems.map { .string($0) })), .init("run", run),
      .init("bytes", traffic?.json(seconds: seconds) ?? .null),
      .init("server", use?.serverJSON ?? .null),
      .init("energy", use?.energyJSON(sampleCount: figures.answeredSampleCount) ?? .null),
      .init("windows", WindowTable(figures.windows).json),
      .init("distribution", LatencyDistribution(figures.latencies).json),
    ]
    return .object(
      told + (phases.map { [.init("phases", $0)] } ?? [])
        + (compliance.map { [.init("compliance", $0.json)] } ?? []))
  }

  private var latencies: JSONValue {
    var members: [JSONValue.Member] = [.init("mean", milliseconds(figures.latencies.mean))]
    for (name, fraction) in Self.percentiles {
      let value = figures.latencies.percentile(fraction)
      members.append(.init("p\(name)", milliseconds(value.map { Double($0) })))
    }
    members.append(.init("max", milliseconds(figures.latencies.percentile(1).map { Double($0) })))
    members.append(.init("early_stopping", milliseconds(sureLatency.map { Double($0) })))
    return .object(members)
  }

  /// Name and fraction of each percentile that is told.
  static let percentiles: [(name: String, fraction: Double)] = [
    ("50", 0.5), ("90", 0.9), ("95", 0.95), ("99", 0.99), ("99_9", 0.999),
    ("99_99", 0.9999),
  ]

  private var errors: JSONValue {
    let kinds = figures.failures.sorted { $0.key < $1.key }
    return .object([
      .init("rate", .number(errorRate)),
      .init("by_kind", .object(kinds.map { .init($0.key, .integer(Int64($0.value))) })),
    ])
  }

  private var generator: JSONValue {
    let lag = figures.lags.percentile(0.99).map { Double($0) }
    let others = disturbance.otherFraction ?? disturbance.doubtfulFraction
    let processor = generatorNanoseconds.map { Double($0) / 1e9 }
    return .object([
      .init("lag_p99_ms", milliseconds(lag)), .init("cpu_steal", .number(stolenFraction)),
      .init("other_processes", others.map { .number($0) } ?? .null),
      .init("cpu_seconds", processor.map { .number($0) } ?? .null),
      .init("cpu_cores", processor.map { .number(seconds > 0 ? $0 / seconds : 0) } ?? .null),
    ])
  }

  /// What was asked.
  private var run: JSONValue {
    var members: [JSONValue.Member] = [
      .init("queries", .integer(Int64(figures.queryCount))),
      .init("samples_per_query", .integer(Int64(plan.scenario.samplesPerQuery))),
      .init("seconds", .number(seconds)), .init("interrupted", .bool(isInterrupted)),
    ]
    if let rate = plan.rate, plan.scenario.isOpen { members.append(.init("rate", .number(rate))) }
    if !plan.scenario.isOpen {
      members.append(.init("concurrency", .integer(Int64(plan.concurrency))))
    }
    if isOneQuery {
      // Counted above are the requests that carry its samples.
      members.append(
        .init(
          "offline",
          .object([
            .init("queries", .integer(1)), .init("samples", .integer(Int64(figures.queryCount))),
            .init("requests_open", .integer(Int64(plan.concurrency))),
            .init("samples_of_full_run", .integer(Int64(LoadPlan.fullSampleCount))),
          ])))
    }
    if let think = plan.think {
      members.append(.init("think_ms", milliseconds(Double(think.meanNanoseconds))))
      members.append(.init("think", .string(think.kind.rawValue)))
    }
    if plan.scenario.isOpen, plan.trace == nil {
      members.append(.init("arrivals", .string(plan.arrivals.rawValue)))
    }
    if plan.scenario == .server {
      let bound = Double(plan.latencyBoundNanoseconds)
      members.append(.init("latency_bound_ms", milliseconds(bound)))
    }
    return .object(members)
  }

  private func milliseconds(_ nanoseconds: Double?) -> JSONValue {
    nanoseconds.map { .number($0 / 1_000_000) } ?? .null
  }
}
