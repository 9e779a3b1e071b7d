import Inference

/// The Open Inference Protocol's answer at an address of another dialect.
struct OpenInferenceAnswer: DialectAnswer {
  let id: String?
  let plan: OpenInferenceResponsePlan
  let framing: AnswerText.Framing
  /// Which tensors of what was found in photos are wanted, in order; empty means all.
  var findings: [String] = []

  func text(
    for outputs: [NamedTensor], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    let response = try OpenInferenceResponse(
      model: model.name, version: model.version, id: id, outputs: outputs, labels: model.labels,
      plan: plan)
    let byteCountMax = response.jsonByteCountMax
    var text = AnswerText(byteCountMax: byteCountMax) { json in
      json.write(upTo: byteCountMax) { response.encodeJSON(into: $0) }
    }
    text.binaryTensors = response.binaryTensors
    text.framing = framing
    return text
  }

  func text(
    for findings: [PhotoFindings], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    let all = FindingTensors.outputs(findings)
    guard !self.findings.isEmpty else { return try text(for: all, of: model) }
    var wanted: [NamedTensor] = []
    for name in self.findings {
      guard let output = all.first(where: { $0.name == name }) else {
        throw .invalidInput(.unknownOutput(name, known: all.map(\.name)))
      }
      wanted.append(output)
    }
    return try text(for: wanted, of: model)
  }
}

extension DialectRequest {
  /// A request of the Open Inference Protocol at an address of another dialect.
  init(_ request: OpenInferenceRequest, framing: AnswerText.Framing, dialect: Dialect?) {
    self.init(
      content: .tensors(request.body),
      answer: OpenInferenceAnswer(
        id: request.id, plan: request.responsePlan, framing: framing),
      dialect: dialect)
    sequence = request.sequence
    priority = request.priority
    timeoutMicroseconds = request.timeoutMicroseconds
  }
}
