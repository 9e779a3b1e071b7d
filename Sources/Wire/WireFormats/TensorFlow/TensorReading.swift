import Inference

/// Reads a `TensorProto` into a tensor for one input of a model.
struct TensorReading {
  let input: TensorDescription
  /// Tensors beyond it are refused before memory is taken for them: a message of a few bytes may
  /// stand for any number of elements.
  let byteCountMax: Int

  func read(_ message: TensorMessage) throws(InferenceFailure) -> Tensor {
    guard let given = message.datatype, given != input.datatype, input.takes(given) else {
      return try readOwn(message)
    }
    let asGiven = TensorDescription(
      name: input.name, datatype: given, dimensions: input.dimensions,
      isShapeless: input.isShapeless)
    return input.converted(
      try TensorReading(input: asGiven, byteCountMax: byteCountMax).readOwn(message))
  }

  /// Of the input's own datatype.
  private func readOwn(_ message: TensorMessage) throws(InferenceFailure) -> Tensor {
    do throws(InputProblem) {
      let shape = try checkedShape(message)
      if message.tensorByteCount <= byteCountMax, let tensor = try tensor(message, shape) {
        return tensor
      }
    } catch {
      throw .invalidInput(error)
    }
    throw .tooLarge(.body(bytesMax: byteCountMax))
  }

  /// `nil` where it would be too large.
  private func tensor(
    _ message: TensorMessage, _ shape: TensorShape
  ) throws(InputProblem) -> Tensor? {
    if let content = message.content { return try raw(content, shape) }
    return input.datatype == .bytes
      ? try strings(message.bytes, shape) : try numbers(message.bytes, shape)
  }

  private func checkedShape(_ message: TensorMessage) throws(InputProblem) -> TensorShape {
    guard let datatype = message.datatype else {
      throw .unknownDatatype(
        input: input.name, got: TensorFlowDatatype.name(ofNumber: message.type))
    }
    guard datatype == input.datatype else {
      throw .wrongDatatype(input: input.name, expected: input.datatype, got: datatype)
    }
    try message.checkShape(input: input.name)
    let number = TensorFlowDatatype.list(of: datatype)
    if message.listNumbers.contains(where: { $0 != number }) {
      throw .fieldOfWrongKind(
        "the elements of input `\(input.name)`",
        expected: "in `tensor_content` or in the list of its datatype, which is \(datatype.name)")
    }
    if message.content != nil, !message.listNumbers.isEmpty {
      throw .framing("input `\(input.name)` has both `tensor_content` and a list of elements")
    }
    return try NestedInput.fittedShape(message.shape, to: input)
  }

  /// Elements as they lie in memory, which are copied once.
  private func raw(
    _ content: UnsafeRawBufferPointer, _ shape: TensorShape
  ) throws(InputProblem) -> Tensor {
    guard let size = input.datatype.elementByteCount else {
      throw .fieldOfWrongKind(
        "the elements of input `\(input.name)`", expected: "in `string_val`, as they are bytes")
    }
    let expected = (shape.elementCount ?? 0) * size
    guard content.count == expected else {
      throw .wrongByteCount(input: input.name, expected: expected, got: content.count)
    }
    let storage = TensorStorage(byteCount: expected)
    storage.hostBytesForFilling?.copyMemory(from: content)
    let tensor = Tensor(datatype: input.datatype, shape: shape, storage: storage)
    try tensor.checkRawElements(input: input.name)
    return tensor
  }
}

// MARK: - Lists of numbers

