package import Inference
package import Vision

/// A request of some dialect, decoded: what is to be computed, and how its answer is to be written.
package struct DialectRequest: Sendable {
  /// What a body asked for.
  package enum Content: Sendable {
    case tensors(TensorRequest)
    /// Photos for the model's vision task, each a request of its own, and what beside them says how
    /// to look at them.
    case photos([PhotoRequest.Photo], [Parameter])
  }

  package var content: Content
  package var answer: any DialectAnswer
  /// Where the body itself tells that it is of another dialect than its address.
  package var dialect: Dialect?
  package var sequence: SequenceMark?
  /// 1 is the most urgent; 0 means the model's default.
  package var priority: UInt32 = 0
  package var timeoutMicroseconds: UInt64?

  package init(content: Content, answer: any DialectAnswer, dialect: Dialect? = nil) {
    self.content = content
    self.answer = answer
    self.dialect = dialect
  }
}

extension DialectRequest {
  /// The same with the outputs that its parameter `outputs` names, for dialects that have no other place
  /// for them: `{"parameters": {"outputs": "predict_proba,margin"}}`. Of tabular models only, as other
  /// models have no outputs that need to be named.
  package func withNamedOutputs(
    of signature: ModelSignature
  ) throws(InputProblem) -> DialectRequest {
    guard signature.table != nil, case .tensors(var tensors) = content, tensors.outputs.isEmpty,
      let place = tensors.parameters.firstIndex(where: { $0.name == "outputs" }),
      case .string(let text) = tensors.parameters[place].value
    else { return self }
    tensors.parameters.remove(at: place)
    for part in text.split(separator: ",") {
      let name = String(part.drop { $0 == " " })
      guard let output = signature.outputIndex(named: name) else {
        throw .unknownOutput(name, known: signature.outputs.map(\.name))
      }
      if !tensors.outputs.contains(output) { tensors.outputs.append(output) }
    }
    var request = self
    request.content = .tensors(tensors)
    return request
  }
}

/// What a reader knows of a body before it looks at it.
package struct BodyFacts: Sendable {
  package let signature: ModelSignature
  /// The model has a vision task, and photos are made its input.
  package let takesPhotos: Bool
  package let contentType: String
  package let depthMax: Int

  package init(
    signature: ModelSignature, takesPhotos: Bool = false, contentType: String = "",
    depthMax: Int = JSONValue.depthMax
  ) {
    self.signature = signature
    self.takesPhotos = takesPhotos
    self.contentType = contentType
    self.depthMax = depthMax
  }

  /// Runs `read` over a document of JSON, with what the model takes for numbers.
  func scanning<Result>(
    _ body: UnsafeRawBufferPointer,
    _ read: (inout JSONScanner) throws(InputProblem) -> Result
  ) throws(InputProblem) -> Result {
    try JSONScanner.scanning(body, depthMax: depthMax) { (scanner) throws(InputProblem) in
      scanner.takesMissing = signature.table != nil
      return try read(&scanner)
    }
  }

  /// Said to be JSON in the way in which nearly everybody says it; costs less to find out than what
  /// else the type may be.
  var isPlainlyJSON: Bool {
    contentType == "application/json" || contentType.hasPrefix("application/json;")
  }

  /// The type without its parameters, in lower case.
  var mediaType: String { HeaderValue(contentType).value.lowercased() }
}

/// Reads the bodies of one dialect. Pure: a value that may go to a worker.
package protocol DialectReader: Sendable {
  func read(
    _ body: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InferenceFailure) -> DialectRequest
}

/// Who answers, for the texts of answers.
package struct AnsweringModel: Sendable {
  package let name: String
  package let version: Int64
  /// Names of classes by their index; may be empty.
  package let labels: [String]
  package let requestID: String

  package init(name: String, version: Int64, labels: [String], requestID: String) {
    self.name = name
    self.version = version
    self.labels = labels
    self.requestID = requestID
  }
}

/// What a vision task found in one photo.
package enum PhotoFindings: Sendable {
  case detections([Detection], VisionAnswerHead)
  case classes([Classification], VisionAnswerHead)
}

/// Writes the answers to one request of a dialect. Pure: a value that may go to a worker.
package protocol DialectAnswer: Sendable {
  /// Of the model's outputs.
  func text(
    for outputs: [NamedTensor], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText
  /// Of what was found in photos, in the order in which they came.
  func text(
    for findings: [PhotoFindings], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText
}

/// An answer that is ready to be written into memory of the caller's choice.
package struct AnswerText: Sendable {
  /// Where the length of the JSON is said when binary tensors follow it.
  package enum Framing: Sendable {
    case plain
    /// `Inference-Header-Content-Length`.
    case openInference
    /// `application/vnd.sagemaker-triton.binary+json;json-header-size=N`.
    case sageMaker
  }

  /// Room that `write` needs.
  package let byteCountMax: Int
  package var contentType: StaticString = "application/json"
  package var framing = Framing.plain
  package var headers: [(name: String, value: String)] = []
  /// Sent after the text, as they lie in memory.
  package var binaryTensors: [Tensor] = []
  private let writing: @Sendable (inout JSONOutput) -> Void

  /// `write` writes at most `byteCountMax` bytes.
  init(byteCountMax: Int, _ write: @escaping @Sendable (inout JSONOutput) -> Void) {
    self.byteCountMax = byteCountMax + NumberPrinting.slackByteCount
    writing = write
  }

  /// A document that is there already; for small ones.
  package init(_ bytes: [UInt8], contentType: StaticString = "application/json") {
    self.init(byteCountMax: bytes.count) { $0.write(rawBytes: bytes) }
    self.contentType = contentType
  }

  /// Writes behind what `output` has, which has room for `byteCountMax` bytes more.
  func write(to output: inout JSONOutput) { writing(&output) }

  /// Writes to the front of `memory`, which has room for `byteCountMax` bytes; gives the length.
  package func write(into memory: UnsafeMutableRawBufferPointer) -> Int {
    precondition(memory.count >= byteCountMax, "no room for the answer")
    guard let base = memory.baseAddress else { return 0 }
    let start = base.assumingMemoryBound(to: UInt8.self)
    var output = JSONOutput(at: start)
    writing(&output)
    return output.place - start
  }
}
