import Inference

/// Reads inputs whose shape follows from how their JSON is nested.
enum NestedInput {
  /// The value at the cursor as one input of a call: as `read` does, but that a document is one whatever
  /// its form.
  static func readOne(
    _ scanner: inout JSONScanner, _ input: TensorDescription
  ) throws(InputProblem) -> Tensor {
    guard input.holdsDocuments else { return try read(&scanner, input) }
    var bytes: [UInt8] = []
    scanner.skipSpace()
    try PlainContent.readDocument(&scanner, to: &bytes)
    return try fitted(Tensor(bytes, datatype: .bytes, shape: [1]), to: input)
  }

  /// The elements of the array at the cursor, a document each.
  private static func documents(
    _ scanner: inout JSONScanner, _ input: TensorDescription
  ) throws(InputProblem) -> Tensor {
    var bytes: [UInt8] = []
    var count = 0
    try scanner.readArray { (scanner) throws(InputProblem) in
      try PlainContent.readDocument(&scanner, to: &bytes)
      count += 1
    }
    return try fitted(Tensor(bytes, datatype: .bytes, shape: [count]), to: input)
  }

  /// The whole value at the cursor as one input: `[[1, 2], [3, 4]]`, or a list of documents.
  static func read(
    _ scanner: inout JSONScanner, _ input: TensorDescription
  ) throws(InputProblem) -> Tensor {
    if input.holdsDocuments {
      return scanner.peek() == UInt8(ascii: "[")
        ? try documents(&scanner, input) : try readOne(&scanner, input)
    }
    let shape = try NestedShape.measure(scanner, input: input.name)
    let elements = TensorElements(
      input: input.name, datatype: input.datatype, shape: shape, takesBase64: true,
      takesMissing: input.table != nil)
    let tensor =
      shape.rank == 0 ? try scalar(&scanner, elements) : try elements.read(&scanner)
    return try fitted(tensor, to: input)
  }

  private static func scalar(
    _ scanner: inout JSONScanner, _ elements: TensorElements
  ) throws(InputProblem) -> Tensor {
    guard let size = elements.datatype.elementByteCount else {
      var row = ByteStringRow(takesBase64: true)
      try elements.append(&scanner, to: &row)
      return Tensor(row.bytes, datatype: .bytes, shape: elements.shape)
    }
    let storage = TensorStorage(byteCount: size)
    if let memory = storage.hostBytesForFilling?.baseAddress {
      try elements.fill(&scanner, memory)
    }
    return Tensor(datatype: elements.datatype, shape: elements.shape, storage: storage)
  }

  /// The tensor under a shape that the input admits: its own; with axes of length 1 behind it, as
  /// columns of tables need; or without a first axis of length 1, where one row was the whole input.
  static func fitted(
    _ tensor: Tensor, to input: TensorDescription
  ) throws(InputProblem) -> Tensor {
    let shape = try fittedShape(tensor.shape, to: input)
    return shape == tensor.shape ? tensor : tensor.reshaped(shape)
  }

  static func fittedShape(
    _ shape: TensorShape, to input: TensorDescription
  ) throws(InputProblem) -> TensorShape {
    if input.admits(shape) { return shape }
    var wider = shape
    while wider.rank < input.dimensions.count, wider.append(1) {
      if input.admits(wider) { return wider }
    }
    let lengths = shape.array
    if lengths.first == 1, let whole = TensorShape(lengths.dropFirst()), input.admits(whole) {
      return whole
    }
    throw .wrongShape(input: input.name, expected: input.metadataShape, got: lengths)
  }
}

extension Tensor {
  /// The same elements under a shape of as many.
  func reshaped(_ shape: TensorShape) -> Tensor {
    Tensor(
      datatype: datatype, shape: shape, storage: storage, byteOffset: byteOffset,
      byteCount: byteCount)
  }
}

/// One input while its rows are read, each from its own place in the document.
struct InputRows {
  let input: TensorDescription
  let rowCount: Int
  private(set) var filledCount = 0
  /// Of one row, known from the first.
  private var elements: TensorElements?
  private var storage: TensorStorage?
  private var rowByteCount = 0
  private var strings = ByteStringRow(takesBase64: true)
  private var documents: [UInt8] = []

