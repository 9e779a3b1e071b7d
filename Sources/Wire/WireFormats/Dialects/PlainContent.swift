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
  /// The JSON Schema of an object of the model's inputs by name, as one call takes them.
  static let argumentsKey = "arguments_schema"
  /// A document of either kind.
  static let exampleKey = "input_example"
  private static let json = "application/json"

  private let signature: ModelSignature
  private let input: String?

  init(_ signature: ModelSignature) {
    self.signature = signature
    let isContent = signature.hasOneContent && signature.inputs[0].datatype == .bytes
    input = isContent ? signature.metadata[Self.inputKey] : nil
  }

  /// Each element of the one input is a JSON document.
  var takesDocuments: Bool { input == Self.json }

  /// What one whole body is, for descriptions; `nil` where bodies are read as tensors.
  var schema: JSONValue? {
    guard takesDocuments else { return input == "*/*" ? true : nil }
    // A model that says nothing, or nothing that is JSON, takes any document.
    let document = told(Self.schemaKey) ?? true
    guard signature.inputs.count > 1, let arguments else { return document }
    return ElementSchemas.any(of: [document, arguments])
  }

  /// What an object of inputs by their names is, where the model says it.
  var arguments: JSONValue? { told(Self.argumentsKey) }

  /// A body that the model takes, where it says one.
  var example: JSONValue? { told(Self.exampleKey) }

  private func told(_ key: String) -> JSONValue? {
    guard let text = signature.metadata[key] else { return nil }
    let bytes = Array(text.utf8)
    // What is no JSON tells nothing.
    return bytes.withUnsafeBytes { try? JSONValue(parsing: $0) }
  }

  /// Each element of the one output is a JSON document.
  var givesDocuments: Bool {
    signature.outputs.count == 1 && signature.metadata[Self.outputKey] == Self.json
  }

  // MARK: Whole bodies

  /// The body itself as the request; `nil` where it is to be read as tensors: then its members are the
  /// model's inputs by name.
  func request(of body: UnsafeRawBufferPointer, _ facts: BodyFacts) -> DialectRequest? {
    guard input == "*/*" || takesDocuments && isDocument(body, facts) && !isNamed(body, facts),
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

  /// Whether it is an object of nothing but inputs, the content and others, of a model that has others.
  private func isNamed(_ body: UnsafeRawBufferPointer, _ facts: BodyFacts) -> Bool {
    guard signature.inputs.count > 1 else { return false }
    var names: [String] = []
    // What cannot be read is refused by whoever reads the document.
    try? facts.scanning(body) { (scanner) throws(InputProblem) in
      guard scanner.peek() == UInt8(ascii: "{") else { return }
      try scanner.readObject { (scanner, key) throws(InputProblem) in
        names.append(key)
        try scanner.skipValue()
      }
    }
    return names.contains(signature.inputs[0].name)
      && names.allSatisfy { signature.inputIndex(named: $0) != nil }
  }

  // MARK: Rows

  /// The elements of the array at the cursor, a document each; text is the document's own.
  func readRows(
    _ scanner: inout JSONScanner, count: Int
  ) throws(InputProblem) -> Tensor {
    var bytes: [UInt8] = []
    try scanner.readArray { (scanner) throws(InputProblem) in
      try Self.readDocument(&scanner, to: &bytes)
    }
    return try NestedInput.fitted(
      Tensor(bytes, datatype: .bytes, shape: [count]), to: signature.inputs[0])
  }

  /// The value at the cursor as an element of bytes; text is the document's own.
  static func readDocument(
    _ scanner: inout JSONScanner, to bytes: inout [UInt8]
  ) throws(InputProblem) {
    if scanner.peek() == UInt8(ascii: "\"") {
      return append(Array(try scanner.readString().utf8)[...], to: &bytes)
    }
    let start = scanner.cursor
    try scanner.skipValue()
    append(UnsafeBufferPointer(start: start, count: scanner.cursor - start), to: &bytes)
  }

  static func append(_ document: some Collection<UInt8>, to bytes: inout [UInt8]) {
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
    else {
      let several = PredictAnswer(
        key: "", rowCount: nil, givesDocuments: type == "application/json")
      return try several.text(for: outputs, of: model)
    }
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
