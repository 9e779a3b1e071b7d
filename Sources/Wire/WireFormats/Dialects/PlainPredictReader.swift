package import Inference

/// Reads bodies whose form no standard fixes: those of `/predict`, as BentoML and LitServe take
/// them, of `/predictions/{m}`, as TorchServe's handlers do, and of Vertex AI's predict route.
///
/// A photo, a form, or JSON: an object with `instances` or `inputs`; with `input` or `data` for the
/// model's one input; by the names of the inputs; or the one input itself.
package struct PlainPredictReader: DialectReader {
  let dialect: Dialect

  package init(_ dialect: Dialect) { self.dialect = dialect }

  package func read(
    _ body: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InferenceFailure) -> DialectRequest {
    do throws(InputProblem) {
      if let request = try known(body, facts) { return request }
    } catch {
      throw .invalidInput(error)
    }
    throw .unsupported(.contentType(facts.contentType))
  }

  private func known(
    _ body: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InputProblem) -> DialectRequest? {
    if let request = PlainContent(facts.signature).request(of: body, facts) { return request }
    if facts.isPlainlyJSON { return try json(body, facts) }
    if let found = try PhotoBodies.read(body, facts) { return request(found) }
    if let boundary = try MultipartForm.boundary(contentType: facts.contentType) {
      return try inputs(try MultipartForm(parsing: body, boundary: boundary).parts, body, facts)
    }
    let isUntold =
      ["", "application/octet-stream", PhotoBodies.formType].contains(facts.mediaType)
    if facts.mediaType == "application/json" || (isUntold && PhotoBodies.looksLikeJSON(body)) {
      return try json(body, facts)
    }
    if isUntold || facts.mediaType == "text/plain",
      let request = PhotoBodies.bytesInput(body, facts.signature)
    {
      return DialectRequest(
        content: .tensors(request), answer: PredictAnswer(key: "", rowCount: nil))
    }
    guard isUntold else { return nil }
    return try json(body, facts)
  }

  /// The request of named parts, wherever they came from.
  func read(
    _ parts: [MultipartForm.Part], in body: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InputProblem) -> DialectRequest {
    facts.takesPhotos
      ? request(try PhotoBodies.readParts(parts, in: body)) : try inputs(parts, body, facts)
  }

  private func request(_ found: PhotoBodies.Found) -> DialectRequest {
    DialectRequest(
      content: .photos(found.photos, found.parameters),
      answer: dialect == .torchServe ? TorchServePhotos() : PhotoDocument())
  }

  /// A part is the model's one input, as JSON; or each part the input of its name.
  private func inputs(
    _ parts: [MultipartForm.Part], _ body: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InputProblem) -> DialectRequest {
    let signature = facts.signature
    if parts.count == 1, signature.inputIndex(named: parts[0].name) == nil {
      let content = UnsafeRawBufferPointer(rebasing: body[parts[0].content])
      if let request = PhotoBodies.bytesInput(content, signature) {
        return DialectRequest(
          content: .tensors(request), answer: PredictAnswer(key: "", rowCount: nil))
      }
      return try json(content, facts)
    }
    var tensors = [Tensor?](repeating: nil, count: signature.inputs.count)
    for part in parts {
      guard let place = signature.inputIndex(named: part.name) else {
        throw .unknownInput(part.name, known: signature.inputs.map(\.name))
      }
      guard tensors[place] == nil else { throw .inputGivenTwice(part.name) }
      tensors[place] = try facts.scanning(
        UnsafeRawBufferPointer(rebasing: body[part.content])
      ) { (scanner) throws(InputProblem) in
        try NestedInput.readOne(&scanner, signature.inputs[place])
      }
    }
    try Self.requireAll(tensors, signature)
    return DialectRequest(
      content: .tensors(TensorRequest(inputs: tensors)),
      answer: PredictAnswer(key: "", rowCount: nil))
  }

  static func requireAll(
    _ tensors: [Tensor?], _ signature: ModelSignature
  ) throws(InputProblem) {
    for (place, input) in signature.inputs.enumerated()
    where tensors[place] == nil && !input.isOptional {
      throw .missingInput(input.name)
    }
  }

  private func json(
    _ body: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InputProblem) -> DialectRequest {
    var isOpenInference = false
    let request = try facts.scanning(body) {
      (scanner) throws(InputProblem) -> DialectRequest? in
      guard scanner.peek() == UInt8(ascii: "{") else {
        return try value(&scanner, facts, key: "")
      }
      var document = PlainDocument(facts: facts)
      try scanner.readObject { (scanner, key) throws(InputProblem) in
        try document.readMember(key, &scanner)
      }
      isOpenInference = document.isOpenInference
      return isOpenInference ? nil : try document.request(dialect)
    }
    if let request { return request }
    return DialectRequest(
      try OpenInferenceRequest.decode(
        json: body, signature: facts.signature, depthMax: facts.depthMax),
      framing: .openInference, dialect: nil)
  }

  private func value(
    _ scanner: inout JSONScanner, _ facts: BodyFacts, key: StaticString
  ) throws(InputProblem) -> DialectRequest {
    PlainDocument.request(
      try RowReader(facts).readColumns(&scanner, field: "the body"), key: key, rowCount: nil,
      [], dialect)
  }
}
