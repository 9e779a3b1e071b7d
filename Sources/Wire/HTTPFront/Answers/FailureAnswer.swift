import Inference
import WireFormats

/// The one place where a failure becomes an answer: status and sentence from the tables of
/// WireFormats, and the headers that go with them.
enum FailureAnswer {
  /// `status` overrides the table where HTTP itself has a finer one: 417, 431, 505.
  static func make(
    for failure: InferenceFailure, in dialect: Dialect = .openInference, status: Int? = nil
  ) -> Answer {
    var answer = Answer(
      status: status ?? DialectFailures.statusCode(for: failure, in: dialect),
      contentType: Answer.json, bytes: DialectFailures.body(for: failure, in: dialect))
    if let seconds = OpenInferenceFailures.retryAfterSeconds(for: failure) {
      answer.headers.append(("Retry-After", "\(seconds)"))
    }
    if case .unsupported(.method(_, let allowed)) = failure {
      answer.headers.append(("Allow", allowed.joined(separator: ", ")))
    }
    return answer
  }
}
