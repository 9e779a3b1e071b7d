import Inference

/// Writes tensors as `TensorProto` entries of a map, their elements in the list of their datatype, as
/// TensorFlow Serving answers.
struct TensorWriting {
  private(set) var message = ServiceMessage()
  private var bytes = ProtobufBytes()

  /// Floats from here on are sent as they lie in memory.
  private static let adoptedByteCountMin = 4 << 10

  /// What has been written so far, as a message.
  consuming func finish() -> ServiceMessage {
    message.append(bytes.bytes)
    return message
  }

  mutating func writeSpec(of model: AnsweringModel, field number: Int) {
    ModelSpecMessage.write(model, field: number, to: &bytes)
  }

  /// One entry of the map in field `number`; false where the tensor is not on the host.
  mutating func write(_ output: NamedTensor, field number: Int) -> Bool {
    let tensor = output.tensor
    guard let elements = tensor.hostBytes else { return false }
    var head = ProtobufBytes()
    head.append(field: 1, varint: UInt64(TensorFlowDatatype.number(of: tensor.datatype)))
    head.append(field: 2, bytes: Self.shape(tensor.shape))
    let list = TensorFlowDatatype.list(of: tensor.datatype)
    var values = ProtobufBytes()
    var adopted: Tensor?
    switch tensor.datatype {
    // Packed, they are the same bytes.
    case .float32, .float64, .bool:
      if elements.count > 0 {
        head.append(field: list, .bytes)
        head.append(varint: UInt64(elements.count))
        if elements.count < Self.adoptedByteCountMin {
          values.append(raw: elements)
        } else {
          adopted = tensor
        }
      }
    case .bytes: _ = tensor.forEachByteString { values.append(field: list, bytes: $0) }
    default:
      let packed = Self.packed(tensor)
      if !packed.isEmpty { values.append(field: list, bytes: packed) }
    }
    let valueCount = adopted?.byteCount ?? values.bytes.count
    append(output.name, head.bytes, valueCount: valueCount, field: number)
    if let adopted {
      message.append(bytes.bytes)
      bytes = ProtobufBytes()
      message.append(adopted)
    } else {
      bytes.append(raw: values.bytes)
    }
    return true
  }

  /// The entry up to the tensor's elements.
  private mutating func append(
    _ name: String, _ head: [UInt8], valueCount: Int, field number: Int
  ) {
    var key = ProtobufBytes()
    key.append(field: 1, text: name)
    let proto = head.count + valueCount
    bytes.append(field: number, .bytes)
    bytes.append(varint: UInt64(key.bytes.count + ProtobufSize.field(byteCount: proto)))
    bytes.append(raw: key.bytes)
    bytes.append(field: 2, .bytes)
    bytes.append(varint: UInt64(proto))
    bytes.append(raw: head)
  }

  private static func shape(_ shape: TensorShape) -> [UInt8] {
    var output = ProtobufBytes()
    for axis in 0..<shape.rank {
      var length = ProtobufBytes()
      if shape[axis] > 0 { length.append(field: 1, varint: UInt64(shape[axis])) }
      output.append(field: 2, bytes: length.bytes)
    }
    return output.bytes
  }

  /// Whole numbers, and the bits of short floats, as numbers of as many bytes as each needs.
  private static func packed(_ tensor: Tensor) -> [UInt8] {
    switch tensor.datatype {
    case .int8: packed(tensor, Int8.self)
    case .int16: packed(tensor, Int16.self)
    case .int32: packed(tensor, Int32.self)
    case .int64: packed(tensor, Int64.self)
    case .uint8: packed(tensor, UInt8.self)
    case .uint16, .float16, .bfloat16: packed(tensor, UInt16.self)
    case .uint32: packed(tensor, UInt32.self)
    case .uint64: packed(tensor, UInt64.self)
    case .float32, .float64, .bool, .bytes: []
    }
  }

  private static func packed<Element: FixedWidthInteger & BitwiseCopyable>(
    _ tensor: Tensor, _ type: Element.Type
  ) -> [UInt8] {
    guard let elements = tensor.hostBytes else { return [] }
    let size = MemoryLayout<Element>.size
    // A negative number takes ten bytes, whatever its width.
    let perElement = Element.isSigned ? 10 : (Element.bitWidth + 6) / 7
    return [UInt8](unsafeUninitializedCapacity: elements.count / size * perElement) {
      memory, count in
      var output = ProtobufOutput(into: UnsafeMutableRawBufferPointer(memory))
      for place in 0..<elements.count / size {
        let element = elements.loadUnaligned(fromByteOffset: place * size, as: type)
        output.write(varint: UInt64(truncatingIfNeeded: element))
      }
      count = output.byteCount
    }
  }
}
