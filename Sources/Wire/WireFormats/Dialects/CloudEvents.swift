package import Inference

/// What a CloudEvent (1.0) says of itself: in `ce-` headers, or as members beside `data`.
package struct CloudEventAttributes: Sendable, Equatable {
  package var id: String?
  package var type: String?
  package var source: String?
  /// `specversion`.
  package var version: String?

  package init() {}

  package var isEmpty: Bool { id == nil && type == nil && source == nil && version == nil }

  /// The four are required; other versions than 1.0 and 0.3 have other forms.
  func check() throws(InputProblem) {
    let members = [("id", id), ("source", source), ("specversion", version), ("type", type)]
    for (name, value) in members where (value ?? "").isEmpty {
      throw .missingField("the CloudEvent's \(name)")
    }
    guard version == "1.0" || version == "0.3" else {
      throw .parameter("the CloudEvent's specversion", expected: "1.0", got: version ?? "")
    }
  }
}

/// Reads what a CloudEvent carries, and answers with one.
package struct CloudEventReader: DialectReader {
  private let inner: PredictReader
  /// Of an event in binary form; `nil` for one that is a document.
  private let attributes: CloudEventAttributes?

  package static let structuredType = "application/cloudevents+json"

  /// - Parameter attributes: of the headers, where the body is the data alone.
  package init(_ inner: PredictReader, attributes: CloudEventAttributes?) {
    self.inner = inner
    self.attributes = attributes
  }

  package func read(
    _ body: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InferenceFailure) -> DialectRequest {
    do throws(InputProblem) {
      guard let attributes else {
        return try facts.scanning(body) {
          (scanner) throws(InputProblem) in try readStructured(&scanner, facts)
        }
      }
      try attributes.check()
    } catch {
      throw .invalidInput(error)
    }
    var request = try inner.read(body, facts)
    request.answer = CloudEventAnswer(inner: request.answer, isStructured: false)
    return request
  }

  private func readStructured(
    _ scanner: inout JSONScanner, _ facts: BodyFacts
  ) throws(InputProblem) -> DialectRequest {
    guard scanner.peek() == UInt8(ascii: "{") else {
      throw .fieldOfWrongKind("the body", expected: "a CloudEvent")
    }
    var found = CloudEventAttributes()
    var request: DialectRequest?
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      switch key {
      case "id": found.id = try Self.text(&scanner, key)
      case "type": found.type = try Self.text(&scanner, key)
      case "source": found.source = try Self.text(&scanner, key)
      case "specversion": found.version = try Self.text(&scanner, key)
      case "data", "data_base64":
        guard request == nil else { throw .fieldOfWrongKind(key, expected: "the only data") }
        request =
          key == "data"
          ? try inner.read(&scanner, facts) : try readEncoded(&scanner, facts)
      default: try scanner.skipValue()
      }
    }
    try found.check()
    guard var request else { throw .missingField("data") }
    request.answer = CloudEventAnswer(inner: request.answer, isStructured: true)
    return request
  }

  private func readEncoded(
    _ scanner: inout JSONScanner, _ facts: BodyFacts
  ) throws(InputProblem) -> DialectRequest {
    guard scanner.peek() == UInt8(ascii: "\"") else {
      throw .fieldOfWrongKind("data_base64", expected: "a string")
    }
    let bytes = try Base64Object.decode(try scanner.readStringToken())
    return try bytes.withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in
        try JSONScanner.scanning(bytes, depthMax: facts.depthMax) {
          (scanner) throws(InputProblem) in try inner.read(&scanner, facts)
        }
      }
    }.get()
  }

  private static func text(
    _ scanner: inout JSONScanner, _ key: String
  ) throws(InputProblem) -> String {
    guard scanner.peek() == UInt8(ascii: "\"") else {
      throw .fieldOfWrongKind(key, expected: "a string")
    }
    return try scanner.readString()
  }
}

/// An answer as an event of KServe's type, in the form in which the request's event came.
struct CloudEventAnswer: DialectAnswer {
  let inner: any DialectAnswer
  let isStructured: Bool

  private static let type = "io.kserve.inference.response"

  func text(
    for outputs: [NamedTensor], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    event(try inner.text(for: outputs, of: model), of: model)
  }

  func text(
    for findings: [PhotoFindings], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    event(try inner.text(for: findings, of: model), of: model)
  }

  private func event(_ data: AnswerText, of model: AnsweringModel) -> AnswerText {
    let source = "io.kserve.inference.\(model.name)"
    guard isStructured else {
      var text = data
      text.headers += [
        ("ce-specversion", "1.0"), ("ce-id", model.requestID), ("ce-type", Self.type),
        ("ce-source", Self.headerText(source)),
      ]
      return text
    }
    var head = JSONWriter()
    head.write(raw: "{\"specversion\":\"1.0\",\"id\":")
    head.write(model.requestID)
    head.write(raw: ",\"source\":")
    head.write(source)
    head.write(raw: ",\"type\":")
    head.write(Self.type)
    head.write(raw: ",\"datacontenttype\":\"application/json\",\"data\":")
    let bytes = head.bytes
    var text = AnswerText(byteCountMax: bytes.count + data.byteCountMax + 1) { json in
      json.write(rawBytes: bytes)
      data.write(to: &json)
      json.write(raw: "}")
    }
    text.contentType = "application/cloudevents+json"
    return text
  }

  /// Model names may have letters that a header cannot.
  private static func headerText(_ text: String) -> String {
    String(decoding: text.utf8.map { 33...126 ~= $0 ? $0 : UInt8(ascii: "_") }, as: UTF8.self)
  }
}
