import Inference

/// Outputs as nested arrays under one key: an element for each row, or all rows of each output.
///
/// As TensorFlow Serving has it, the name of an only output is left out.
struct PredictAnswer: DialectAnswer {
  /// `predictions`, `outputs`, `output`; empty where the value is the whole document.
  let key: StaticString
  /// Rows that the answer is split into; `nil` for columns.
  let rowCount: Int?
  /// Elements of the one output are JSON documents, and are written as such.
  var givesDocuments = false

  func text(
    for outputs: [NamedTensor], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    var nested: [NestedOutput] = []
    for output in outputs {
      nested.append(try NestedOutput(output, isDocument: givesDocuments))
    }
    let split = try rowCount.map { (count) throws(InferenceFailure) in
      try Self.split(nested, rowCount: count)
    }
    let isByRow = split == true
    var byteCount = key.utf8CodeUnitCount + 16
    for output in nested {
      let names = isByRow ? max(rowCount ?? 1, 1) : 1
      byteCount += output.byteCountMax + names * (JSONOutput.byteCount(of: output.name) + 8)
    }
    // One object a row, whose value is the whole output.
    let isWrapped = split == false
    return AnswerText(byteCountMax: byteCount) { [key, rowCount, nested] json in
      if key.utf8CodeUnitCount > 0 {
        json.write(raw: "{\"")
        json.write(raw: key)
        json.write(raw: "\":")
      }
      if nested.count == 1, !isWrapped {
        nested[0].write(to: &json)
      } else if isByRow {
        Self.writeRows(nested, rowCount ?? 0, to: &json)
      } else {
        if isWrapped { json.write(raw: "[") }
        Self.writeColumns(nested, to: &json)
        if isWrapped { json.write(raw: "]") }
      }
      if key.utf8CodeUnitCount > 0 { json.write(raw: "}") }
    }
  }

  /// Whether the outputs can be split into so many rows; false where the one row is the whole output.
  private static func split(
    _ outputs: [NestedOutput], rowCount: Int
  ) throws(InferenceFailure) -> Bool {
    guard let odd = outputs.first(where: { !$0.hasRows(rowCount) }) else { return true }
    if rowCount == 1 { return false }
    throw .invalidInput(
      .framing(
        "output \(PublicText.quoted(odd.name)) of shape \(odd.tensor.shape) has no row for each of "
          + "\(rowCount) instances; send `inputs` instead"))
  }

  private static func writeColumns(_ outputs: [NestedOutput], to json: inout JSONOutput) {
    if outputs.count == 1 { return outputs[0].write(to: &json) }
    json.write(raw: "{")
    for (place, output) in outputs.enumerated() {
      if place > 0 { json.write(raw: ",") }
      json.write(output.name)
      json.write(raw: ":")
      output.write(to: &json)
    }
    json.write(raw: "}")
  }

  private static func writeRows(
    _ outputs: [NestedOutput], _ rowCount: Int, to json: inout JSONOutput
  ) {
    json.write(raw: "[")
    for row in 0..<rowCount {
      json.write(raw: row > 0 ? ",{" : "{")
      for (place, output) in outputs.enumerated() {
        if place > 0 { json.write(raw: ",") }
        json.write(output.name)
        json.write(raw: ":")
        output.write(row: row, to: &json)
      }
      json.write(raw: "}")
    }
    json.write(raw: "]")
  }

  func text(
    for findings: [PhotoFindings], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    try PhotoPredictions(key: key).text(for: findings, of: model)
  }
}

/// What was found in photos, a document each, as `/detect` and `/classify` write it.
struct PhotoPredictions: DialectAnswer {
  var key: StaticString = "predictions"

  func text(
    for findings: [PhotoFindings], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    var writer = JSONWriter()
    writer.write(raw: "{\"")
    writer.write(raw: key)
    writer.write(raw: "\":")
    writer.list("[", "]", findings) { $0.write(rawBytes: $1.document) }
    writer.write(raw: "}")
    return AnswerText(writer.bytes)
  }

  func text(
    for outputs: [NamedTensor], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    preconditionFailure("photos are answered with what was found in them")
  }
}

/// The document of one photo, alone.
struct PhotoDocument: DialectAnswer {
  func text(
    for findings: [PhotoFindings], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    AnswerText(findings.first?.document ?? [])
  }

  func text(
    for outputs: [NamedTensor], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    preconditionFailure("photos are answered with what was found in them")
  }
}

extension PhotoFindings {
  var document: [UInt8] {
    switch self {
    case .detections(let found, let head): VisionDocuments.detections(found, head)
    case .classes(let found, let head): VisionDocuments.classes(found, head)
    }
  }
}
