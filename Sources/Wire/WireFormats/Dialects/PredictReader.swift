package import Inference

/// Reads the bodies that KServe V1, TensorFlow Serving and Vertex share: `instances`, a row each, or
/// `inputs`, all rows of each input together.
package struct PredictReader: DialectReader {
  /// What column `inputs` are answered with, where the request is not plainly of one dialect.
  package enum Inputs: Sendable {
    /// TensorFlow Serving's `outputs`.
    case outputs
    /// KServe's `predictions`.
    case predictions
  }

  let dialect: Dialect
  let inputs: Inputs

  package init(_ dialect: Dialect, inputs: Inputs = .outputs) {
    self.dialect = dialect
    self.inputs = inputs
  }

  package func read(
    _ body: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InferenceFailure) -> DialectRequest {
    do throws(InputProblem) {
      return try facts.scanning(body) {
        (scanner) throws(InputProblem) in try read(&scanner, facts)
      }
    } catch {
      throw .invalidInput(error)
    }
  }

  /// The document at the cursor.
  func read(
    _ scanner: inout JSONScanner, _ facts: BodyFacts
  ) throws(InputProblem) -> DialectRequest {
    guard scanner.peek() == UInt8(ascii: "{") else {
      throw .fieldOfWrongKind("the body", expected: "an object with `instances` or `inputs`")
    }
    var document = PredictDocument(facts: facts)
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      try document.readMember(key, &scanner)
    }
    return try request(of: document)
  }

  private func request(of document: PredictDocument) throws(InputProblem) -> DialectRequest {
    guard let format = document.format else { throw .missingField("instances") }
    let isForeign = document.isTensorFlow && dialect == .kserve
    let answeredAs = isForeign ? Dialect.tensorFlow : dialect
    switch document.values {
    case .photos(let photos):
      return DialectRequest(
        content: .photos(photos, document.parameters), answer: PhotoPredictions(),
        dialect: answeredAs)
    case .tensors(let tensors, let rowCount):
      let isColumn = format == .columns && (inputs == .outputs || isForeign)
      let request = TensorRequest(inputs: tensors, parameters: document.parameters)
      return DialectRequest(
        content: .tensors(request),
        answer: PredictAnswer(
          key: isColumn ? "outputs" : "predictions",
          rowCount: format == .rows ? rowCount : nil,
          givesDocuments: PlainContent(document.facts.signature).givesDocuments),
        dialect: format == .columns && inputs == .outputs && dialect == .kserve
          ? .tensorFlow : answeredAs)
    case nil: throw .missingField("instances")
    }
  }
}

/// A `:predict` document while it is read.
struct PredictDocument {
  enum Format { case rows, columns }

  let facts: BodyFacts
  private(set) var format: Format?
  private(set) var values: RowValues?
  private(set) var parameters: [Parameter] = []
  /// It says `signature_name`, which only clients of TensorFlow Serving do.
  private(set) var isTensorFlow = false

  init(facts: BodyFacts) { self.facts = facts }

  mutating func readMember(
    _ key: String, _ scanner: inout JSONScanner
  ) throws(InputProblem) {
    switch key {
    case "instances":
      try note(.rows, key)
      values = try RowReader(facts).readRows(&scanner, field: key)
    case "inputs":
      try note(.columns, key)
      values = try RowReader(facts).readColumns(&scanner, field: key)
    case "signature_name":
      isTensorFlow = true
      try SignatureName.check(&scanner)
    case "parameters":
      if !scanner.takeWord("null") { parameters = try OpenInferenceParameters.readAll(&scanner) }
    default: try scanner.skipValue()
    }
  }

  private mutating func note(_ found: Format, _ key: String) throws(InputProblem) {
    guard format == nil else {
      throw .fieldOfWrongKind(key, expected: "left out, as `instances` or `inputs` came before it")
    }
    format = found
  }
}

/// A model has one signature here, and this is its name.
enum SignatureName {
  static let only = "serving_default"

  static func check(_ scanner: inout JSONScanner) throws(InputProblem) {
    guard scanner.peek() == UInt8(ascii: "\"") else {
      throw .fieldOfWrongKind("signature_name", expected: "a string")
    }
    try check(try scanner.readString())
  }

  static func check(_ name: String) throws(InputProblem) {
    guard name == only || name.isEmpty else {
      throw .parameter("signature_name", expected: only, got: name)
    }
  }
}
