import ArgumentParser
import Inference
import Jobs
import LoadTesting
import ModelStore
import Reports
import Serving
import WireFormats

/// The worker of one trial of `apus tune`: loads the model as it is told and measures it as often as it
/// is asked. Speaks lines on its standard streams and ends with its input.
///
/// It first says what it loaded. `run CALLERS RATE NANOSECONDS SEED` measures, a rate of 0 being none;
/// `answers COUNT FILE` writes answers to the first inputs; `accuracy` says how often it is right, where
/// something says what is.
struct TrialCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "tune-trial", abstract: "Measure one configuration, for apus tune.",
    shouldDisplay: false)

  @Argument var model: String
  /// JSON; the model's own settings without it.
  @Option var configuration: String?
  @Option var seed: UInt64
  @OptionGroup var inputs: InputArguments

  func run() throws {
    let arguments = try ModelArguments.parse([])
    let settings = try arguments.settings()
    var plan = try arguments.onlyPlan(model, settings: settings)
    if let configuration { plan.adopt(try Self.choice(configuration)) }
    let before = ResidentMemory.byteCount
    let loader = Loaders(settings: settings).loader(for: plan)
    let opened: OpenModel
    do throws(ServerFault) {
      opened = try OpenModel(
        plan.specification(loader: loader), vision: plan.vision, serving: settings.servingSettings)
    } catch {
      throw Failure.operation("\(error)")
    }
    defer { opened.close() }
    let asked: ModelInputs
    let loaded = ResidentMemory.byteCount
    do {
      asked = try inputs.samples(of: opened, seed: seed)
    } catch let code as ExitCode {
      throw code
    } catch {
      throw Failure.operation("\(error)")
    }
    let requests = asked.resident.map(\.request)
    let worker = Worker(
      model: opened, requests: requests, asked: asked,
      baseByteCount: before + requests.reduce(0) { $0 + $1.byteCount })
    let choice = plan.choice(instances: opened.concurrency - 1)
    Terminal.tell(
      JSONValue.object([
        .init("configuration", TuningConfiguration(choice).json),
        .init("has_row_axis", .bool(opened.lease.signature.hasRowAxis)),
        .init("loaded_bytes", .integer(Int64(max(0, loaded - before)))),
        .init("rows_bound", .integer(Int64(plan.rowsBound ?? 0))),
        .init("is_labelled", .bool(asked.truth != nil)),
      ]).text)
    while let line = readLine() { try worker.obey(line) }
  }

  private static func choice(_ text: String) throws -> ServingChoice {
    let bytes = Array(text.utf8)
    let json = try? bytes.withUnsafeBytes { try JSONValue(parsing: $0) }
    guard let choice = json.flatMap(TuningConfiguration.init(json:)).flatMap(ServingChoice.init)
    else { throw Failure.usage("--configuration: \(text)") }
    return choice
  }
}

private struct Worker {
  let model: OpenModel
  let requests: [TensorRequest]
  let asked: ModelInputs
  /// What the process held without the model.
  let baseByteCount: Int

  func obey(_ line: String) throws {
    let words = line.split(separator: " ", maxSplits: 2).map(String.init)
    let numbers = line.split(separator: " ").dropFirst()
    if words.first == "run", numbers.count == 4 {
      let values = numbers.compactMap { Double($0) }
      if values.count == 4 {
        return try measure(
          callers: Int(values[0]), rate: values[1], nanoseconds: UInt64(values[2]),
          seed: UInt64(values[3]))
      }
    }
    if words.count == 3, words[0] == "answers", let count = Int(words[1]) {
      return try writeAnswers(count, to: words[2])
    }
    if line == "accuracy" { return tellAccuracy() }
    throw Failure.usage("tune-trial: \(line)")
  }

  private func measure(callers: Int, rate: Double, nanoseconds: UInt64, seed: UInt64) throws {
    let target = ModelTarget(model, requests: requests)
    var warmUp = LoadPlan(.closedLoop)
    warmUp.concurrency = callers
    // As many as it takes that every instance has run, and with a full batch.
    warmUp.queriesMax = callers + Self.warmUpQueries
    let first = LoadRun(warmUp, target: target).run { _ in }
    guard first.isComplete else {
      return Terminal.tell(TuningFigures(first, memoryByteCount: memory).json.text)
    }
    var plan = LoadPlan(rate > 0 ? .server : .closedLoop)
    plan.rate = rate > 0 ? rate : nil
    plan.concurrency = callers
    plan.durationNanoseconds = nanoseconds
    plan.seeds = LoadSeeds(seed)
    let outcome = LoadRun(plan, target: target).run { _ in }
    Terminal.tell(TuningFigures(outcome, memoryByteCount: memory).json.text)
  }

  private func tellAccuracy() {
    guard let truth = asked.truth else { return Terminal.tell(JSONValue.object([]).text) }
    let samples = AskedModel(model, samples: asked.prepared, resident: asked.resident)
    let kept = KeptAnswers(sampleCount: requests.count)
    let said: JSONValue.Member
    do throws(AccuracyProblem) {
      let figures = try AccuracyRun(samples, truth: truth)
        .figures(for: kept, isOver: { false }, tick: { _ in })
      said = .init("accuracy", figures.json)
    } catch {
      said = .init("problem", .string(error.description))
    }
    Terminal.tell(JSONValue.object([said]).text)
  }

  private static let warmUpQueries = 3

  private var memory: Int { max(0, ResidentMemory.byteCount - baseByteCount) }

  private func writeAnswers(_ count: Int, to path: String) throws {
    var answers: [[AnswerDifference.Values]] = []
    for request in requests.prefix(count) {
      do throws(InferenceFailure) {
        answers.append(
          try model.begin(request).answer().outputs.map { AnswerDifference.Values($0.tensor) })
      } catch {
        throw Failure.operation(FailureMessage.text(for: error))
      }
    }
    do throws(JobProblem) {
      try JobFile.write(AnswerText.bytes(answers), to: path)
    } catch {
      throw Failure.operation("\(error)")
    }
    Terminal.tell(JSONValue.object([.init("answers", .integer(Int64(answers.count)))]).text)
  }
}

extension JSONValue {
  var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension ServingChoice {
  /// `nil` for a runtime that is not known.
  init?(_ configuration: TuningConfiguration) {
    guard let runtime = ModelPlan.RuntimeKind(rawValue: configuration.variant.runtime) else {
      return nil
    }
    self.init(
      runtime: runtime, precision: configuration.variant.precision,
      instances: configuration.instances, threads: configuration.threads,
      rowsMax: configuration.rowsMax, delayNanoseconds: configuration.delayNanoseconds)
  }
}

extension TuningConfiguration {
  init(_ choice: ServingChoice) {
    self.init(
      variant: .init(precision: choice.precision, runtime: choice.runtime.rawValue),
      instances: choice.instances, threads: choice.threads, rowsMax: choice.rowsMax,
      delayNanoseconds: choice.delayNanoseconds)
  }
}
