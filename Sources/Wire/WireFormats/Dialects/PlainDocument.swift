import Inference

/// A JSON object without a fixed form while it is read.
struct PlainDocument {
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
      if signature.inputs[place].isOptional, scanner.takeWord("null") { return }
      hasNamed = hasNamed || !signature.inputs[place].isOptional
      if facts.takesPhotos, Base64Object.isNext(scanner) {
        values = .photos([.decoded(try Base64Object.read(&scanner))])
      } else {
        named[place] = try NestedInput.readOne(&scanner, signature.inputs[place])
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
      guard case .tensors(let tensors, let count) = values else {
        return Self.request(values, key: key, rowCount: nil, parameters, dialect)
      }
      let all = zip(tensors, named).map { $0 ?? $1 }
      return Self.request(
        .tensors(all, rowCount: count), key: key, rowCount: isByRow ? count : nil, parameters,
        dialect)
    }
    try PlainPredictReader.requireAll(named, facts.signature)
    if PlainContent(facts.signature).givesDocuments {
      // Whoever gives arguments by their names is answered with what the method gives.
      return DialectRequest(
        content: .tensors(TensorRequest(inputs: named, parameters: parameters)),
        answer: ContentAnswer(type: "application/json"))
    }
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
        content: .tensors(TensorRequest(inputs: tensors, parameters: parameters)),
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
