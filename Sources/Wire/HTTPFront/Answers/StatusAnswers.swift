import Inference
import Serving
import WireFormats

/// Answers what needs no model to compute: health, metadata, lists.
struct StatusAnswers {
  let shared: FrontShared
  let connection: HTTPConnection
  func answer(_ route: Route) {
    connection.answer(Answer(status: 200, contentType: Answer.json, bytes: OpenInferenceDocuments.error("")))
  }
}
