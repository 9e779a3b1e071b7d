import Inference

/// A table while it is read, cell by cell, row after row: becomes the model's inputs.
struct ColumnTable {
  let rowCount: Int
  private let signature: ModelSignature
  private let target: ColumnPlan.Target
  private var inputs: [InputRows?]
  private let wide: WideInput?
  private var strings: [[UInt8]] = []
  private var rowIndex = 0
  private let datatypes: [Datatype]

  /// The one input that all columns stand in side by side: what a cell needs to know of it.
  private struct WideInput {
    /// Of one cell.
    let elements: TensorElements
    let cellByteCount: Int
    /// `nil` for strings.
    let storage: TensorStorage?
    /// Each column's place along axis 1, and how many there are.
    let places: [Int]
    let width: Int
  }

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
      wide = nil
      datatypes = places.map { signature.inputs[$0].datatype }
      for place in places {
        inputs[place] = InputRows(signature.inputs[place], rowCount: rowCount)
      }
    case .features(let input, let places, let width):
      let description = signature.inputs[input]
      let (count, overflow) = rowCount.multipliedReportingOverflow(by: width)
      guard !overflow, count <= byteCount else { throw .raggedArray(input: description.name) }
      let size = description.datatype.elementByteCount
      if size == nil { strings = [[UInt8]](repeating: [], count: count) }
      datatypes = [Datatype](repeating: description.datatype, count: places.count)
      wide = WideInput(
        elements: TensorElements(
          input: description.name, datatype: description.datatype, shape: []),
        cellByteCount: size ?? 0, storage: size.map { TensorStorage(byteCount: count * $0) },
        places: places, width: width)
    }
  }

  /// The datatype of a column's cells.
  func datatype(ofColumn column: Int) -> Datatype { datatypes[column] }

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
    guard let wide else { return try readInput(&scanner, column) }
    let cell = rowIndex * wide.width + wide.places[column]
    if let memory = wide.storage?.hostBytesForFilling?.baseAddress {
      try wide.elements.fill(&scanner, memory + cell * wide.cellByteCount)
    } else {
      var row = ByteStringRow()
      try wide.elements.append(&scanner, to: &row)
      strings[cell] = row.bytes
    }
  }

  private mutating func readInput(
    _ scanner: inout JSONScanner, _ column: Int
  ) throws(InputProblem) {
    guard case .inputs(let places) = target else { return }
    try inputs[places[column]]?.append(&scanner)
  }

  mutating func readMissing(column: Int) throws(InputProblem) {
    guard let wide else {
      if case .inputs(let places) = target { try inputs[places[column]]?.appendMissing() }
      return
    }
    let cell = rowIndex * wide.width + wide.places[column]
    guard let memory = wide.storage?.hostBytesForFilling?.baseAddress,
      MissingNumber.write(to: memory + cell * wide.cellByteCount, wide.elements.datatype)
    else {
      throw .elementOfWrongKind(
        input: wide.elements.input, datatype: wide.elements.datatype, index: cell)
    }
  }

  /// The next value is of the first row: for tables that come column by column.
  mutating func beginColumn() { rowIndex = 0 }

  var hasRowsLeft: Bool { rowIndex < rowCount }

  /// The present row is complete.
  mutating func endRow() { rowIndex += 1 }

  func tensors() throws(InputProblem) -> [Tensor?] {
    var tensors: [Tensor?] = []
    for rows in inputs { tensors.append(try rows?.tensor()) }
    if case .features(let input, _, let width) = target {
      let description = signature.inputs[input]
      let shape: TensorShape = [rowCount, width]
      let tensor =
        if let storage = wide?.storage {
          Tensor(datatype: description.datatype, shape: shape, storage: storage)
        } else {
          Tensor(Array(strings.joined()), datatype: .bytes, shape: shape)
        }
      tensors[input] = try NestedInput.fitted(tensor, to: description)
    }
    return tensors
  }
}
