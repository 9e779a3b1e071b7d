package import Inference
import Vision

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
    if let found = try PhotoBodies.read(body, facts) {
      return DialectRequest(
        content: .photos(found.photos, found.parameters),
        answer: dialect == .torchServe ? TorchServePhotos() : PhotoDocument())
    }
    if let boundary = try MultipartForm.boundary(contentType: facts.contentType) {
      return try form(body, boundary, facts)
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

  /// A form's part is the model's one input, as JSON; or each part the input of its name.
  private func form(
    _ body: UnsafeRawBufferPointer, _ boundary: String, _ facts: BodyFacts
  ) throws(InputProblem) -> DialectRequest {
    let parts = try MultipartForm(parsing: body, boundary: boundary).parts
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
      tensors[place] = try JSONScanner.scanning(
        UnsafeRawBufferPointer(rebasing: body[part.content]), depthMax: facts.depthMax
      ) { (scanner) throws(InputProblem) in
        try NestedInput.read(&scanner, signature.inputs[place])
      }
    }
    try Self.requireAll(tensors, signature)
    return DialectRequest(
      content: .tensors(TensorRequest(inputs: tensors)),
      answer: PredictAnswer(key: "", rowCount: nil))
  }

  fileprivate static func requireAll(
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
    let request = try JSONScanner.scanning(body, depthMax: facts.depthMax) {
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

/// A JSON object without a fixed form while it is read.
private struct PlainDocument {
  let facts: BodyFacts
  private(set) var isOpenInference = false
  private var key: StaticString = ""
  private var values: RowValues?
  private var isByRow = false
  private var parameters: [Parameter] = []
  private var named: [Tensor?]
  private var hasNamed = false

  init(facts: BodyFacts) {
    self.facts = facts
    named = [Tensor?](repeating: nil, count: facts.signature.inputs.count)
  }

  mutating func readMember(
    _ name: String, _ scanner: inout JSONScanner
  ) throws(InputProblem) {
    let signature = facts.signature
    if let place = signature.inputIndex(named: name) {
      guard named[place] == nil else { throw .inputGivenTwice(name) }
      hasNamed = true
      if facts.takesPhotos, Base64Object.isNext(scanner) {
        values = .photos([.decoded(try Base64Object.read(&scanner))])
      } else {
        named[place] = try NestedInput.read(&scanner, signature.inputs[place])
      }
      return
    }
    switch name {
    case "instances":
      try note("predictions")
      isByRow = true
      values = try RowReader(facts).readRows(&scanner, field: name)
    case "inputs" where NamedTensors.areNext(scanner, signature):
      isOpenInference = true
      try scanner.skipValue()
    case "inputs":
      try note("outputs")
      values = try RowReader(facts).readColumns(&scanner, field: name)
    case "input":
      try note("output")
      values = try RowReader(facts).readColumns(&scanner, field: name)
    case "data", "image", "image_bytes", "b64":
      try note("")
      values = try photoOrInput(name, &scanner)
    case "parameters", "params":
      if !scanner.takeWord("null") { parameters = try OpenInferenceParameters.readAll(&scanner) }
    default:
      if isOpenInference { return try scanner.skipValue() }
      // Members of the Open Inference Protocol may come before its `inputs`.
      if ["id", "outputs", "signature_name"].contains(name) { return try scanner.skipValue() }
      throw .unknownInput(name, known: signature.inputs.map(\.name))
    }
  }

  /// A photo as text in base64 is taken, too, where only a photo can be meant.
  private func photoOrInput(
    _ name: String, _ scanner: inout JSONScanner
  ) throws(InputProblem) -> RowValues {
    if facts.takesPhotos, scanner.peek() == UInt8(ascii: "\"") {
      return .photos([.decoded(try Base64Object.decode(try scanner.readStringToken()))])
    }
    return try RowReader(facts).readColumns(&scanner, field: name)
  }

  private mutating func note(_ found: StaticString) throws(InputProblem) {
    guard values == nil else {
      throw .fieldOfWrongKind("the body", expected: "one of `instances`, `inputs`, `input`, `data`")
    }
    key = found
  }

  func request(_ dialect: Dialect) throws(InputProblem) -> DialectRequest {
    if let values {
      if hasNamed, case .tensors = values {
        throw .fieldOfWrongKind("the body", expected: "inputs by name, or all of them at once")
      }
      var rowCount: Int?
      if isByRow, case .tensors(_, let count) = values { rowCount = count }
      return Self.request(values, key: key, rowCount: rowCount, parameters, dialect)
    }
    try PlainPredictReader.requireAll(named, facts.signature)
    return Self.request(
      .tensors(named, rowCount: nil), key: "", rowCount: nil, parameters, dialect)
  }

  static func request(
    _ values: RowValues, key: StaticString, rowCount: Int?, _ parameters: [Parameter],
    _ dialect: Dialect
  ) -> DialectRequest {
    switch values {
    case .tensors(let tensors, _):
      return DialectRequest(
        content: .tensors(TensorRequest(inputs: tensors)),
        answer: PredictAnswer(key: key, rowCount: rowCount))
    case .photos(let photos):
      if key.utf8CodeUnitCount > 0 {
        return DialectRequest(
          content: .photos(photos, parameters), answer: PhotoPredictions(key: key))
      }
      return DialectRequest(
        content: .photos(photos, parameters),
        answer: dialect == .torchServe ? TorchServePhotos() : PhotoDocument())
    }
  }
}

/// What TorchServe's own handlers answer: of detections a list of `{label: [x1, y1, x2, y2],
/// "score": s}`, of classes `{label: probability}`.
struct TorchServePhotos: DialectAnswer {
  func text(
    for findings: [PhotoFindings], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    var writer = JSONWriter()
    guard findings.count != 1 else {
      Self.write(findings[0], to: &writer)
      return AnswerText(writer.bytes)
    }
    writer.list("[", "]", findings) { Self.write($1, to: &$0) }
    return AnswerText(writer.bytes)
  }

  private static func write(_ found: PhotoFindings, to writer: inout JSONWriter) {
    switch found {
    case .detections(let detections, _):
      writer.list("[", "]", detections) { writer, detection in
        let box = detection.box
        writer.write(raw: "{")
        writer.write(detection.label)
        writer.write(raw: ":")
        writer.list("[", "]", [box.x1, box.y1, box.x2, box.y2]) { $0.write($1) }
        writer.write(raw: ",\"score\":")
        writer.write(detection.score)
        writer.write(raw: "}")
      }
    case .classes(let classes, _):
      writer.list("{", "}", classes) { writer, found in
        writer.write(found.label)
        writer.write(raw: ":")
        writer.write(found.score)
      }
    }
  }

  func text(
    for outputs: [NamedTensor], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    preconditionFailure("photos are answered with what was found in them")
  }
}
