import Inference
package import Jobs
import Serving
import Synchronization

/// Samples of a set as something that can be asked, and sense made of the answers.
package protocol AskedSamples: Sendable {
  var sampleCount: Int { get }
  /// What the model calls its classes; empty where that is not known.
  var classNames: [String] { get }
  /// What a reader of the accuracy has to know of how it is asked.
  var note: String? { get }
  /// A target whose first sample is this one, and whose others, if it has any, are those that follow:
  /// they are read, decoded, encoded. Blocks.
  func target(from sample: Int) throws(SampleProblem) -> any LoadTarget
  /// What an answer to a sample says.
  func content(of answer: LoadAnswer, to sample: Int) throws(CallProblem) -> AnswerContent
}

/// Asks single samples, one after the other, outside of any run. One thread's.
package final class SampleAsker {
  let samples: any AskedSamples
  private let heard = HeardAnswer()
  private var caller: (any LoadCaller)?
  /// Those that the caller can ask.
  private var reach = 0..<0
  private var chosen = 0

  package init(_ samples: any AskedSamples) { self.samples = samples }

  /// Makes a sample ready to be asked, its connection too. Blocks.
  func prepare(_ sample: Int) throws(CallProblem) {
    chosen = sample
    guard caller == nil || !reach.contains(sample) else { return }
    caller = nil
    let target: any LoadTarget
    do throws(SampleProblem) {
      target = try samples.target(from: sample)
    } catch {
      throw CallProblem(kind: "sample", text: error.description)
    }
    caller = try target.makeCaller(answers: heard)
    reach = sample..<sample + target.sampleCount
  }

  /// Asks the sample that was made ready last; may be called again. Blocks until the answer is there.
  func ask() throws(CallProblem) -> LoadAnswer {
    guard let caller else { preconditionFailure("no sample was made ready") }
    try caller.ask([chosen - reach.lowerBound])
    guard let answer = heard.take() else {
      throw CallProblem(kind: "no_answer", text: "the answer was not kept")
    }
    return answer
  }

  func answer(to sample: Int) throws(CallProblem) -> AnswerContent {
    try prepare(sample)
    return try samples.content(of: try ask(), to: sample)
  }
}

/// Keeps the answer to the one sample that is asked.
private final class HeardAnswer: AnswerKeeper {
  private let state = Guarded<LoadAnswer?>(nil)

  func wants(_ sample: Int) -> Bool { true }

  func keep(_ answer: LoadAnswer, of sample: Int) { state.withLock { $0 = answer } }

  func take() -> LoadAnswer? {
    state.withLock { state in
      defer { state = nil }
      return state
    }
  }
}

/// The samples of a model in this process.
package struct AskedModel: AskedSamples {
  private let model: OpenModel
  private let samples: ModelSamples
  /// Those that are in memory for the timed run.
  private let resident: [ModelSamples.Prepared]

  package init(_ model: OpenModel, samples: ModelSamples, resident: [ModelSamples.Prepared]) {
    self.model = model
    self.samples = samples
    self.resident = resident
  }

  package var sampleCount: Int { samples.set.samples.count }
  package var classNames: [String] { samples.classNames }
  package var note: String? { samples.note }

  private func ready(_ sample: Int) throws(SampleProblem) -> ModelSamples.Prepared {
    resident.indices.contains(sample) ? resident[sample] : try samples.prepare(sample)
  }

  package func target(from sample: Int) throws(SampleProblem) -> any LoadTarget {
    ModelTarget(model, requests: [try ready(sample).request])
  }

  package func content(
    of answer: LoadAnswer, to sample: Int
  ) throws(CallProblem) -> AnswerContent {
    guard case .tensors(let answer) = answer else {
      preconditionFailure("a model in this process answers with tensors")
    }
    let prepared: ModelSamples.Prepared
    do throws(SampleProblem) {
      prepared = try ready(sample)
    } catch {
      throw CallProblem(kind: "sample", text: error.description)
    }
    do throws(InferenceFailure) {
      return try samples.content(of: answer.outputs, to: prepared.photo)
    } catch {
      throw CallProblem(kind: error.kind, text: FailureMessage.text(for: error))
    }
  }
}

/// The samples of a server.
package struct AskedServer: AskedSamples {
  private let dialect: any ServerDialect
  private let sampleSet: SampleSet

  private let method: String

  package init(_ dialect: any ServerDialect, set: SampleSet, method: String = "POST") {
    self.dialect = dialect
    self.method = method
    sampleSet = set
  }

  package var sampleCount: Int { sampleSet.samples.count }
  package var classNames: [String] { [] }

  package var note: String? {
    guard let photos = dialect as? PhotoDialect, photos.asksForAll else { return nil }
    return "asked with ?\(PhotoDialect.query), in the timed run, too; name a query to ask otherwise"
  }

  package func target(from sample: Int) throws(SampleProblem) -> any LoadTarget {
    let bodies = try ResidentSamples.following(sample, of: sampleCount) {
      place throws(SampleProblem) in
      let body = try dialect.body(of: sampleSet.samples[place])
      return (body, body.bytes.count)
    }
    return ServerTarget(dialect.address, method: method, bodies: bodies)
  }

  package func content(
    of answer: LoadAnswer, to sample: Int
  ) throws(CallProblem) -> AnswerContent {
    guard case .body(let bytes) = answer else {
      preconditionFailure("a server answers with bytes")
    }
    if let content = dialect.content(of: bytes) { return content }
    throw dialect.problem(with: bytes)
      ?? CallProblem(kind: "not_the_dialect", text: "this is no answer of \(dialect.name)")
  }
}
