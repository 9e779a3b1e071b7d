package import Inference

/// Reads a request of the Open Inference Protocol in which each tensor is a column of one table: its
/// `parameters.content_type` is `pd`, as MLServer's clients send a data frame, or the tensors have the
/// names of a tabular model's columns.
package struct PandasTensorReader: DialectReader {
  /// What the request is refused with where it is no such table.
  let failure: InferenceFailure

  package init(otherwise failure: InferenceFailure) { self.failure = failure }

  /// One tensor of the request.
  private struct Column {
    var name: String?
    var data: JSONScanner?
  }

  /// Whether a request that could not be read as it is may be such a table.
  package static func mayRead(
    after problem: InputProblem, for signature: ModelSignature
  ) -> Bool {
    switch problem {
    case .unknownInput: true
    // A tabular model's input takes the first of the columns, whatever its name.
    case .wrongShape, .inputGivenTwice: signature.table != nil
    default: false
    }
  }

  package func read(
    _ body: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InferenceFailure) -> DialectRequest {
    do throws(InputProblem) {
      let request = try facts.scanning(body) {
        (scanner) throws(InputProblem) in try read(&scanner, facts)
      }
      if let request { return request }
    } catch {
      throw .invalidInput(error)
    }
    throw failure
  }

  private func read(
    _ scanner: inout JSONScanner, _ facts: BodyFacts
  ) throws(InputProblem) -> DialectRequest? {
    guard scanner.peek() == UInt8(ascii: "{") else { return nil }
    var columns: [Column] = []
    var id: String?
    var isTable = false
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      switch key {
      case "inputs" where scanner.peek() == UInt8(ascii: "["):
        try scanner.readArray { (scanner) throws(InputProblem) in
          columns.append(try Self.column(&scanner))
        }
      case "id" where scanner.peek() == UInt8(ascii: "\""): id = try scanner.readString()
      case "parameters" where scanner.peek() == UInt8(ascii: "{"):
        try scanner.readObject { (scanner, key) throws(InputProblem) in
          if key == "content_type", scanner.peek() == UInt8(ascii: "\"") {
            isTable = try scanner.readString() == "pd"
          } else {
            try scanner.skipValue()
          }
        }
      default: try scanner.skipValue()
      }
    }
    guard isTable || Self.hasColumns(columns, facts.signature) else { return nil }
    return DialectRequest(
      content: .tensors(TensorRequest(inputs: try Self.tensors(columns, facts))),
      answer: OpenInferenceAnswer(
        id: id, plan: OpenInferenceResponsePlan(), framing: .openInference))
  }

  /// Whether the tensors are called as columns of the model are.
  private static func hasColumns(_ columns: [Column], _ signature: ModelSignature) -> Bool {
    guard let known = signature.table?.names.map({ Set($0) }) else { return false }
    return columns.contains { $0.name.map(known.contains) ?? false }
  }

  private static func column(_ scanner: inout JSONScanner) throws(InputProblem) -> Column {
    var column = Column()
    guard scanner.peek() == UInt8(ascii: "{") else {
      throw .fieldOfWrongKind("inputs", expected: "an array of objects")
    }
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      switch key {
      case "name" where scanner.peek() == UInt8(ascii: "\""):
        column.name = try scanner.readString()
      case "data":
        scanner.skipSpace()
        column.data = scanner
        try scanner.skipValue()
      default: try scanner.skipValue()
      }
    }
    return column
  }

  private static func tensors(
    _ columns: [Column], _ facts: BodyFacts
  ) throws(InputProblem) -> [Tensor?] {
    let names = columns.compactMap(\.name)
    guard names.count == columns.count, !columns.isEmpty else {
      throw .missingField("inputs[0].name")
    }
    var values: [JSONScanner] = []
    for (place, column) in columns.enumerated() {
      guard let data = column.data else { throw .missingField("inputs[\(place)].data") }
      values.append(data)
    }
    return try TableReader.columns(names, values, facts.signature).tensors
  }
}
