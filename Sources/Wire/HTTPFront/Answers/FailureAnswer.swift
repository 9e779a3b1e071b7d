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
    if let seconds = OpenInferenceFailures.retryAfterSeconds(for: failure) {
      answer.headers.append(("Retry-After", "\(seconds)"))
    }
    if case .unsupported(.method(_, let allowed)) = failure {
      answer.headers.append(("Allow", allowed.joined(separator: ", ")))
    }
    return answer
  }
}
