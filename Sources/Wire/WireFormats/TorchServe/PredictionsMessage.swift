package import Inference

/// Reads TorchServe's `PredictionsRequest`: the entries of its `input` are what a body of
/// `/predictions/{model}` is, or the parts of a form.
package struct PredictionsMessage: ServiceReader {
  private let isOfSequence: Bool

  /// - Parameter isOfSequence: it is one of `StreamPredictions2`, whose requests belong together.
  package init(isOfSequence: Bool = false) { self.isOfSequence = isOfSequence }

  package func head(_ message: UnsafeRawBufferPointer) throws(InputProblem) -> ServiceHead {
    let fields = try PredictionsFields(message)
    guard !fields.name.isEmpty else { throw .missingField("model_name") }
    var head = ServiceHead(
      address: ModelAddress(name: fields.name[...], version: fields.version[...]))
    head.sequenceID = fields.sequenceID
    return head
  }

  package func read(
    _ message: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InferenceFailure) -> ServiceRequest {
    let fields: PredictionsFields
    do throws(InputProblem) {
      fields = try PredictionsFields(message)
      if isOfSequence, fields.sequenceID == nil { throw .missingField("sequence_id") }
    } catch {
      throw .invalidInput(error)
    }
    let request = try read(fields, in: message, facts)
    var answered = ServiceRequest(
      content: request.content,
      answer: PredictionsMessageAnswer(inner: request.answer, sequenceID: fields.sequenceID))
    answered.priority = request.priority
    answered.timeoutMicroseconds = request.timeoutMicroseconds
    answered.sequence = request.sequence
    if isOfSequence, let id = fields.sequenceID {
      answered.sequence = SequenceMark(
        id: .text(id), isStart: fields.startsSequence, isEnd: fields.endsSequence)
    }
    return answered
  }

  private func read(
    _ fields: PredictionsFields, in message: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InferenceFailure) -> DialectRequest {
    let reader = PlainPredictReader(.torchServe)
    let untold = BodyFacts(
      signature: facts.signature, takesPhotos: facts.takesPhotos, depthMax: facts.depthMax)
    let only = fields.parts.count == 1 ? fields.parts[0] : nil
    if let only, facts.signature.inputIndex(named: only.name) == nil {
      var request = try reader.read(
        UnsafeRawBufferPointer(rebasing: message[only.content]), untold)
      request.content = request.content.moved(by: only.content.lowerBound)
      return request
    }
    do throws(InputProblem) {
      return try reader.read(fields.parts, in: message, untold)
    } catch {
      throw .invalidInput(error)
    }
  }
}

/// The fields of a `PredictionsRequest`.
private struct PredictionsFields {
  private(set) var name = ""
  private(set) var version = ""
  private(set) var sequenceID: String?
  /// Of `input`, but for those that say something of the sequence.
  private(set) var parts: [MultipartForm.Part] = []
  private(set) var startsSequence = false
  private(set) var endsSequence = false

  init(_ message: UnsafeRawBufferPointer) throws(InputProblem) {
    var reader = ProtobufReader(message)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (1, .bytes): name = try reader.string()
      case (2, .bytes): version = try reader.string()
      case (3, .bytes): try take(try reader.range(), of: message)
      case (4, .bytes):
        let id = try reader.string()
        sequenceID = id.isEmpty ? nil : id
      default: try reader.skip(field)
      }
    }
  }

  /// An entry of `input`.
  private mutating func take(
    _ range: Range<Int>, of message: UnsafeRawBufferPointer
  ) throws(InputProblem) {
    var key = ""
    var content = range.lowerBound..<range.lowerBound
    var reader = ProtobufReader(UnsafeRawBufferPointer(rebasing: message[range]))
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (1, .bytes): key = try reader.string()
      case (2, .bytes):
        let inner = try reader.range()
        content = range.lowerBound + inner.lowerBound..<range.lowerBound + inner.upperBound
      default: try reader.skip(field)
      }
    }
    // TorchServe's names for what begins and ends a sequence.
    switch key {
    case "ts_request_sequence_start": startsSequence = Self.isTrue(message[content])
    case "ts_request_sequence_end": endsSequence = Self.isTrue(message[content])
    default:
      guard parts.count < MultipartForm.partCountMax else {
        throw .fieldOfWrongKind("input", expected: "at most \(MultipartForm.partCountMax) entries")
      }
      parts.append(.init(name: key, fileName: nil, contentType: nil, content: content))
    }
  }

  private static func isTrue(_ text: Slice<UnsafeRawBufferPointer>) -> Bool {
    text.elementsEqual("true".utf8) || text.elementsEqual("True".utf8)
  }
}

/// `PredictionResponse`, whose `prediction` is the body that TorchServe's address answers.
private struct PredictionsMessageAnswer: ServiceAnswer {
  let inner: any DialectAnswer
  let sequenceID: String?

  func message(
    for outputs: [NamedTensor], of model: AnsweringModel
  ) throws(InferenceFailure) -> ServiceMessage {
    try message(of: try inner.text(for: outputs, of: model))
  }

  func message(
    for findings: [PhotoFindings], of model: AnsweringModel
  ) throws(InferenceFailure) -> ServiceMessage {
    try message(of: try inner.text(for: findings, of: model))
  }

  private func message(of text: AnswerText) throws(InferenceFailure) -> ServiceMessage {
    let written = [UInt8](unsafeUninitializedCapacity: text.byteCountMax) { memory, count in
      count = text.write(into: UnsafeMutableRawBufferPointer(memory))
    }
    let byteCount = text.binaryTensors.reduce(written.count) { $0 + $1.byteCount }
    var head = ProtobufBytes()
    if let sequenceID { head.append(field: 2, text: sequenceID) }
    head.append(field: 1, .bytes)
    head.append(varint: UInt64(byteCount))
    head.append(raw: written)
    var message = ServiceMessage(head.bytes)
    for tensor in text.binaryTensors where tensor.byteCount > 0 { message.append(tensor) }
    return message
  }
}

extension DialectRequest.Content {
  /// With photos that lie in a body found in the message that the body is a part of.
  fileprivate func moved(by offset: Int) -> DialectRequest.Content {
    guard case .photos(let photos, let parameters) = self else { return self }
    return .photos(
      photos.map { photo in
        guard case .inBody(let range) = photo else { return photo }
        return .inBody(range.lowerBound + offset..<range.upperBound + offset)
      }, parameters)
  }
}

/// `StreamPredictions2` says in a message of its own why a request of it got no answer.
package enum PredictionsMessageFailure {
  /// `google.rpc.Status` in a `PredictionResponse`.
  package static func message(_ failure: InferenceFailure, sequenceID: String?) -> [UInt8] {
    var status = ProtobufBytes()
    status.append(field: 1, varint: UInt64(GRPCFailures.status(for: failure).rawValue))
    status.append(field: 2, text: FailureMessage.text(for: failure))
    var output = ProtobufBytes()
    if let sequenceID { output.append(field: 2, text: sequenceID) }
    output.append(field: 3, bytes: status.bytes)
    return output.bytes
  }
}
