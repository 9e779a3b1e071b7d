import Glibc
import Inference
import Jobs
import LoadTesting
import Serving
import Synchronization
import WireFormats

/// Ctrl-C of `apus tune`: ends the workers of the moment, and the search with what it has.
final class TuneInterrupt: Sendable {
  private struct State: Sendable {
    var workers: Set<pid_t> = []
    var isOver = false
  }

  private let state = Guarded(State())

  /// Listens from now on, on a thread of its own. Make it before any other thread.
  init() {
    let signals = Signals()
    NamedThread(name: "apus:signals") { [self] in
      signals.waitForEnd()
      let workers = state.withLock { state in
        state.isOver = true
        return state.workers
      }
      for worker in workers { kill(worker, SIGKILL) }
    }.detach()
  }

  var isOver: Bool { state.withLock { $0.isOver } }

  /// Until `ended`, Ctrl-C ends this process, too.
  func began(_ worker: pid_t) {
    let isOver = state.withLock { state in
      state.workers.insert(worker)
      return state.isOver
    }
    if isOver { kill(worker, SIGKILL) }
  }

  func ended(_ worker: pid_t) { state.withLock { _ = $0.workers.remove(worker) } }
}

/// Why a trial came to nothing.
enum TrialProblem: Error {
  case interrupted
  case failed(String)
}

/// A model that is loaded in a worker of its own, ready to be measured.
final class TrialWorker {
  /// What a worker is started for: the same model and inputs for all trials.
  struct Place {
    let model: String
    /// What it is asked with, as on a command line.
    let inputs: [String]
    let seed: UInt64
    /// For complaints and answers.
    let directory: String
    let interrupt: TuneInterrupt
  }

  /// What it loaded.
  let configuration: TuningConfiguration
  let hasRowAxis: Bool
  /// Most rows that the model's operator allows; 0 where nothing is said.
  let rowsBound: Int
  /// What the process grew by while it loaded.
  let loadedByteCount: Int
  /// Something says what is right.
  let isLabelled: Bool
  private let place: Place
  private let process: TrialProcess

  private static let loadNanosecondsMax: UInt64 = 600_000_000_000
  private static let judgeNanosecondsMax: UInt64 = 3_600_000_000_000
  /// How much longer than it should a run may take: for its first queries, and slow last ones.
  private static let graceNanoseconds: UInt64 = 120_000_000_000

  /// Starts a worker and blocks until its model is loaded; as it stands, where there is no
  /// configuration.
  init(_ configuration: TuningConfiguration?, at place: Place) throws(TrialProblem) {
    self.place = place
    var arguments = ["tune-trial", place.model, "--seed", String(place.seed)]
    if let configuration { arguments += ["--configuration", configuration.json.text] }
    arguments += place.inputs
    let process: TrialProcess
    do throws(TrialProcess.Ended) {
      process = try TrialProcess(
        arguments: arguments, complaints: "\(place.directory)/complaints")
    } catch {
      throw .failed(error.reason)
    }
    self.process = process
    place.interrupt.began(process.id)
    do throws(TrialProblem) {
      let ready = try Self.answer(of: process, within: Self.loadNanosecondsMax, place.interrupt)
      guard let found = ready["configuration"].flatMap(TuningConfiguration.init(json:)) else {
        throw .failed("its worker answers \(ready.text)")
      }
      self.configuration = found
      hasRowAxis = ready["has_row_axis"] == .bool(true)
      rowsBound = Int(ready["rows_bound"]?.whole ?? 0)
      loadedByteCount = Int(ready["loaded_bytes"]?.whole ?? 0)
      isLabelled = ready["is_labelled"] == .bool(true)
    } catch {
      place.interrupt.ended(process.id)
      throw error
    }
  }

  deinit { place.interrupt.ended(process.id) }

  /// Measures for so long; blocks.
  ///
  /// - Parameter rate: queries a second that come at random; `nil` where as many callers ask, each
  ///   again when it has its answer.
  func measure(
    callers: Int, rate: Double?, nanoseconds: UInt64, seed: UInt64
  ) throws(TrialProblem) -> TuningFigures {
    process.write("run \(callers) \(rate ?? 0) \(nanoseconds) \(seed)")
    let answer = try Self.answer(
      of: process, within: nanoseconds + Self.graceNanoseconds, place.interrupt)
    guard let figures = TuningFigures(json: answer) else {
      throw .failed("its worker answers \(answer.text)")
    }
    return figures
  }

  /// Answers to the first inputs.
  func answers(_ count: Int) throws(TrialProblem) -> [[AnswerDifference.Values]] {
    let file = "\(place.directory)/answers"
    defer { unlink(file) }
    process.write("answers \(count) \(file)")
    _ = try Self.answer(of: process, within: Self.loadNanosecondsMax, place.interrupt)
    guard let bytes = try? JobFile.read(file, byteCountMax: .max),
      let answers = AnswerText.answers(bytes)
    else { throw .failed("its answers cannot be read") }
    return answers
  }

  /// How often it is right over the whole set; `nil` where nothing says what is.
  func accuracy() throws(TrialProblem) -> VariantAccuracy? {
    guard isLabelled else { return nil }
    process.write("accuracy")
    let answer = try Self.answer(of: process, within: Self.judgeNanosecondsMax, place.interrupt)
    if case .string(let problem)? = answer["problem"] { throw .failed("no accuracy: \(problem)") }
    return answer["accuracy"].flatMap(VariantAccuracy.init(json:))
  }

  private static func answer(
    of process: TrialProcess, within nanoseconds: UInt64, _ interrupt: TuneInterrupt
  ) throws(TrialProblem) -> JSONValue {
    do throws(TrialProcess.Ended) {
      let line = try process.line(within: nanoseconds)
      guard let json = try? line.withUnsafeBytes({ try JSONValue(parsing: $0) }) else {
        throw TrialProcess.Ended(reason: "its worker says \(String(decoding: line, as: UTF8.self))")
      }
      return json
    } catch {
      throw interrupt.isOver ? .interrupted : .failed(error.reason)
    }
  }
}
