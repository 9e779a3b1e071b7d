import ArgumentParser
import Jobs
import LoadTesting
import Reports
import Settings
import WireFormats

/// `apus bench run`, which `run` may be left out of: measures a model in this process, or a server.
struct BenchCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Measure a model, or a server that has one.",
    discussion: """
      Without more said, measures single-stream latency and offline throughput. Latency counts from \
      when a request was due, so that a slow answer hides nothing. The scenarios follow MLPerf's rules; \
      the figures are no MLPerf results. Ctrl-C ends with what was measured until then.

      apus bench yolo11n.onnx
      apus bench yolo11n.onnx --scenario server --rate 20 --latency-bound 100ms --duration 60s
      apus bench http://localhost:8000/v2/models/iris --concurrency 16 --json iris.json
      apus bench iris --scenario ramp --rate 10:200 --duration 60s
      apus bench http://localhost:8000/v2/models/iris --sweep rate=100..5000
      apus bench http://a:8000/v2/models/m --against http://b:8000/v2/models/m
      apus bench grpc://localhost:8001/iris --concurrency 16
      apus bench iris --data rows.csv --label species --fail-if 'p99>5ms' --fail-if 'accuracy<0.9'
      apus bench http://localhost:8000/v2/models/yolo11n/detect --data coco/instances.json
      """)

  @Argument(
    help: """
      A model file or directory, a demo model (digits, shapes, iris), or a URL: \
      http://HOST:PORT/v2/models/NAME, https:// too, or any other address; over gRPC \
      grpc://HOST:PORT/NAME[/VERSION], or grpcs://.
      """)
  var target: String

  @Option(
    help: """
      Measure this target, too, in turns with the first, and say how they differ and how sure that is.
      """)
  var against: String?

  @OptionGroup var load: LoadArguments
  @OptionGroup var shape: ShapeArguments
  @OptionGroup var inputs: InputArguments
  @OptionGroup var connections: ConnectionArguments
  @OptionGroup var calls: GRPCArguments

  @Option(help: "Write the results there as JSON; - is standard output, instead of the text.")
  var json: String?

  @Option(
    help: """
      End with 1 where a figure is beyond a bound: 'p99>20ms', 'throughput<100', 'errors>0.1%'. Figures \
      are mean, p50, p90, p95, p99, p99.9, p99.99, max, throughput, errors and lag; of accuracy map, \
      map50, map75, map_small, map_medium, map_large, top1, top5, accuracy, auc, log_loss, rmse and r2.
      """)
  var failIf: [String] = []

  @OptionGroup var reports: ReportArguments
  @OptionGroup var loading: ModelArguments

  func run() throws {
    let thresholds = try thresholds()
    // Wrong usage is told before anything is loaded.
    let options = try options()
    let asked = try plans(options, usualConcurrency: 1)
    if against != nil, asked.contains(where: { !$0.isComplete }) {
      throw Failure.usage("--against: say the --rate at which both are measured")
    }
    if options.sweepAxis != nil, against != nil || !thresholds.isEmpty {
      throw Failure.usage("--sweep: --against and --fail-if are for single loads")
    }
    let targets = [target] + [against].compactMap { $0 }
    try calls.check(targets)
    try loading.check(targets)
    let samples = inputs.samples
    let tolerance = try samples.toleranceValue
    if samples.label != nil || samples.truth != nil, inputs.data.isEmpty {
      throw Failure.usage("--label and --truth need --data, what they are the truth of")
    }
    let isOne = against == nil && options.sweepAxis == nil
    if samples.compliance, !isOne || asked.contains(where: { !$0.isComplete }) {
      throw Failure.usage(
        "--compliance is for one target and single loads, and for server with a --rate")
    }
    // Open loads may need more connections than a process usually may have.
    MachineLimits.raiseOpenFileLimit()
    let reporting = try reports.prepare()
    let interrupt = BenchInterrupt()
    let opened = try open(target)
    defer { opened.close() }
    let plans = try plans(options, usualConcurrency: opened.concurrency)
    let session = BenchSession(
      target: opened.target, name: TextTable.harmless(target), isQuiet: json == "-",
      interrupt: interrupt, generatorThreads: connections.generatorThreads,
      watch: opened.watch, judging: opened.judging)
    let measured = try measure(
      plans, options.sweepAxis, session, opened, tolerance: tolerance)
    try write(measured.documents)
    try reporting.writeCases(measured.outcomes, thresholds)
    let comparisons = try reporting.write(measured.documents, target: target)
    for comparison in comparisons { session.tell([""] + comparison.lines) }
    try judge(measured, thresholds)
    if reports.judging.failOnRegression, comparisons.contains(where: { !$0.regressions.isEmpty }) {
      throw ExitCode(1)
    }
  }

  /// What was measured.
  private struct Measured {
    let documents: [JSONValue]
    let outcomes: [LoadOutcome]
    /// All of it went to its end, and found what it was to find.
    let isComplete: Bool
  }

  private func measure(
    _ plans: [LoadPlan], _ sweepAxis: LoadSweep.Axis?, _ session: BenchSession,
    _ opened: BenchTarget, tolerance: Double
  ) throws -> Measured {
    if let sweepAxis {
      let sweep = try session.sweep(plans, sweepAxis)
      return Measured(
        documents: [sweep.json { document(of: $0, facts: opened.facts) }],
        outcomes: sweep.points.map(\.outcome), isComplete: !sweep.isInterrupted)
    }
    guard let against else {
      let outcomes =
        if inputs.samples.compliance {
          try session.complianceRuns(plans, samples: try opened.askedSamples, tolerance: tolerance)
        } else {
          try session.run(plans)
        }
      return Measured(
        documents: outcomes.map { document(of: $0, facts: opened.facts) }, outcomes: outcomes,
        isComplete: outcomes.allSatisfy(\.isGood))
    }
    let other = try open(against)
    defer { other.close() }
    let comparisons = try session.compare(
      plans, with: other.target, TextTable.harmless(against), judging: other.judging)
    let documents = comparisons.map {
      $0.json(
        target: document(of: $0.target, facts: opened.facts),
        against: document(of: $0.against, facts: other.facts))
    }
    let outcomes = comparisons.map(\.target)
    return Measured(
      documents: documents, outcomes: outcomes, isComplete: outcomes.allSatisfy(\.isGood))
  }

  private func open(_ target: String) throws -> BenchTarget {
    let seed = load.seed.flatMap(UInt64.init) ?? 0
    guard HTTPAddress.isMeant(by: target) else {
      return try BenchTarget(model: target, inputs: inputs, seed: seed, loading: loading)
    }
    if let address = try calls.address(target) {
      return try BenchTarget(
        address: address, calls, trust: connections.trust, inputs: inputs, model: loading,
        seed: seed)
    }
    return try BenchTarget(
      address: connections.address(target), inputs: inputs, method: connections.method, seed: seed)
  }

  private func options() throws -> LoadOptions {
    var options = load.options
    try shape.add(to: &options)
    return options
  }

  private func plans(_ options: LoadOptions, usualConcurrency: Int) throws -> [LoadPlan] {
    do {
      return try options.plans(usualConcurrency: usualConcurrency)
    } catch {
      throw Failure.usage("\(error)")
    }
  }

  private func thresholds() throws -> [FailureThreshold] {
    do {
      return try failIf.flatMap { try FailureThreshold.parse($0) }
    } catch {
      throw Failure.usage("\(error)")
    }
  }

  private func document(
    of outcome: LoadOutcome, facts: [(key: String, value: String)]
  ) -> JSONValue {
    outcome.json(
      environment: LoadEnvironment.read(adding: [(key: "apus", value: Version.text)] + facts),
      command: CommandText.ofThisProcess)
  }

  /// One document for one scenario, an array of them for several.
  private func write(_ documents: [JSONValue]) throws {
    guard let json else { return }
    let bytes = (documents.count == 1 ? documents[0] : .array(documents)).bytes
    guard json != "-" else { return Terminal.tell(String(decoding: bytes, as: UTF8.self)) }
    do {
      try JobFile.write(bytes + [UInt8(ascii: "\n")], to: json)
    } catch {
      throw Failure.operation("\(error)")
    }
  }

  private func judge(_ measured: Measured, _ thresholds: [FailureThreshold]) throws {
    // What was printed says why.
    guard measured.isComplete else { throw ExitCode(1) }
    let complaints = measured.outcomes.flatMap { outcome in
      thresholds.compactMap { $0.complaint(about: outcome) }
    }
    for complaint in complaints.dropLast() { Terminal.complain("--fail-if \(complaint)") }
    if let last = complaints.last { throw Failure.operation("--fail-if \(last)") }
  }
}

extension LoadOutcome {
  /// It went to its end, was judged where something says what is right, and passed where it was tested.
  fileprivate var isGood: Bool {
    isComplete && accuracyProblem == nil && compliance?.isPassed != false
  }
}

extension ModelArguments {
  /// Refuses what none of the targets has a use for, before anything is loaded.
  fileprivate func check(_ targets: [String]) throws {
    guard targets.allSatisfy(HTTPAddress.isMeant) else { return }
    // Over gRPC photos are made tensors here, so what the model is for is this side's affair.
    let isGRPC = targets.contains(where: GRPCAddress.isMeant)
    let others = [runtimeThreads, precision, runtime].contains { $0 != nil }
    guard isGRPC ? others : areGiven else { return }
    let names = isGRPC ? "" : "--labels, --task, "
    throw Failure.usage(
      "\(names)--runtime-threads, --precision and --runtime are for a model in this process; a "
        + "server has its own settings")
  }
}
