import Inference

/// A table while it is read, cell by cell, row after row: becomes the model's inputs.
struct ColumnTable {
  let rowCount: Int
  private let signature: ModelSignature
  private let target: ColumnPlan.Target
  private var inputs: [InputRows?]
  /// Of the one wide input.
  private var storage: TensorStorage?
  private var strings: [[UInt8]] = []
  private var rowIndex = 0

  /// `byteCount` bytes of text hold the table: what cannot be in them is not allocated.
  init(
    _ signature: ModelSignature, _ plan: ColumnPlan, rowCount: Int, byteCount: Int
  ) throws(InputProblem) {
    self.signature = signature
    self.rowCount = rowCount
    target = plan.target
    inputs = [InputRows?](repeating: nil, count: signature.inputs.count)
    switch target {
    case .inputs(let places):
      for place in places {
        inputs[place] = InputRows(signature.inputs[place], rowCount: rowCount)
      }
    case .features(let input, _, let width):
      let (count, overflow) = rowCount.multipliedReportingOverflow(by: width)
      guard !overflow, count <= byteCount else {
        throw .raggedArray(input: signature.inputs[input].name)
      }
      if let size = signature.inputs[input].datatype.elementByteCount {
        storage = TensorStorage(byteCount: count * size)
      } else {
        strings = [[UInt8]](repeating: [], count: count)
      }
    }
  }

  var columnCount: Int {
    switch target {
    case .inputs(let places): places.count
    case .features(_, let places, _): places.count
    }
  }

  /// Reads the value at the cursor into a column of the present row.
  mutating func read(
    _ scanner: inout JSONScanner, column: Int
  ) throws(InputProblem) {
    if scanner.peek() == UInt8(ascii: "n"), scanner.takeWord("null") {
      return try readMissing(column: column)
    }
    if scanner.takesNonFinite, scanner.peek() == UInt8(ascii: "N"), scanner.takeWord("NaN") {
      return try readMissing(column: column)
    }
    switch target {
    case .inputs(let places): try inputs[places[column]]?.append(&scanner)
    case .features(let input, let places, let width):
      let cell = rowIndex * width + places[column]
      let elements = TensorElements(
        input: signature.inputs[input].name, datatype: signature.inputs[input].datatype, shape: [])
      if let size = elements.datatype.elementByteCount {
        if let memory = storage?.hostBytesForFilling?.baseAddress {
          try elements.fill(&scanner, memory + cell * size)
        }
      } else {
        var row = ByteStringRow()
        try elements.append(&scanner, to: &row)
        strings[cell] = row.bytes
      }
    }
  }

  mutating func readMissing(column: Int) throws(InputProblem) {
    switch target {
    case .inputs(let places): try inputs[places[column]]?.appendMissing()
    case .features(let input, let places, let width):
      let description = signature.inputs[input]
      let cell = rowIndex * width + places[column]
      guard let size = description.datatype.elementByteCount,
        let memory = storage?.hostBytesForFilling?.baseAddress,
        MissingNumber.write(to: memory + cell * size, description.datatype)
      else {
        throw .elementOfWrongKind(
          input: description.name, datatype: description.datatype, index: cell)
      }
    }
  }

  /// The next value is of the first row: for tables that come column by column.
  mutating func beginColumn() { rowIndex = 0 }

  var hasRowsLeft: Bool { rowIndex < rowCount }

  /// The present row is complete.
  mutating func endRow() { rowIndex += 1 }

  /// The datatype of a column's cells.
  func datatype(ofColumn column: Int) -> Datatype {
    switch target {
    case .inputs(let places): signature.inputs[places[column]].datatype
    case .features(let input, _, _): signature.inputs[input].datatype
    }
  }

  func tensors() throws(InputProblem) -> [Tensor?] {
    var tensors: [Tensor?] = []
    for rows in inputs { tensors.append(try rows?.tensor()) }
    if case .features(let input, _, let width) = target {
      let description = signature.inputs[input]
      let shape: TensorShape = [rowCount, width]
      let tensor =
        if let storage {
          Tensor(datatype: description.datatype, shape: shape, storage: storage)
        } else {
          Tensor(Array(strings.joined()), datatype: .bytes, shape: shape)
        }
      tensors[input] = try NestedInput.fitted(tensor, to: description)
    }
    return tensors
  }
}
