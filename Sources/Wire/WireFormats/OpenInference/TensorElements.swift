import Inference

/// Reads the `data` of one input from JSON into a tensor.
///
/// The elements come flat in row-major order, or nested as deep as the shape; which of the two, the
/// first element of the outer array says.
struct TensorElements {
  let input: String
  let datatype: Datatype
  let shape: TensorShape
  /// Strings may come as `{"b64": "..."}`.
  let takesBase64: Bool
  /// `null`, and Python's words for what is not finite, are numbers, too.
  let takesMissing: Bool

  init(
    input: String, datatype: Datatype, shape: TensorShape, takesBase64: Bool = false,
    takesMissing: Bool = false
  ) {
    self.takesMissing = takesMissing
    self.input = input
    self.datatype = datatype
    self.shape = shape
    self.takesBase64 = takesBase64
  }

  /// The tensor whose elements stand at the cursor.
  func read(_ scanner: inout JSONScanner) throws(InputProblem) -> Tensor {
    guard scanner.peek() == UInt8(ascii: "[") else {
      throw .fieldOfWrongKind("data of input `\(input)`", expected: "an array")
    }
    guard let size = datatype.elementByteCount else { return try readByteStrings(&scanner) }
    let count = shape.elementCount ?? 0
    // An element and its comma take two bytes at least: what cannot be there is not allocated.
    guard count <= scanner.remainingByteCount / 2 + 1 else {
      throw .wrongElementCount(input: input, expected: count, got: try countElements(&scanner))
    }
    let storage = TensorStorage(byteCount: count * size)
    guard let memory = storage.hostBytesForFilling?.baseAddress else {
      throw .wrongByteCount(input: input, expected: count * size, got: 0)
    }
    try readNumbers(&scanner, memory)
    return Tensor(datatype: datatype, shape: shape, storage: storage)
  }

  private func readNumbers(
    _ scanner: inout JSONScanner, _ memory: UnsafeMutableRawPointer
  ) throws(InputProblem) {
    switch datatype {
    case .float32: try read(&scanner, memory, Float.self)
    case .float64: try read(&scanner, memory, Double.self)
    case .float16: try read(&scanner, memory, Float16.self)
    case .bfloat16: try read(&scanner, memory, BFloat16.self)
    case .uint8: try read(&scanner, memory, UInt8.self)
    case .uint16: try read(&scanner, memory, UInt16.self)
    case .uint32: try read(&scanner, memory, UInt32.self)
    case .uint64: try read(&scanner, memory, UInt64.self)
    case .int8: try read(&scanner, memory, Int8.self)
    case .int16: try read(&scanner, memory, Int16.self)
    case .int32: try read(&scanner, memory, Int32.self)
    case .int64: try read(&scanner, memory, Int64.self)
    case .bool:
      var row = BoolRow(flags: memory.assumingMemoryBound(to: UInt8.self))
      try readRows(&scanner, &row)
    case .bytes: break
    }
  }

  private func read<Element: JSONNumeric>(
    _ scanner: inout JSONScanner, _ memory: UnsafeMutableRawPointer, _ type: Element.Type
  ) throws(InputProblem) {
    let count = shape.elementCount ?? 0
    var row = NumberRow(
      elements: memory.bindMemory(to: Element.self, capacity: count), takesMissing: takesMissing)
    try readRows(&scanner, &row)
  }

  private func readByteStrings(_ scanner: inout JSONScanner) throws(InputProblem) -> Tensor {
    let count = shape.elementCount ?? 0
    guard count <= scanner.remainingByteCount / 2 + 1 else {
      throw .wrongElementCount(input: input, expected: count, got: try countElements(&scanner))
    }
    var row = ByteStringRow(takesBase64: takesBase64)
    try readRows(&scanner, &row)
    return Tensor(row.bytes, datatype: .bytes, shape: shape)
  }
}

extension TensorElements {
  /// Reads numbers into `memory`, which has room for them; where the shape has no axes, the one
  /// element without brackets.
  func fill(
    _ scanner: inout JSONScanner, _ memory: UnsafeMutableRawPointer
  ) throws(InputProblem) {
    try refuseDeeper(&scanner)
    try readNumbers(&scanner, memory)
  }

  /// Reads strings behind those that `row` has.
  func append(
    _ scanner: inout JSONScanner, to row: inout ByteStringRow
  ) throws(InputProblem) {
    try refuseDeeper(&scanner)
    try readRows(&scanner, &row)
  }

  private func refuseDeeper(_ scanner: inout JSONScanner) throws(InputProblem) {
    guard shape.rank == 0 else { return }
    if scanner.peek() == UInt8(ascii: "[") { throw .raggedArray(input: input) }
  }

  /// Reads the element at the cursor, which may stand in an array of something else.
  private func readScalar<Row: ElementRow>(
    _ scanner: inout JSONScanner, _ row: inout Row
  ) throws(InputProblem) {
    switch row.read(&scanner, 0..<1) {
    case .complete, .ended: break
    // The comma that it took stands right before the cursor and is not ours.
    case .goesOn: scanner.cursor -= 1
    case .noElement(let index): throw wrongElement(&scanner, index)
    case .unfit(let number, let index): throw unfit(number, index)
    case .malformed(let problem): throw problem
    }
  }
}

