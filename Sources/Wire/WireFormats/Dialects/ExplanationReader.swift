package import Inference

/// Reads the bodies of `:explain` and of TorchServe's explanations as those of predictions are read, and
/// asks the model for the contributions of its columns in place of its predictions.
package struct ExplanationReader: DialectReader {
  let reader: any DialectReader

  package init(_ reader: any DialectReader) { self.reader = reader }

  /// The output that explains, of models that have it: [rows, columns + 1], or [rows, outputs,
  /// columns + 1], the last of them what is expected of a row of which nothing is known.
  package static let output = "contributions"

  package func read(
    _ body: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InferenceFailure) -> DialectRequest {
    guard let table = facts.signature.table,
      let place = facts.signature.outputIndex(named: Self.output)
    else {
      let reason = facts.signature.metadata[ModelSignature.noContributions].map { ", as \($0)" }
      throw .unsupported(
        .other("explanations: this model has no output `\(Self.output)`\(reason ?? "")"))
    }
    var request = try reader.read(body, facts)
    guard case .tensors(var tensors) = request.content else {
      throw .unsupported(.other("explanations of photos"))
    }
    tensors.outputs = [place]
    request.content = .tensors(tensors)
    request.answer = ExplanationAnswer(names: table.names)
    return request
  }
}

/// `{"explanations": [{"base_value": b, "contributions": {"column": c, ...}}, ...]}`, a row each: the
/// base value and the contributions sum up to what the model's trees sum up to. Of a model with several
/// outputs both are lists, a number for each output.
struct ExplanationAnswer: DialectAnswer {
  /// Of the columns; their places where the model has no names for them.
  let names: [String]?

  func text(
    for outputs: [NamedTensor], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    guard outputs.count == 1, let rows = ContributionRows(outputs[0].tensor) else {
      throw .internalFault(FaultID("contributions"))
    }
    let columns = (0..<rows.columnCount).map { place in
      names.flatMap { $0.indices.contains(place) ? $0[place] : nil } ?? "f\(place)"
    }
    let rowByteCount = columns.reduce(64) { count, name in
      count + JSONOutput.byteCount(of: name) + 4 + rows.outputCount * 28
    }
    return AnswerText(byteCountMax: 32 + rows.rowCount * (rowByteCount + rows.outputCount * 28)) {
      json in
      json.write(raw: "{\"explanations\":[")
      for row in 0..<rows.rowCount {
        json.write(raw: row > 0 ? ",{\"base_value\":" : "{\"base_value\":")
        rows.write(row: row, column: rows.columnCount, to: &json)
        json.write(raw: ",\"contributions\":{")
        for (column, name) in columns.enumerated() {
          if column > 0 { json.write(raw: ",") }
          json.write(name)
          json.write(raw: ":")
          rows.write(row: row, column: column, to: &json)
        }
        json.write(raw: "}}")
      }
      json.write(raw: "]}")
    }
  }

  func text(
    for findings: [PhotoFindings], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    preconditionFailure("a row of a table is no photo")
  }
}

/// The output `contributions` by row and column.
private struct ContributionRows: Sendable {
  let rowCount: Int
  let outputCount: Int
  /// Without the base value behind them.
  let columnCount: Int
  private let isList: Bool
  private let tensor: Tensor

  /// `nil` where it has another form.
  init?(_ tensor: Tensor) {
    let shape = tensor.shape
    guard [.float32, .float64].contains(tensor.datatype), (2...3).contains(shape.rank),
      shape[shape.rank - 1] > 0, tensor.hostBytes != nil
    else { return nil }
    rowCount = shape[0]
    isList = shape.rank == 3
    outputCount = isList ? shape[1] : 1
    columnCount = shape[shape.rank - 1] - 1
    self.tensor = tensor
  }

  func write(row: Int, column: Int, to json: inout JSONOutput) {
    guard let bytes = tensor.hostBytes, let size = tensor.datatype.elementByteCount else { return }
    if isList { json.write(raw: "[") }
    for output in 0..<outputCount {
      if output > 0 { json.write(raw: ",") }
      let place = ((row * outputCount + output) * (columnCount + 1) + column) * size
      json.writeElements(
        of: UnsafeRawBufferPointer(rebasing: bytes[place..<place + size]), tensor.datatype)
    }
    if isList { json.write(raw: "]") }
  }
}
