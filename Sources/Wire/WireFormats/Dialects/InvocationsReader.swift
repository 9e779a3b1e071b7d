package import Inference

/// Reads the bodies of `/invocations`: those of MLflow's scoring server (tables, `instances`,
/// `inputs`) and those of SageMaker's containers (the Open Inference Protocol, lines of numbers,
/// arrays of NumPy, photos). Which of the two, the content type and the keys tell.
package struct InvocationsReader: DialectReader {
  /// Where the port or a header says so.
  let spoken: Dialect?
  /// The answer to lines of numbers is wanted as JSON.
  let prefersJSON: Bool

  package init(spoken: Dialect?, prefersJSON: Bool = false) {
    self.spoken = spoken
    self.prefersJSON = prefersJSON
  }

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
    if facts.isPlainlyJSON { return try json(body, facts) }
    if let found = try PhotoBodies.read(body, facts) {
      return DialectRequest(
        content: .photos(found.photos, found.parameters), answer: PhotoDocument(),
        dialect: spoken ?? .sageMaker)
    }
    if let length = SageMakerContent.jsonLength(contentType: facts.contentType) {
      return try binary(body, jsonLength: length, facts)
    }
    switch facts.mediaType {
    case "text/csv": return try csv(body, facts)
    case "application/x-npy": return try numpy(body, facts)
    case "application/json", "application/vnd.sagemaker-triton.json", "":
      return try json(body, facts)
    default: return nil
    }
  }

  // MARK: SageMaker

  private func binary(
    _ body: UnsafeRawBufferPointer, jsonLength: String, _ facts: BodyFacts
  ) throws(InputProblem) -> DialectRequest {
    guard let length = Int(jsonLength), length >= 0, length <= body.count else {
      throw .parameter(
        "json-header-size", expected: "the byte count of the JSON, within the body",
        got: jsonLength)
    }
    var parts = try OpenInferenceBinaryBody(
      signature: facts.signature, jsonByteCount: length, bodyByteCount: body.count,
      bodyBytesMax: body.count, depthMax: facts.depthMax)
    try parts.receive(body)
    return DialectRequest(
      try parts.finish(), framing: .sageMaker, dialect: spoken ?? .sageMaker)
  }

  private func csv(
    _ body: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InputProblem) -> DialectRequest {
    let hasHeader: Bool? = spoken.map { $0 == .mlflow }
    let table = try CSVTable.read(body, facts.signature, hasHeader: hasHeader)
    let isLines = !table.hasHeader && !prefersJSON
    return DialectRequest(
      content: .tensors(TensorRequest(inputs: table.tensors)),
      answer: isLines
        ? CSVAnswer(rowCount: table.rowCount)
        : PredictAnswer(key: "predictions", rowCount: table.rowCount),
      dialect: spoken ?? (table.hasHeader ? .mlflow : .sageMaker))
  }

  private func numpy(
    _ body: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InputProblem) -> DialectRequest {
    guard facts.signature.inputs.count == 1 else {
      throw .framing("an array of NumPy is for a model with one input, and this one has more")
    }
    let tensor = try NumpyArray.read(body, facts.signature.inputs[0])
    let rowCount = tensor.shape.rank > 0 ? tensor.shape[0] : nil
    return DialectRequest(
      content: .tensors(TensorRequest(inputs: [tensor])),
      answer: PredictAnswer(key: "predictions", rowCount: rowCount),
      dialect: spoken ?? .sageMaker)
  }

  // MARK: JSON

  private func json(
    _ body: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InputProblem) -> DialectRequest {
    var document = InvocationsDocument(facts: facts)
    try facts.scanning(body) { (scanner) throws(InputProblem) in
      guard scanner.peek() == UInt8(ascii: "{") else {
        throw .fieldOfWrongKind("the body", expected: InvocationsDocument.expectation)
      }
      // MLflow's own client writes what is missing in a data frame as NaN.
      scanner.takesNonFinite = true
      try scanner.readObject { (scanner, key) throws(InputProblem) in
        try document.readMember(key, &scanner)
      }
    }
    if document.isOpenInference {
      let request = try OpenInferenceRequest.decode(
        json: body, signature: facts.signature, depthMax: facts.depthMax)
      return DialectRequest(
        request, framing: request.responsePlan.standard.isBinary ? .sageMaker : .openInference,
        dialect: spoken ?? .sageMaker)
    }
    return try document.request(dialect: spoken ?? .mlflow)
  }
}

/// A JSON document of `/invocations` while it is read.
private struct InvocationsDocument {
  static let expectation =
    "an object with one of `dataframe_split`, `dataframe_records`, `instances`, `inputs`"

