import Inference
import WireFormats

/// The one place where a failure becomes an answer: status and sentence from the tables of
/// WireFormats, and the headers that go with them.
enum FailureAnswer {
  /// `status` overrides the table where HTTP itself has a finer one: 417, 431, 505.
  static func make(for failure: InferenceFailure, status: Int? = nil) -> Answer {
    let text = FailureMessage.text(for: failure)
    var answer = Answer(
      status: status ?? OpenInferenceFailures.statusCode(for: failure), contentType: Answer.json,
      bytes: OpenInferenceDocuments.error(text))
    switch failure {
    case .overloaded(_, let delay), .quotaExceeded(let delay):
      answer.headers.append(("Retry-After", "\(max(1, delay.components.seconds))"))
    case .modelNotReady, .draining: answer.headers.append(("Retry-After", "1"))
    case .unsupported(.method(_, let allowed)):
      answer.headers.append(("Allow", allowed.joined(separator: ", ")))
    default: break
    }
    return answer
  }
}
