package import Inference

/// Reads TensorFlow Serving's `PredictRequest`.
///
/// Where the model has a vision task, strings for an input of numbers are photos.
package struct PredictMessage: ServiceReader {
  private let tensorBytesMax: Int

  /// - Parameter tensorBytesMax: of one tensor, whose message may be much shorter.
  package init(tensorBytesMax: Int) { self.tensorBytesMax = tensorBytesMax }

  package func head(_ message: UnsafeRawBufferPointer) throws(InputProblem) -> ServiceHead {
    let fields = try PredictFields(message)
    var head = ServiceHead(address: try ModelSpecMessage.address(of: fields.spec))
    for (_, tensor) in fields.inputs {
      let (sum, overflow) = head.tensorByteCount.addingReportingOverflow(tensor.tensorByteCount)
      head.tensorByteCount = overflow ? .max : sum
    }
    return head
  }

  package func read(
    _ message: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InferenceFailure) -> ServiceRequest {
    let fields: PredictFields
    do throws(InputProblem) {
      fields = try PredictFields(message)
      try SignatureName.check(fields.spec?.signatureName ?? "")
    } catch {
      throw .invalidInput(error)
    }
    do throws(InferenceFailure) {
      return try request(fields, facts, nil)
    } catch {
      guard case .invalidInput(let problem) = error,
        let columns = try Self.columns(fields, facts.signature, after: problem)
      else { throw error }
      return try request(fields, facts, columns)
    }
  }

  /// Tensors that are columns of a tabular model, as they may be over the Open Inference Protocol.
  private static func columns(
    _ fields: PredictFields, _ signature: ModelSignature, after problem: InputProblem
  ) throws(InferenceFailure) -> ColumnInputs? {
    do throws(InputProblem) {
      return try ColumnInputs.meant(
        by: SaidTensors(names: fields.inputs.map(\.name)), for: signature, after: problem)
    } catch {
      throw .invalidInput(error)
    }
  }

  private func request(
    _ fields: PredictFields, _ facts: BodyFacts, _ columns: ColumnInputs?
  ) throws(InferenceFailure) -> ServiceRequest {
    var inputs = PredictInputs(facts: facts, columns: columns, tensorBytesMax: tensorBytesMax)
    for (name, tensor) in fields.inputs { try inputs.take(name, tensor) }
    do throws(InputProblem) {
      return try inputs.request(wanting: fields.wantedOutputs)
    } catch {
      throw .invalidInput(error)
    }
  }
}

/// The fields of a `PredictRequest`, its tensors not yet read.
private struct PredictFields {
  private(set) var spec: ModelSpecMessage?
  private(set) var inputs: [(name: String, tensor: TensorMessage)] = []
  /// `output_filter`; empty means all.
  private(set) var wantedOutputs: [String] = []

  init(_ message: UnsafeRawBufferPointer) throws(InputProblem) {
    var reader = ProtobufReader(message)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (1, .bytes): spec = try ModelSpecMessage(try reader.slice())
      case (2, .bytes): inputs.append(try Self.entry(try reader.slice()))
      case (3, .bytes): wantedOutputs.append(try reader.string())
      default: try reader.skip(field)
      }
    }
  }

  /// An entry of `inputs`; one without a tensor has an empty one.
  private static func entry(
    _ bytes: UnsafeRawBufferPointer
  ) throws(InputProblem) -> (name: String, tensor: TensorMessage) {
    var name = ""
    var tensor = UnsafeRawBufferPointer(start: nil, count: 0)
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (1, .bytes): name = try reader.string()
      case (2, .bytes): tensor = try reader.slice()
      default: try reader.skip(field)
      }
    }
    return (name, try TensorMessage(tensor))
  }
}

/// The inputs of a `PredictRequest` while they are read.
private struct PredictInputs {
  private let takesPhotos: Bool
  private let signature: ModelSignature
  private let columns: ColumnInputs?
  private let tensorBytesMax: Int
  private var tensors: [Tensor?]
  private var photos: [PhotoRequest.Photo] = []

  init(facts: BodyFacts, columns: ColumnInputs?, tensorBytesMax: Int) {
    takesPhotos = facts.takesPhotos
    signature = columns?.signature ?? facts.signature
    self.columns = columns
    self.tensorBytesMax = tensorBytesMax
    tensors = [Tensor?](repeating: nil, count: signature.inputs.count)
  }

  mutating func take(_ name: String, _ message: TensorMessage) throws(InferenceFailure) {
    guard let place = signature.inputIndex(meantBy: name) else {
      throw .invalidInput(.unknownInput(name, known: signature.inputs.map(\.name)))
    }
    guard tensors[place] == nil else { throw .invalidInput(.inputGivenTwice(name)) }
    let input = signature.inputs[place]
    if takesPhotos, message.datatype == .bytes, input.datatype != .bytes {
      try takePhotos(name, message)
    } else {
      tensors[place] = try TensorReading(input: input, byteCountMax: tensorBytesMax).read(message)
    }
  }

  private mutating func takePhotos(
    _ name: String, _ message: TensorMessage
  ) throws(InferenceFailure) {
    let input = TensorDescription(
      name: name, datatype: .bytes, dimensions: [], isShapeless: true)
    let tensor = try TensorReading(input: input, byteCountMax: tensorBytesMax).read(message)
    guard photos.count + tensor.elementCount <= RowReader.photoCountMax else {
      throw .invalidInput(
        .framing("a request has at most \(RowReader.photoCountMax) photos"))
    }
    _ = tensor.forEachByteString { photos.append(.decoded(Array($0))) }
  }

  func request(wanting names: [String]) throws(InputProblem) -> ServiceRequest {
    for (place, name) in names.enumerated() where names[..<place].contains(name) {
      throw .fieldOfWrongKind("output_filter", expected: "without `\(name)` twice")
    }
    if !photos.isEmpty {
      if let odd = names.first(where: { !FindingTensors.names.contains($0) }) {
        throw .unknownOutput(odd, known: FindingTensors.names)
      }
      return ServiceRequest(
        content: .photos(photos, []), answer: PredictMessageAnswer(findings: names))
    }
    try PlainPredictReader.requireAll(tensors, signature)
    var outputs: [Int] = []
    for name in names {
      guard let place = signature.outputIndex(named: name) else {
        throw .unknownOutput(name, known: signature.outputs.map(\.name))
      }
      outputs.append(place)
    }
    return ServiceRequest(
      content: .tensors(
        TensorRequest(inputs: try columns?.joined(tensors) ?? tensors, outputs: outputs)),
      answer: PredictMessageAnswer())
  }
}

/// `PredictResponse`.
private struct PredictMessageAnswer: ServiceAnswer {
  /// Which tensors of what was found in photos are wanted; empty means all.
  var findings: [String] = []

  func message(
    for outputs: [NamedTensor], of model: AnsweringModel
  ) throws(InferenceFailure) -> ServiceMessage {
    var writing = TensorWriting()
    // The numbers of the fields are not in the order of `PredictRequest`.
    writing.writeSpec(of: model, field: 2)
    for output in outputs {
      guard writing.write(output, field: 1) else {
        throw .unsupported(.other("outputs in device memory"))
      }
    }
    return writing.finish()
  }

  func message(
    for findings: [PhotoFindings], of model: AnsweringModel
  ) throws(InferenceFailure) -> ServiceMessage {
    let wanted = self.findings
    return try message(
      for: FindingTensors.outputs(findings).filter {
        wanted.isEmpty || wanted.contains($0.name)
      }, of: model)
  }
}
