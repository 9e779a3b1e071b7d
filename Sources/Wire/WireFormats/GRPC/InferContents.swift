import Inference

/// Reads `InferTensorContents` into a tensor: one list, that of the input's datatype.
///
/// FP16 and BF16 have no list; they come as raw contents.
struct InferContents {
  let input: String
  let datatype: Datatype
  let shape: TensorShape

  /// The list of this datatype: its field's number.
  private var number: Int? {
    switch datatype {
    case .bool: 1
    case .int8, .int16, .int32: 2
    case .int64: 3
    case .uint8, .uint16, .uint32: 4
    case .uint64: 5
    case .float32: 6
    case .float64: 7
    case .bytes: 8
    case .float16, .bfloat16: nil
    }
  }

  private static let names = [
    "bool_contents", "int_contents", "int64_contents", "uint_contents", "uint64_contents",
    "fp32_contents", "fp64_contents", "bytes_contents",
  ]

  func read(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) -> Tensor {
    guard let number else {
      throw .framing("input `\(input)` is \(datatype.name), which only raw_input_contents carry")
    }
    try refuseOthers(in: bytes, than: number)
    guard let size = datatype.elementByteCount else { return try byteStrings(bytes) }
    let count = shape.elementCount ?? 0
    // An element takes a byte at least: what cannot be there is not allocated.
    guard count <= bytes.count else {
      throw .wrongElementCount(input: input, expected: count, got: bytes.count)
    }
    let storage = TensorStorage(byteCount: count * size)
    guard let memory = storage.hostBytesForFilling else {
      throw .wrongByteCount(input: input, expected: count * size, got: 0)
    }
    var filled = 0
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      guard field.number == number else {
        try reader.skip(field)
        continue
      }
      if field.wireType == .bytes {
        var packed = ProtobufReader(try reader.slice())
        while !packed.isAtEnd { try readElement(&packed, into: memory, &filled, count) }
      } else {
        try reader.expect(elementWireType, field)
        try readElement(&reader, into: memory, &filled, count)
      }
    }
    guard filled == count else {
      throw .wrongElementCount(input: input, expected: count, got: filled)
    }
    return Tensor(datatype: datatype, shape: shape, storage: storage)
  }

  /// Elements in a list of another datatype would be passed over in silence otherwise.
  private func refuseOthers(
    in bytes: UnsafeRawBufferPointer, than number: Int
  ) throws(InputProblem) {
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      if field.number != number, field.number <= Self.names.count {
        throw .fieldOfWrongKind(
          "contents of input `\(input)`",
          expected: "\(Self.names[number - 1]), as its datatype is \(datatype.name)")
      }
      try reader.skip(field)
    }
  }

  private var elementWireType: ProtobufWireType {
    switch datatype {
    case .float32: .fixed32
    case .float64: .fixed64
    default: .varint
    }
  }

  @inline(__always)
  private func readElement(
    _ reader: inout ProtobufReader, into memory: UnsafeMutableRawBufferPointer,
    _ filled: inout Int, _ count: Int
  ) throws(InputProblem) {
    guard filled < count else {
      throw .wrongElementCount(input: input, expected: count, got: count + 1)
    }
    switch datatype {
    case .float32:
      memory.storeBytes(of: try reader.fixed32(), toByteOffset: filled * 4, as: UInt32.self)
    case .float64, .int64, .uint64:
      let bits = try datatype == .float64 ? reader.fixed64() : reader.varint()
      memory.storeBytes(of: bits, toByteOffset: filled * 8, as: UInt64.self)
    case .bool:
      memory[filled] = try reader.varint() == 0 ? 0 : 1
    case .int8: try store(Int8.self, try signed(&reader), memory, filled)
    case .int16: try store(Int16.self, try signed(&reader), memory, filled)
    case .int32: try store(Int32.self, try signed(&reader), memory, filled)
    case .uint8: try store(UInt8.self, try unsigned(&reader), memory, filled)
    case .uint16: try store(UInt16.self, try unsigned(&reader), memory, filled)
    case .uint32: try store(UInt32.self, try unsigned(&reader), memory, filled)
    case .float16, .bfloat16, .bytes: break
    }
    filled += 1
  }

  private func signed(_ reader: inout ProtobufReader) throws(InputProblem) -> Int64 {
    Int64(Int32(truncatingIfNeeded: try reader.varint()))
  }

  private func unsigned(_ reader: inout ProtobufReader) throws(InputProblem) -> Int64 {
    Int64(UInt32(truncatingIfNeeded: try reader.varint()))
  }

  private func store<Element: FixedWidthInteger & BitwiseCopyable>(
    _ type: Element.Type, _ value: Int64, _ memory: UnsafeMutableRawBufferPointer, _ index: Int
  ) throws(InputProblem) {
    guard let element = Element(exactly: value) else {
      throw .elementOutOfRange(input: input, datatype: datatype, index: index)
    }
    memory.storeBytes(
      of: element, toByteOffset: index * MemoryLayout<Element>.size, as: Element.self)
  }

  private func byteStrings(_ bytes: UnsafeRawBufferPointer) throws(InputProblem) -> Tensor {
    var encoded: [UInt8] = []
    encoded.reserveCapacity(bytes.count * 2)
    var count = 0
    var reader = ProtobufReader(bytes)
    while let field = try reader.next() {
      guard field.number == 8 else {
        try reader.skip(field)
        continue
      }
      try reader.expect(.bytes, field)
      let element = try reader.slice()
      withUnsafeBytes(of: UInt32(truncatingIfNeeded: element.count).littleEndian) {
        encoded.append(contentsOf: $0)
      }
      encoded.append(contentsOf: element)
      count += 1
    }
    guard count == shape.elementCount else {
      throw .wrongElementCount(input: input, expected: shape.elementCount ?? 0, got: count)
    }
    return Tensor(encoded, datatype: .bytes, shape: shape)
  }
}
