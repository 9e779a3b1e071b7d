package import Inference

/// Reads TensorFlow Serving's `ClassificationRequest`, `RegressionRequest` and
/// `MultiInferenceRequest`: a list of `tensorflow.Example`, and features that all of them share.
package struct ExampleMessage: ServiceReader {
  package enum Call: Sendable { case classify, regress, several }

  private let call: Call
  private let tensorBytesMax: Int

  /// - Parameter tensorBytesMax: of one tensor, which shared features may make larger than the
  ///   message.
  package init(_ call: Call, tensorBytesMax: Int) {
    self.call = call
    self.tensorBytesMax = tensorBytesMax
  }

  package func head(_ message: UnsafeRawBufferPointer) throws(InputProblem) -> ServiceHead {
    let fields = try ExampleFields(message, call)
    let addresses = fields.specs.map(\.address)
    if let odd = addresses.first(where: { $0 != addresses[0] }) {
      throw .parameter(
        "tasks", expected: "one model, \(addresses[0]), for all tasks", got: "\(odd)")
    }
    return ServiceHead(address: try ModelSpecMessage.address(of: fields.specs.first))
  }

  package func read(
    _ message: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InferenceFailure) -> ServiceRequest {
    do throws(InputProblem) {
      let fields = try ExampleFields(message, call)
      for spec in fields.specs { try SignatureName.check(spec.signatureName) }
      if let table = try ExampleTable.tensors(
        facts.signature, examples: fields.examples, shared: fields.shared,
        byteCountMax: tensorBytesMax)
      {
        return ServiceRequest(
          content: .tensors(TensorRequest(inputs: table.tensors)),
          answer: ExampleMessageAnswer(
            call: call, tasks: fields.tasks, rowCount: table.rowCount))
      }
    } catch {
      throw .invalidInput(error)
    }
    throw .tooLarge(.body(bytesMax: tensorBytesMax))
  }
}

/// The fields of such a request, its examples not yet read.
private struct ExampleFields {
  private(set) var specs: [ModelSpecMessage] = []
  private(set) var tasks: [ExampleReader.Task] = []
  private(set) var examples: [UnsafeRawBufferPointer] = []
  private(set) var shared = UnsafeRawBufferPointer(start: nil, count: 0)

  /// More tasks than anybody has for one model.
  private static let taskCountMax = 64

  init(
    _ message: UnsafeRawBufferPointer, _ call: ExampleMessage.Call
  ) throws(InputProblem) {
    var reader = ProtobufReader(message)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (1, .bytes) where call == .several: try readTask(try reader.slice())
      case (1, .bytes): specs = [try ModelSpecMessage(try reader.slice())]
      case (2, .bytes): try readInput(try reader.slice())
      default: try reader.skip(field)
      }
    }
    switch call {
    case .classify: tasks = [.classify]
    case .regress: tasks = [.regress]
    case .several: if tasks.isEmpty { throw .missingField("tasks") }
    }
  }

  private mutating func readTask(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) {
    guard tasks.count < Self.taskCountMax else {
      throw .fieldOfWrongKind("tasks", expected: "at most \(Self.taskCountMax)")
    }
    var spec: ModelSpecMessage?
    var method = ""
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      switch (field.number, field.wireType) {
      case (1, .bytes): spec = try ModelSpecMessage(try reader.slice())
      case (2, .bytes): method = try reader.string()
      default: try reader.skip(field)
      }
    }
    guard let spec else { throw .missingField("tasks.model_spec") }
    guard let task = ExampleReader.Task(methodName: method) else {
      throw .parameter(
        "method_name", expected: "tensorflow/serving/classify or tensorflow/serving/regress",
        got: method)
    }
    specs.append(spec)
    tasks.append(task)
  }

  /// `Input`, of whose two kinds the last one counts.
  private mutating func readInput(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) {
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      guard field.number == 1 || field.number == 2, field.wireType == .bytes else {
        try reader.skip(field)
        continue
      }
      examples = []
      shared = UnsafeRawBufferPointer(start: nil, count: 0)
      var list = ProtobufReader(try reader.slice())
      while let entry = try list.next() {
        switch (entry.number, entry.wireType) {
        case (1, .bytes): examples.append(try list.slice())
        case (2, .bytes) where field.number == 2: shared = try list.slice()
        default: try list.skip(entry)
        }
      }
    }
  }
}

/// `ClassificationResponse`, `RegressionResponse` or `MultiInferenceResponse`.
private struct ExampleMessageAnswer: ServiceAnswer {
  let call: ExampleMessage.Call
  let tasks: [ExampleReader.Task]
  let rowCount: Int

  func message(
    for outputs: [NamedTensor], of model: AnsweringModel
  ) throws(InferenceFailure) -> ServiceMessage {
    var output = ProtobufBytes()
    for task in tasks {
      let scores = try ExampleScores(outputs, task, rowCount: rowCount)
      let result = Self.result(scores, task, labels: model.labels)
      if call == .several {
        var entry = ProtobufBytes()
        ModelSpecMessage.write(model, field: 1, to: &entry)
        entry.append(field: task == .classify ? 2 : 3, bytes: result)
        output.append(field: 1, bytes: entry.bytes)
      } else {
        output.append(field: 1, bytes: result)
        ModelSpecMessage.write(model, field: 2, to: &output)
      }
    }
    return ServiceMessage(output.bytes)
  }

  /// `ClassificationResult`, a list of classes for each example, or `RegressionResult`, a number.
  private static func result(
    _ scores: ExampleScores, _ task: ExampleReader.Task, labels: [String]
  ) -> [UInt8] {
    var result = ProtobufBytes()
    for row in 0..<scores.rowCount {
      var line = ProtobufBytes()
      if task == .regress {
        append(scores[row, 0], field: 1, to: &line)
      } else {
        for place in 0..<scores.width {
          var found = ProtobufBytes()
          found.append(field: 1, text: ExampleScores.label(place, labels))
          append(scores[row, place], field: 2, to: &found)
          line.append(field: 1, bytes: found.bytes)
        }
      }
      result.append(field: 1, bytes: line.bytes)
    }
    return result.bytes
  }

  private static func append(
    _ number: Float, field: Int, to output: inout ProtobufBytes
  ) {
    guard number.bitPattern != 0 else { return }
    output.append(field: field, .fixed32)
    output.append(fixed32: number.bitPattern)
  }

  func message(
    for findings: [PhotoFindings], of model: AnsweringModel
  ) throws(InferenceFailure) -> ServiceMessage {
    preconditionFailure("examples are no photos")
  }
}