  let facts: BodyFacts
  /// Its `inputs` are tensors with names, shapes and datatypes.
  private(set) var isOpenInference = false
  private var values: RowValues?
  private var rowCount: Int?
  private var given: String?
  private var parameters: [Parameter] = []

  init(facts: BodyFacts) { self.facts = facts }

  mutating func readMember(
    _ key: String, _ scanner: inout JSONScanner
  ) throws(InputProblem) {
    switch key {
    case "dataframe_split" where PlainContent(facts.signature).takesDocuments:
      try note(key)
      take(try DocumentTable.split(&scanner, facts.signature, field: key))
    case "dataframe_records" where PlainContent(facts.signature).takesDocuments:
      try note(key)
      take(try RowReader(facts).readRows(&scanner, field: key))
    case "dataframe_split":
      try note(key)
      take(try TableReader.split(&scanner, facts.signature, field: key))
    case "dataframe_records":
      try note(key)
      take(try TableReader.records(&scanner, facts.signature, field: key))
    case "instances":
      try note(key)
      take(try RowReader(facts).readRows(&scanner, field: key))
    case "inputs" where NamedTensors.areNext(scanner, facts.signature):
      isOpenInference = true
      try scanner.skipValue()
    case "inputs":
      try note(key)
      take(try RowReader(facts).readColumns(&scanner, field: key))
    case "params" where facts.takesPhotos || facts.signature.table != nil:
      if !scanner.takeWord("null") { parameters = try OpenInferenceParameters.readAll(&scanner) }
    default: try scanner.skipValue()
    }
  }

  private mutating func note(_ key: String) throws(InputProblem) {
    if let given { throw .fieldOfWrongKind(key, expected: "left out beside `\(given)`") }
    given = key
  }

  private mutating func take(_ table: TableReader.Table) {
    values = .tensors(table.tensors, rowCount: table.rowCount)
  }

  private mutating func take(_ found: RowValues) { values = found }

  func request(dialect: Dialect) throws(InputProblem) -> DialectRequest {
    switch values {
    case .tensors(let tensors, let rowCount):
      return DialectRequest(
        content: .tensors(TensorRequest(inputs: tensors, parameters: parameters)),
        answer: PredictAnswer(
          key: "predictions", rowCount: rowCount,
          givesDocuments: PlainContent(facts.signature).givesDocuments), dialect: dialect)
    case .photos(let photos):
      return DialectRequest(
        content: .photos(photos, parameters), answer: PhotoPredictions(), dialect: dialect)
    case nil: throw .fieldOfWrongKind("the body", expected: Self.expectation)
    }
  }
}

/// Tensors as the Open Inference Protocol writes them.
enum NamedTensors {
  private static let fields = ["name", "datatype", "shape", "data", "parameters"]

  /// Whether `inputs` at the cursor are such: an array of objects whose first key is a tensor's
  /// field, and no input of the model.
  static func areNext(_ scanner: JSONScanner, _ signature: ModelSignature) -> Bool {
    var scanner = scanner
    guard scanner.take("["), scanner.take("{"), scanner.peek() == UInt8(ascii: "\""),
      let key = try? scanner.readString()  // What is no string is refused by whoever reads it.
    else { return false }
    return fields.contains(key) && signature.inputIndex(named: key) == nil
  }
}

/// One line for each row, values with commas between them; for models with one output of numbers,
/// else as JSON.
struct CSVAnswer: DialectAnswer {
  let rowCount: Int

  func text(
    for outputs: [NamedTensor], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    guard outputs.count == 1, let size = outputs[0].tensor.datatype.elementByteCount,
      outputs[0].tensor.shape.rank > 0, outputs[0].tensor.shape[0] == rowCount
    else {
      return try PredictAnswer(key: "predictions", rowCount: rowCount)
        .text(for: outputs, of: model)
    }
    let tensor = outputs[0].tensor
    let byteCountMax = try TensorText.byteCountMax(of: tensor, output: outputs[0].name) + rowCount
    var text = AnswerText(byteCountMax: byteCountMax) { [rowCount] json in
      guard let bytes = tensor.hostBytes else { return }
      let rowBytes = rowCount == 0 ? 0 : tensor.elementCount / rowCount * size
      for row in 0..<rowCount {
        json.writeElements(
          of: UnsafeRawBufferPointer(rebasing: bytes[row * rowBytes..<(row + 1) * rowBytes]),
          tensor.datatype)
        json.write(raw: "\n")
      }
    }
    text.contentType = "text/csv; charset=utf-8"
    return text
  }

  func text(
    for findings: [PhotoFindings], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    preconditionFailure("a table is no photo")
  }
}
