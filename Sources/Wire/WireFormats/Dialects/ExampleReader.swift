package import Inference

/// Reads TensorFlow Serving's `:classify` and `:regress`: `examples`, an object of features each,
/// and `context`, the features that all of them share.
package struct ExampleReader: DialectReader {
  package enum Task: Sendable {
    case classify, regress

    /// As a signature of TensorFlow's says what it is for.
    init?(methodName: String) {
      switch methodName {
      case "tensorflow/serving/classify": self = .classify
      case "tensorflow/serving/regress": self = .regress
      default: return nil
      }
    }
  }

  let task: Task

  package init(_ task: Task) { self.task = task }

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

  private func read(
    _ scanner: inout JSONScanner, _ facts: BodyFacts
  ) throws(InputProblem) -> DialectRequest {
    guard scanner.peek() == UInt8(ascii: "{") else {
      throw .fieldOfWrongKind("the body", expected: "an object with `examples`")
    }
    var examples: JSONScanner?
    var context: JSONScanner?
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      switch key {
      case "examples": examples = scanner
      case "context": context = scanner
      case "signature_name": return try SignatureName.check(&scanner)
      default: break
      }
      try scanner.skipValue()
    }
    guard var examples else { throw .missingField("examples") }
    let table = try TableReader.records(
      &examples, facts.signature, field: "examples", shared: context)
    return DialectRequest(
      content: .tensors(TensorRequest(inputs: table.tensors)),
      answer: ExampleAnswer(task: task, rowCount: table.rowCount), dialect: .tensorFlow)
  }
}

extension ExampleReader.Task {
  func takes(_ datatype: Datatype) -> Bool {
    switch datatype {
    case .float32, .float64, .float16: true
    default: false
    }
  }

  /// Whether an output that is declared so can be what is asked for.
  func mayTake(_ output: TensorDescription) -> Bool {
    guard takes(output.datatype) else { return false }
    let axes = output.dimensions
    switch self {
    case .classify: return output.isShapeless || axes.count == 2
    case .regress:
      let isColumn = axes.count == 2 && (axes[1].fixedLength ?? 1) == 1
      return output.isShapeless || axes.count == 1 || isColumn
    }
  }
}

/// `{"result": ...}`: a list of `[label, score]` for each example, or a number.
struct ExampleAnswer: DialectAnswer {
  let task: ExampleReader.Task
  let rowCount: Int

  func text(
    for outputs: [NamedTensor], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    let scores = try ExampleScores(outputs, task, rowCount: rowCount)
    var writer = JSONWriter(reservedByteCount: 32 + rowCount * scores.width * 24)
    writer.write(raw: "{\"result\":")
    writer.list("[", "]", Array(0..<rowCount)) { writer, row in
      if task == .regress { return writer.write(scores[row, 0]) }
      writer.list("[", "]", Array(0..<scores.width)) { writer, place in
        writer.write(raw: "[")
        writer.write(ExampleScores.label(place, model.labels))
        writer.write(raw: ",")
        writer.write(scores[row, place])
        writer.write(raw: "]")
      }
    }
    writer.write(raw: "}")
    return AnswerText(writer.bytes)
  }

  func text(
    for findings: [PhotoFindings], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    preconditionFailure("examples are no photos")
  }
}

/// What a model says of each example: a score for each class, or one number.
struct ExampleScores {
  let rowCount: Int
  let width: Int
  private let numbers: [Float]

  /// Of the first output that has the form for it.
  init(
    _ outputs: [NamedTensor], _ task: ExampleReader.Task, rowCount: Int
  ) throws(InferenceFailure) {
    let output = outputs.first { Self.areScores($0.tensor, task, rowCount) }
    guard let output else {
      // The request is at fault, as TensorFlow Serving has it: another address answers this model.
      throw .invalidInput(
        .framing(
          task == .classify
            ? "no output of this model has a score of each class for each example; use :predict"
            : "no output of this model has one number for each example; use :predict"))
    }
    self.rowCount = rowCount
    numbers = Self.numbers(of: output.tensor)
    width = rowCount == 0 ? 0 : numbers.count / rowCount
  }

  subscript(row: Int, place: Int) -> Float { numbers[row * width + place] }

  /// The name of a class; its place where there is none.
  static func label(_ place: Int, _ labels: [String]) -> String {
    labels.indices.contains(place) ? labels[place] : "\(place)"
  }

  /// [rows, classes] of floats for classes; [rows] or [rows, 1] of floats for a number.
  private static func areScores(
    _ tensor: Tensor, _ task: ExampleReader.Task, _ rowCount: Int
  ) -> Bool {
    let shape = tensor.shape
    guard shape.rank > 0, shape[0] == rowCount, task.takes(tensor.datatype) else { return false }
    return task == .classify
      ? shape.rank == 2 : shape.rank == 1 || (shape.rank == 2 && shape[1] == 1)
  }

  private static func numbers(of tensor: Tensor) -> [Float] {
    switch tensor.datatype {
    case .float64: tensor.elements(as: Double.self).map { Float($0) }
    case .float16: tensor.elements(as: Float16.self).map { Float($0) }
    default: tensor.elements(as: Float.self)
    }
  }
}