extension TensorReading {
  private func numbers(
    _ bytes: UnsafeRawBufferPointer, _ shape: TensorShape
  ) throws(InputProblem) -> Tensor {
    let size = input.datatype.elementByteCount ?? 1
    let count = shape.elementCount ?? 0
    let storage = TensorStorage(byteCount: count * size)
    guard let memory = storage.hostBytesForFilling else {
      throw .wrongByteCount(input: input.name, expected: count * size, got: 0)
    }
    var filled = 0
    let number = TensorFlowDatatype.list(of: input.datatype)
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      guard field.number == number else {
        try reader.skip(field)
        continue
      }
      if field.wireType == .bytes {
        try readPacked(try reader.slice(), memory, &filled, count)
      } else {
        try reader.expect(elementWireType, field)
        try readElement(&reader, memory, &filled, count)
      }
    }
    fillRest(of: memory, filled: filled, count: count, size: size)
    return Tensor(datatype: input.datatype, shape: shape, storage: storage)
  }

  private var elementWireType: ProtobufWireType {
    switch input.datatype {
    case .float32: .fixed32
    case .float64: .fixed64
    default: .varint
    }
  }

  private func readPacked(
    _ slice: UnsafeRawBufferPointer, _ memory: UnsafeMutableRawBufferPointer, _ filled: inout Int,
    _ count: Int
  ) throws(InputProblem) {
    var packed = ProtobufReader(slice)
    let size = input.datatype.elementByteCount ?? 1
    let isAsInMemory = input.datatype == .float32 || input.datatype == .float64
    // Floats lie in the message as they lie in memory.
    if isAsInMemory, slice.count.isMultiple(of: size), slice.count / size <= count - filled {
      if slice.count > 0 {
        UnsafeMutableRawBufferPointer(rebasing: memory[(filled * size)...]).copyMemory(from: slice)
      }
      filled += slice.count / size
      return
    }
    while !packed.isAtEnd { try readElement(&packed, memory, &filled, count) }
  }

  @inline(__always)
  private func readElement(
    _ reader: inout ProtobufReader, _ memory: UnsafeMutableRawBufferPointer, _ filled: inout Int,
    _ count: Int
  ) throws(InputProblem) {
    guard filled < count else {
      throw .wrongElementCount(input: input.name, expected: count, got: count + 1)
    }
    switch input.datatype {
    case .float32:
      memory.storeBytes(of: try reader.fixed32(), toByteOffset: filled * 4, as: UInt32.self)
    case .float64:
      memory.storeBytes(of: try reader.fixed64(), toByteOffset: filled * 8, as: UInt64.self)
    case .int64, .uint64:
      memory.storeBytes(of: try reader.varint(), toByteOffset: filled * 8, as: UInt64.self)
    case .bool: memory[filled] = try reader.varint() == 0 ? 0 : 1
    case .float16, .bfloat16:
      // The element's 16 bits as a number.
      let bits = Int64(Int32(truncatingIfNeeded: try reader.varint()))
      try store(UInt16.self, bits, memory, filled)
    case .uint32:
      let bits = UInt32(truncatingIfNeeded: try reader.varint())
      memory.storeBytes(of: bits, toByteOffset: filled * 4, as: UInt32.self)
    case .int8: try store(Int8.self, try signed(&reader), memory, filled)
    case .int16: try store(Int16.self, try signed(&reader), memory, filled)
    case .int32: try store(Int32.self, try signed(&reader), memory, filled)
    case .uint8: try store(UInt8.self, try signed(&reader), memory, filled)
    case .uint16: try store(UInt16.self, try signed(&reader), memory, filled)
    case .bytes: break
    }
    filled += 1
  }

  private func signed(_ reader: inout ProtobufReader) throws(InputProblem) -> Int64 {
    Int64(Int32(truncatingIfNeeded: try reader.varint()))
  }

  private func store<Element: FixedWidthInteger & BitwiseCopyable>(
    _ type: Element.Type, _ value: Int64, _ memory: UnsafeMutableRawBufferPointer, _ index: Int
  ) throws(InputProblem) {
    guard let element = Element(exactly: value) else {
      throw .elementOutOfRange(input: input.name, datatype: input.datatype, index: index)
    }
    memory.storeBytes(
      of: element, toByteOffset: index * MemoryLayout<Element>.size, as: Element.self)
  }

  /// The last element stands for those that follow; without one, they are zero.
  private func fillRest(
    of memory: UnsafeMutableRawBufferPointer, filled: Int, count: Int, size: Int
  ) {
    guard filled < count, let base = memory.baseAddress else { return }
    guard filled > 0 else {
      memory.initializeMemory(as: UInt8.self, repeating: 0)
      return
    }
    // Twice as much at a time, from what is there already.
    let start = (filled - 1) * size
    var done = size
    let wanted = (count - filled + 1) * size
    while done < wanted {
      let step = min(done, wanted - done)
      (base + start + done).copyMemory(from: base + start, byteCount: step)
      done += step
    }
  }
}

// MARK: - Lists of bytes

extension TensorReading {
  private func strings(
    _ bytes: UnsafeRawBufferPointer, _ shape: TensorShape
  ) throws(InputProblem) -> Tensor? {
    let count = shape.elementCount ?? 0
    var encoded: [UInt8] = []
    encoded.reserveCapacity(min(bytes.count + 4 * count, byteCountMax))
    var filled = 0
    var last = 0
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      guard field.number == 8 else {
        try reader.skip(field)
        continue
      }
      try reader.expect(.bytes, field)
      guard filled < count else {
        throw .wrongElementCount(input: input.name, expected: count, got: count + 1)
      }
      last = encoded.count
      Self.append(try reader.slice(), to: &encoded)
      filled += 1
    }
    if filled == 0, count > 0 {
      Self.append(UnsafeRawBufferPointer(start: nil, count: 0), to: &encoded)
      filled = 1
    }
    let repeated = Array(encoded[last...])
    let (rest, overflow) = repeated.count.multipliedReportingOverflow(by: count - filled)
    guard !overflow, rest <= byteCountMax - encoded.count else { return nil }
    encoded.reserveCapacity(encoded.count + rest)
    for _ in filled..<max(count, filled) { encoded += repeated }
    return Tensor(encoded, datatype: .bytes, shape: shape)
  }

  /// An element with its length before it.
  private static func append(_ element: UnsafeRawBufferPointer, to encoded: inout [UInt8]) {
    withUnsafeBytes(of: UInt32(truncatingIfNeeded: element.count).littleEndian) {
      encoded.append(contentsOf: $0)
    }
    encoded.append(contentsOf: element)
  }
}