  init(_ input: TensorDescription, rowCount: Int) {
    self.input = input
    self.rowCount = rowCount
  }

  /// Reads the next row's value.
  mutating func append(_ scanner: inout JSONScanner) throws(InputProblem) {
    guard filledCount < rowCount else { throw .raggedArray(input: input.name) }
    if input.holdsDocuments {
      scanner.skipSpace()
      try PlainContent.readDocument(&scanner, to: &documents)
      filledCount += 1
      return
    }
    let elements = try elements(at: &scanner)
    if input.datatype == .bytes {
      try elements.append(&scanner, to: &strings)
    } else if let memory = storage?.hostBytesForFilling?.baseAddress {
      try elements.fill(&scanner, memory + filledCount * rowByteCount)
    }
    filledCount += 1
  }

  /// A missing number of a table: NaN, where the datatype has it.
  mutating func appendMissing() throws(InputProblem) {
    guard filledCount < rowCount else { throw .raggedArray(input: input.name) }
    if elements == nil { try begin(TensorShape(), remainingByteCount: .max) }
    guard let elements, elements.shape.rank == 0,
      let memory = storage?.hostBytesForFilling?.baseAddress,
      MissingNumber.write(to: memory + filledCount * rowByteCount, input.datatype)
    else {
      throw .elementOfWrongKind(
        input: input.name, datatype: input.datatype, index: filledCount)
    }
    filledCount += 1
  }

  private mutating func elements(
    at scanner: inout JSONScanner
  ) throws(InputProblem) -> TensorElements {
    if elements == nil {
      scanner.skipSpace()
      let shape = try NestedShape.measure(scanner, input: input.name)
      try begin(shape, remainingByteCount: scanner.remainingByteCount)
    }
    guard let elements else { preconditionFailure("rows were not begun") }
    return elements
  }

  private mutating func begin(
    _ shape: TensorShape, remainingByteCount: Int
  ) throws(InputProblem) {
    let rows = TensorElements(
      input: input.name, datatype: input.datatype, shape: shape, takesBase64: true)
    elements = rows
    guard let size = input.datatype.elementByteCount else { return }
    let (count, overflow) = (shape.elementCount ?? .max).multipliedReportingOverflow(by: rowCount)
    // An element and what parts it from the next take two bytes at least: what cannot be there is
    // not allocated.
    guard !overflow, count <= max(remainingByteCount / 2 + 1, rowCount) else {
      throw .raggedArray(input: input.name)
    }
    rowByteCount = (shape.elementCount ?? 0) * size
    storage = TensorStorage(byteCount: count * size)
  }

  /// The input, once all rows are there.
  func tensor() throws(InputProblem) -> Tensor {
    var lengths = [rowCount]
    if let elements { lengths += elements.shape.array }
    guard let shape = TensorShape(lengths) else {
      throw .rankTooHigh(input: input.name, got: lengths.count, limit: TensorShape.rankMax)
    }
    if input.datatype == .bytes {
      return try NestedInput.fitted(
        Tensor(input.holdsDocuments ? documents : strings.bytes, datatype: .bytes, shape: shape),
        to: input)
    }
    return try NestedInput.fitted(
      Tensor(
        datatype: input.datatype, shape: shape, storage: storage ?? TensorStorage(byteCount: 0)),
      to: input)
  }
}

/// What stands for a number that a table does not have.
enum MissingNumber {
  /// False where the datatype has no such value.
  static func write(to memory: UnsafeMutableRawPointer, _ datatype: Datatype) -> Bool {
    switch datatype {
    case .float32: memory.storeBytes(of: .nan, as: Float.self)
    case .float64: memory.storeBytes(of: .nan, as: Double.self)
    case .float16: memory.storeBytes(of: .nan, as: Float16.self)
    case .bfloat16: memory.storeBytes(of: 0x7FC0, as: UInt16.self)
    case .bool, .bytes, .uint8, .uint16, .uint32, .uint64, .int8, .int16, .int32, .int64:
      return false
    }
    return true
  }
}
