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
  package var isAlone: Bool { true }

  package func makeCaller() -> any LoadCaller { Caller(target: self) }

  private struct Caller: LoadCaller {
    let target: ModelTarget

    func ask(_ samples: [Int]) throws(CallProblem) {
      let asked = samples.map { target.model.begin(target.requests[$0]) }
      var failure: InferenceFailure?
      for each in asked {
        do throws(InferenceFailure) {
          _ = try each.answer()
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
  fileprivate var kind: String {
    switch self {
    case .overloaded: "overloaded"
    case .invalidInput, .unsupported, .tooLarge: "refused"
    case .deadlineExceeded: "timeout"
    case .runtimeFailed: "runtime_failed"
    default: "failed"
    }
  }
}
