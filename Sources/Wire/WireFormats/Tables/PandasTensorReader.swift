package import Inference

/// Reads a request of the Open Inference Protocol whose `parameters.content_type` is `pd`: each of its
/// tensors is a column of one table, as MLServer's clients send a data frame.
package struct PandasTensorReader: DialectReader {
  /// What the request is refused with where it is no such table.
  let failure: InferenceFailure

  package init(otherwise failure: InferenceFailure) { self.failure = failure }

  /// One tensor of the request.
  private struct Column {
    var name: String?
    var data: JSONScanner?
  }

  package func read(
    _ body: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InferenceFailure) -> DialectRequest {
    do throws(InputProblem) {
      let request = try JSONScanner.scanning(body, depthMax: facts.depthMax) {
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
    guard isTable else { return nil }
    return DialectRequest(
      content: .tensors(TensorRequest(inputs: try Self.tensors(columns, facts))),
      answer: OpenInferenceAnswer(
        id: id, plan: OpenInferenceResponsePlan(), framing: .openInference))
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
    guard names.count == columns.count, let first = columns.first?.data else {
      throw .missingField("inputs[0].name")
    }
    let rowCount = NestedShape.elementCount(first)
    let plan = try ColumnPlan(facts.signature, columns: names, width: names.count)
    var table = try ColumnTable(
      facts.signature, plan, rowCount: rowCount, byteCount: first.remainingByteCount)
    for (place, column) in columns.enumerated() {
      guard var data = column.data else { throw .missingField("inputs[\(place)].data") }
      table.beginColumn()
      try data.readArray { (scanner) throws(InputProblem) in
        guard table.hasRowsLeft else { throw .raggedArray(input: names[place]) }
        try readCell(&scanner, place, into: &table)
        table.endRow()
      }
      guard !table.hasRowsLeft else { throw .raggedArray(input: names[place]) }
    }
    return try table.tensors()
  }

  /// Columns are [n] or [n,1], so that a value may stand in an array of its own.
  private static func readCell(
    _ scanner: inout JSONScanner, _ place: Int, into table: inout ColumnTable
  ) throws(InputProblem) {
    guard scanner.peek() == UInt8(ascii: "[") else {
      return try table.read(&scanner, column: place)
    }
    try scanner.open("[")
    try table.read(&scanner, column: place)
    guard scanner.peek() == UInt8(ascii: "]") else {
      throw scanner.unexpected("one value in each row of a column")
    }
    scanner.close()
  }
}
