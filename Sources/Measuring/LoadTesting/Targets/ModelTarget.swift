package import Inference
package import Jobs
import Serving

/// A model in this process, behind the same door as the server's.
package struct ModelTarget: LoadTarget {
  private let model: OpenModel
  private let requests: [TensorRequest]

  /// - Parameter requests: what it is asked; one or more.
  package init(_ model: OpenModel, requests: [TensorRequest]) {
    precondition(!requests.isEmpty, "no requests to ask")
    self.model = model
    self.requests = requests
  }

  package var sampleCount: Int { requests.count }
  package var host: TargetHost { .thisProcess }

  package func makeCaller(answers: (any AnswerKeeper)?) -> any LoadCaller {
    Caller(target: self, answers: answers)
  }

  private struct Caller: LoadCaller {
    let target: ModelTarget
    let answers: (any AnswerKeeper)?

    func ask(_ samples: [Int]) throws(CallProblem) {
      let asked = samples.map { sample in
        let isWanted = answers?.wants(sample) ?? false
        return (sample, isWanted, target.model.begin(target.requests[sample]))
      }
      var failure: InferenceFailure?
      for (sample, isWanted, each) in asked {
        do throws(InferenceFailure) {
          let answer = try each.answer()
          if isWanted { answers?.keep(.tensors(answer), of: sample) }
        } catch {
          failure = failure ?? error
        }
      }
      guard let failure else { return }
      throw CallProblem(kind: failure.kind, text: FailureMessage.text(for: failure))
    }
  }
}

extension InferenceFailure {
  /// The failures that a model in this process can cause, as reports count them.
  var kind: String {
    switch self {
    case .overloaded: "overloaded"
    case .invalidInput, .unsupported, .tooLarge: "refused"
    case .deadlineExceeded: "timeout"
    case .runtimeFailed: "runtime_failed"
    default: "failed"
    }
  }
}
