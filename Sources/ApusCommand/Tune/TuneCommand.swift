import ArgumentParser
import Glibc
import Inference
import Jobs
import LoadTesting
import ModelStore
import Reports
import Settings
import WireFormats

/// `apus tune`: finds how a model is served best on this machine.
struct TuneCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune",
    abstract: "Find how a model is served best on this machine, and write it down.",
    discussion: """
      Tries instances, threads, batch sizes, delays, precisions and runtimes, many of them shortly and \
      the best for longer, each in a process of its own. Shows what it tried, the frontier of latency, \
      throughput and memory, and what the winner gains over the default; writes a model.yaml for apus \
      serve. Ctrl-C ends with what was found until then, and writes none.

      apus tune yolo11n.onnx --target 'p99<60ms'
      apus tune yolo11n.onnx --target 'p99<60ms' --target 'memory<500MB' --maximise throughput
      apus tune models/iris --rate 200 --minimise p99 --force
      apus tune iris --precision f32 --time-budget 60s --output - --json iris.json
      """)

  @Argument(help: "A model file or directory, or a demo model: digits, shapes, iris.")
  var model: String

  @Option(
    help: """
      What is to be kept: 'p99<30ms', 'throughput>100', 'memory<500MB'. May be given several times. \
      Figures are mean, p50, p90, p95, p99 (or latency), p99.9, max, throughput and memory.
      """)
  var target: [String] = []

  @Option(help: "What is to be as high as can be: throughput. (default, without --rate)")
  var maximise: String?

  @Option(
    help: "What is to be as low as can be: p99, p50, mean, memory ... (default with --rate: p99)")
  var minimise: String?

  @OptionGroup var effort: TuningEffortArguments
  @OptionGroup var axes: TuningAxisArguments

  @Option(
    help: """
      Files to ask with, in place of random inputs: photos, V2 requests (.json), rows (.csv), arrays. \
      Where they say what is right, accuracy is measured.
      """)
  var data: [String] = []

  @Option(
    help: "The column or array of --data that says what is right, so that accuracy is measured.")
  var label: String?

  @Option(help: "A file that says what is right, as for apus bench.")
  var truth: String?

  @Option(help: "For random inputs, a shape where any length goes: images=1,3,640,640.")
  var shape: [String] = []

  @Option(
    help: """
      Where model.yaml is written: a directory for apus serve, or a file that ends in .yaml; - only shows \
      it. (default: the model's own directory; for a file one of the model's name, here)
      """)
  var output: String?

  @Flag(help: "Replace a model.yaml that is there; what it says of other settings is kept.")
  var force = false

  @Option(help: "Write the results there as JSON; - is standard output, instead of the text.")
  var json: String?

  @Option(help: "Write a report with plots there: one page of HTML that needs nothing else.")
  var report: String?

  func run() throws {
    let goal = try goal()
    let values = try effort.values()
    if label != nil || truth != nil, data.isEmpty {
      throw Failure.usage("--label and --truth need --data, what they are the truth of")
    }
    let settings = try ModelArguments.parse([]).settings()
    let plan = try ModelArguments.parse([]).onlyPlan(model, settings: settings)
    if let reason = plan.untunableReason { throw Failure.usage("\(model): \(reason)") }
    let variants = try axes.variants(isONNX: plan.isONNX)
    _ = try axes.axes(variants, cores: settings.machine.cores)
    let tuned = try TunedModel(output: output, isForced: force, model: model, plan: plan)
    let interrupt = TuneInterrupt()
    let directory = try Self.makeDirectory()
    defer { Self.remove(directory) }
    let place = TrialWorker.Place(
      model: model, inputs: inputWords, seed: effort.seed, directory: directory,
      interrupt: interrupt)
    let report = try TuneSession(
      .init(
        place: place, name: plan.name, isONNX: plan.isONNX, machine: settings.machine, goal: goal,
        effort: values, variants: variants,
        axes: try axes.axes(variants, cores: settings.machine.cores), isQuiet: json == "-")
    ).run()
    try tell(report, of: plan)
    try conclude(report, tuned, settings)
  }

  /// What it is asked with, as a worker is told.
  private var inputWords: [String] {
    data.flatMap { ["--data", $0] } + shape.flatMap { ["--shape", $0] }
      + (label.map { ["--label", $0] } ?? []) + (truth.map { ["--truth", $0] } ?? [])
  }

  private func goal() throws -> TuningGoal {
    do {
      return try TuningGoal.read(
        targets: target, maximise: maximise, minimise: minimise, hasRate: effort.rate != nil)
    } catch {
      throw Failure.usage("\(error)")
    }
  }

  // MARK: What came of it

  private func tell(_ found: TuningReport, of plan: ModelPlan) throws {
    if json != "-" { Terminal.tell(found.lines(name: plan.name).joined(separator: "\n")) }
    let environment = LoadEnvironment.read(adding: [(key: "apus", value: Version.text)])
    if let report {
      let page = TuningPage(
        found, name: plan.name, verdict: verdict(found), environment: environment,
        command: CommandText.ofThisProcess)
      try Self.write(Array(page.html.utf8), to: report)
    }
    guard let json else { return }
    let document = found.json(environment: environment, command: CommandText.ofThisProcess)
    guard json != "-" else { return Terminal.tell(document.text) }
    try Self.write(document.bytes + [UInt8(ascii: "\n")], to: json)
  }

  private static func write(_ bytes: [UInt8], to file: String) throws {
    do throws(JobProblem) {
      try JobFile.write(bytes, to: file)
    } catch {
      throw Failure.operation("\(error)")
    }
  }

  private func conclude(
    _ report: TuningReport, _ tuned: TunedModel, _ settings: ServeSettings
  ) throws {
    if report.isInterrupted { throw ExitCode(1) }
    guard let winner = report.winner else { throw Failure.operation(nothing(in: report)) }
    let configuration = report.records[winner].configuration
    guard let choice = ServingChoice(configuration),
      let text = tuned.text(of: choice, remarks: remarks(report))
    else { throw Failure.operation("\(configuration.text) cannot be written") }
    try tuned.write(text, settings: settings, choice: choice)
    guard json != "-" else { return }
    let gained = report.gain?.lines.map { "  " + $0 } ?? []
    Terminal.tell(([""] + verdict(report) + gained).joined(separator: "\n"))
    if let file = tuned.file {
      let place = file.hasSuffix("/model.yaml") ? String(file.dropLast(11)) : nil
      Terminal.tell("wrote \(file)" + (place.map { "; serve it with: apus serve \($0)" } ?? ""))
    } else {
      Terminal.tell("\n\(text)")
    }
  }

  /// What came of it, in sentences.
  private func verdict(_ report: TuningReport) -> [String] {
    if report.isInterrupted { return ["interrupted; this is what was found until then"] }
    guard let winner = report.winner else { return [nothing(in: report)] }
    let name = "winner: \(report.records[winner].configuration.text)"
    guard let gain = report.gain else {
      return isDefault(report)
        ? [name, "that is the default: it is the best of what was tried"]
        : [name, "too few rounds have answers of both it and the default to say what it gains"]
    }
    let head =
      isDefault(report)
      ? "that is the default: \(gain.configuration.text) is not better beyond doubt"
      : "what it gains"
    return [name, "\(head); in turns, \(gain.rounds) rounds"]
  }

  private func isDefault(_ report: TuningReport) -> Bool {
    report.winner.map { report.records[$0].configuration } == report.standard
  }

  private func remarks(_ report: TuningReport) -> [String] {
    let goal = "\(ServingChoice.remark) \(report.goal.text)"
    guard let gain = report.gain, !isDefault(report) else { return [goal] }
    let ratios = gain.ratios.filter { !$0.isNoise }.map { ratio in
      "\(ratio.figure.rawValue) x \(Readable.decimal(ratio.value, places: 2))"
    }
    return [goal, "\(ServingChoice.remark) beside the default, \(ratios.joined(separator: ", "))"]
  }

  private func nothing(in report: TuningReport) -> String {
    guard !report.goal.targets.isEmpty, let nearest = report.nearest else {
      return "no configuration gave figures; the table says why"
    }
    return "no configuration keeps \(report.goal.targets.map(\.text).joined(separator: " and ")); "
      + "the nearest is \(nearest)"
  }

  // MARK: A folder for the workers

  private static func makeDirectory() throws -> String {
    let base = Environment.all["TMPDIR"] ?? "/tmp"
    var template = Array("\(base)/apus-tune-XXXXXX".utf8CString)
    guard mkdtemp(&template) != nil else {
      throw Failure.operation("\(base): \(String(cString: strerror(errno)))")
    }
    return template.withUnsafeBufferPointer { $0.baseAddress.map { String(cString: $0) } ?? base }
  }

  private static func remove(_ directory: String) {
    unlink("\(directory)/complaints")
    rmdir(directory)
  }
}
