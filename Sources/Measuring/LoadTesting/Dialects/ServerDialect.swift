package import Inference

/// How a server's model is asked over HTTP in the manner of one kind of server, and what its answers say.
package protocol ServerDialect: Sendable {
  /// For reports: `V2, binary`, `MLflow, csv`.
  var name: String { get }
  /// Where requests are posted.
  var address: HTTPAddress { get }
  /// What the model takes, where the server says so.
  var signature: ModelSignature? { get }

  func body(of sample: SampleContent) throws(SampleProblem) -> ServerTarget.Body
  /// `nil` where it is no answer of this dialect.
  func content(of answer: [UInt8]) -> AnswerContent?
}

extension ServerDialect {
  /// Why an answer is none of the dialect; `nil` where it is one.
  package func problem(with answer: [UInt8]) -> CallProblem? {
    guard content(of: answer) == nil else { return nil }
    return CallProblem(
      kind: "not_the_dialect", text: "this is no answer of \(name): \(Self.beginning(answer))")
  }

  private static func beginning(_ answer: [UInt8]) -> String {
    guard !answer.isEmpty else { return "it is empty" }
    let text = String(decoding: answer.prefix(80), as: UTF8.self)
    return text.unicodeScalars.map { $0.properties.generalCategory == .control ? "." : "\($0)" }
      .joined()
  }
}

/// How the tensors or rows of a sample are written in a body.
package enum BodyEncoding: String, Sendable, CaseIterable {
  /// V2: raw bytes behind a short JSON document.
  case binary
  /// V2: numbers and strings.
  case json
  /// MLflow: `{"dataframe_split": {"columns", "data"}}`.
  case dataframeSplit = "dataframe_split"
  /// MLflow: `{"dataframe_records": [{column: value}]}`.
  case dataframeRecords = "dataframe_records"
  case csv
  /// V1, TensorFlow Serving, MLflow: an element for each row.
  case instances
  /// The same: an array for each input.
  case inputs
}
