import Inference

/// Models that take and give content in a form of their own, documents or files, and not numbers.
///
/// A model's metadata say so: `input_content_type` of its one input of bytes, `output_content_type` of
/// its one output. `application/json` is a document in each element; `*/*` is whatever there is.
struct PlainContent {
  static let inputKey = "input_content_type"
  static let outputKey = "output_content_type"
  /// The JSON Schema of one of its documents.
  static let schemaKey = "input_document_schema"
  private static let json = "application/json"

  private let signature: ModelSignature
  private let input: String?

  init(_ signature: ModelSignature) {
    self.signature = signature
    let isAlone = signature.inputs.count == 1 && signature.inputs[0].datatype == .bytes
    input = isAlone ? signature.metadata[Self.inputKey] : nil
  }

  /// Each element of the one input is a JSON document.
  var takesDocuments: Bool { input == Self.json }

  /// What one whole body is, for descriptions; `nil` where bodies are read as tensors.
  var schema: JSONValue? {
    guard takesDocuments else { return input == "*/*" ? true : nil }
    let text = Array((signature.metadata[Self.schemaKey] ?? "").utf8)
    // A model that says nothing, or nothing that is JSON, takes any document.
    return text.withUnsafeBytes { try? JSONValue(parsing: $0) } ?? true
  }

  /// Each element of the one output is a JSON document.
  var givesDocuments: Bool {
    signature.outputs.count == 1 && signature.metadata[Self.outputKey] == Self.json
  }

  // MARK: Whole bodies

  /// The body itself as the request; `nil` where it is to be read as tensors.
  func request(of body: UnsafeRawBufferPointer, _ facts: BodyFacts) -> DialectRequest? {
    guard input == "*/*" || takesDocuments && isDocument(body, facts),
      var request = PhotoBodies.bytesInput(body, signature)
    else { return nil }
    if !facts.mediaType.isEmpty {
      request.parameters.append(Parameter(name: "content_type", value: .string(facts.mediaType)))
    }
    return DialectRequest(
      content: .tensors(request),
      answer: ContentAnswer(type: signature.metadata[Self.outputKey] ?? ""))
  }

  private func isDocument(_ body: UnsafeRawBufferPointer, _ facts: BodyFacts) -> Bool {
    if facts.mediaType == Self.json || facts.mediaType.hasSuffix("+json") { return true }
    let isUntold = ["", "application/octet-stream", PhotoBodies.formType].contains(facts.mediaType)
    return isUntold && PhotoBodies.looksLikeJSON(body)
  }

  // MARK: Rows

  /// The elements of the array at the cursor, a document each; text is the document's own.
  func readRows(
    _ scanner: inout JSONScanner, count: Int
  ) throws(InputProblem) -> Tensor {
    var bytes: [UInt8] = []
    try scanner.readArray { (scanner) throws(InputProblem) in
      if scanner.peek() == UInt8(ascii: "\"") {
        Self.append(Array(try scanner.readString().utf8)[...], to: &bytes)
        return
      }
      let start = scanner.cursor
      try scanner.skipValue()
      Self.append(UnsafeBufferPointer(start: start, count: scanner.cursor - start), to: &bytes)
    }
    return try NestedInput.fitted(
      Tensor(bytes, datatype: .bytes, shape: [count]), to: signature.inputs[0])
  }

  private static func append(_ document: some Collection<UInt8>, to bytes: inout [UInt8]) {
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: document.count).littleEndian) {
      bytes.append(contentsOf: $0)
    }
    bytes.append(contentsOf: document)
  }
}

/// The one element of the one output, as it lies in memory; anything else as nested arrays.
struct ContentAnswer: DialectAnswer {
  /// Of the output, as the model's metadata have it.
  let type: String

  func text(
    for outputs: [NamedTensor], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    guard outputs.count == 1, outputs[0].tensor.elementCount == 1,
      outputs[0].tensor.datatype == .bytes, !type.isEmpty
    else { return try PredictAnswer(key: "", rowCount: nil).text(for: outputs, of: model) }
    var content: [UInt8] = []
    _ = outputs[0].tensor.forEachByteString { content = Array($0) }
    return AnswerText(content, contentType: contentType(of: content))
  }

  private func contentType(of content: [UInt8]) -> StaticString {
    switch type {
    case "application/json": return "application/json"
    case "image/png": return "image/png"
    case "text/plain": return "text/plain; charset=utf-8"
    case "*/*":
      return content.withUnsafeBytes { bytes in
        if PhotoBodies.looksLikeJSON(bytes) { return "application/json" }
        return UTF8Text.isWellFormed(bytes)
          ? "text/plain; charset=utf-8" : "application/octet-stream"
      }
    default: return "application/octet-stream"
    }
  }

  func text(
    for findings: [PhotoFindings], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    preconditionFailure("content is answered with what the model gave")
  }
}