extension TensorElements {
  /// Reads all elements in row-major order through `row`, and checks that the arrays have the shape's
  /// lengths.
  private func readRows<Row: ElementRow>(
    _ scanner: inout JSONScanner, _ row: inout Row
  ) throws(InputProblem) {
    if shape.rank == 0, scanner.peek() != UInt8(ascii: "[") {
      return try readScalar(&scanner, &row)
    }
    let count = shape.elementCount ?? 0
    if count == 0 { return try readNothing(&scanner) }
    try scanner.open("[")
    guard scanner.peek() == UInt8(ascii: "[") else {
      return try readRow(&scanner, 0..<count, isFlat: true, &row)
    }
    guard shape.rank > 1 else { throw .raggedArray(input: input) }
    // `done[axis]` counts the finished parts of the array that is open on that axis.
    var done = InlineArray<8, Int>(repeating: 0)
    let last = shape.rank - 1
    let rowLength = shape[last]
    var axis = 0
    var index = 0
    while true {
      while axis < last {
        guard scanner.peek() == UInt8(ascii: "[") else { throw wrongNesting(&scanner, index) }
        try scanner.open("[")
        axis += 1
        done[axis] = 0
      }
      try readRow(&scanner, index..<index + rowLength, isFlat: false, &row)
      index += rowLength
      repeat {
        axis -= 1
        done[axis] += 1
        if done[axis] < shape[axis] { break }
        guard scanner.peek() == UInt8(ascii: "]") else { throw wrongNesting(&scanner, index) }
        scanner.close()
      } while axis > 0
      if done[0] == shape[0] { return }
      guard scanner.take(",") else { throw wrongNesting(&scanner, index) }
    }
  }

  /// Reads the elements of the innermost array, which is open, and closes it.
  private func readRow<Row: ElementRow>(
    _ scanner: inout JSONScanner, _ indices: Range<Int>, isFlat: Bool, _ row: inout Row
  ) throws(InputProblem) {
    let stop = row.read(&scanner, indices)
    switch stop {
    case .complete:
      guard scanner.peek() == UInt8(ascii: "]") else { throw scanner.unexpected("`,` or `]`") }
      scanner.close()
    case .ended(let index):
      guard scanner.peek() == UInt8(ascii: "]") else { throw scanner.unexpected("`,` or `]`") }
      throw wrongLength(&scanner, index, isFlat: isFlat)
    case .goesOn:
      if scanner.peek() == UInt8(ascii: "]") { throw scanner.unexpected("a value") }
      throw wrongLength(&scanner, indices.upperBound, isFlat: isFlat)
    case .noElement(let index):
      let isEmpty = index == indices.lowerBound && scanner.peek() == UInt8(ascii: "]")
      throw isEmpty
        ? wrongLength(&scanner, index, isFlat: isFlat) : wrongElement(&scanner, index)
    case .unfit(let number, let index): throw unfit(number, index)
    case .malformed(let problem): throw problem
    }
  }

  /// Reads arrays that hold no element, however nested.
  private func readNothing(_ scanner: inout JSONScanner) throws(InputProblem) {
    let count = try countElements(&scanner)
    if count > 0 { throw .wrongElementCount(input: input, expected: 0, got: count) }
  }

  /// Reads over an array and counts what in it is not an array.
  private func countElements(_ scanner: inout JSONScanner) throws(InputProblem) -> Int {
    guard scanner.peek() == UInt8(ascii: "[") else {
      try scanner.skipValue()
      return 1
    }
    var count = 0
    try scanner.readArray { (scanner) throws(InputProblem) in
      count += try countElements(&scanner)
    }
    return count
  }
}

extension TensorElements {
  /// A row of a flat array is the whole: how many elements came is worth saying.
  @inline(never)
  private func wrongLength(
    _ scanner: inout JSONScanner, _ index: Int, isFlat: Bool
  ) -> InputProblem {
    guard isFlat else { return .raggedArray(input: input) }
    var count = index
    while scanner.peek() != UInt8(ascii: "]") {
      do throws(InputProblem) { try scanner.skipValue() } catch { return error }
      count += 1
      guard scanner.take(",") else { break }
      if scanner.peek() == UInt8(ascii: "]") { return scanner.unexpected("a value") }
    }
    guard scanner.peek() == UInt8(ascii: "]") else { return scanner.unexpected("`,` or `]`") }
    return .wrongElementCount(input: input, expected: shape.elementCount ?? 0, got: count)
  }

  /// Something else stands where an inner array begins or ends.
  @inline(never)
  private func wrongNesting(_ scanner: inout JSONScanner, _ index: Int) -> InputProblem {
    let byte = scanner.peek()
    if byte == UInt8(ascii: ",") || byte == UInt8(ascii: "]") { return .raggedArray(input: input) }
    do throws(InputProblem) { try scanner.skipValue() } catch { return error }
    return .raggedArray(input: input)
  }

  /// A number that the datatype does not hold.
  @inline(never)
  private func unfit(_ number: DecimalNumber, _ index: Int) -> InputProblem {
    let isFloat =
      switch datatype {
      case .float16, .float32, .float64, .bfloat16: true
      default: false
      }
    return isFloat || number.isInteger
      ? .elementOutOfRange(input: input, datatype: datatype, index: index)
      : .elementOfWrongKind(input: input, datatype: datatype, index: index)
  }

  /// Something that is no element of the datatype's kind.
  @inline(never)
  private func wrongElement(_ scanner: inout JSONScanner, _ index: Int) -> InputProblem {
    if scanner.peek() == UInt8(ascii: "[") { return .raggedArray(input: input) }
    if datatype != .bytes && datatype != .bool {
      if scanner.takeWord("NaN") || scanner.takeWord("Infinity") || scanner.takeWord("-Infinity") {
        return .nonFiniteElement(input: input, index: index)
      }
    }
    do throws(InputProblem) { try scanner.skipValue() } catch { return error }
    return .elementOfWrongKind(input: input, datatype: datatype, index: index)
  }
}
