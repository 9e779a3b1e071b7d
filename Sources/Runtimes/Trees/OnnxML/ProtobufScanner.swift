/// Why an ONNX file gives no pipeline.
enum PipelineObstacle: Error {
  /// The file is broken; in words.
  case corrupt(String)
  /// The file may be good, but asks for something that is not computed here; in words.
  case notComputed(String)
}

/// Goes over the fields of a serialized protobuf message, without a schema and without copying.
///
/// Safe on any bytes: a field that does not fit its message ends the scan with an error.
struct ProtobufScanner {
  /// What a field holds: numbers of any width as their bits, everything else as its bytes.
  enum Value {
    case varint(UInt64)
    case fixed64(UInt64)
    case bytes(UnsafeRawBufferPointer)
    case fixed32(UInt32)
  }

  private let message: UnsafeRawBufferPointer
  private var place = 0

  init(_ message: UnsafeRawBufferPointer) { self.message = message }

  /// The next field, or `nil` at the end of the message.
  mutating func next() throws(PipelineObstacle) -> (number: Int, value: Value)? {
    guard place < message.count else { return nil }
    let tag = try varint()
    guard let number = Int(exactly: tag >> 3), number > 0, number < 1 << 29 else {
      throw Self.broken("a field with a number out of range")
    }
    return (number, try value(wireType: tag & 7))
  }

  private mutating func value(wireType: UInt64) throws(PipelineObstacle) -> Value {
    switch wireType {
    case 0: return .varint(try varint())
    case 1: return .fixed64(UInt64(littleEndian: try fixed(UInt64.self)))
    case 2:
      let length = try varint()
      guard length <= UInt64(message.count - place) else {
        throw Self.broken("a field that reaches beyond its end")
      }
      defer { place += Int(length) }
      return .bytes(UnsafeRawBufferPointer(rebasing: message[place..<place + Int(length)]))
    case 5: return .fixed32(UInt32(littleEndian: try fixed(UInt32.self)))
    default: throw Self.broken("a field of unknown type")
    }
  }

  private mutating func fixed<Number: FixedWidthInteger & BitwiseCopyable>(
    _ type: Number.Type
  ) throws(PipelineObstacle) -> Number {
    guard message.count - place >= MemoryLayout<Number>.size else {
      throw Self.broken("a field that reaches beyond its end")
    }
    defer { place += MemoryLayout<Number>.size }
    return message.loadUnaligned(fromByteOffset: place, as: type)
  }

  private mutating func varint() throws(PipelineObstacle) -> UInt64 {
    var value: UInt64 = 0
    for shift in stride(from: UInt64(0), to: 70, by: 7) {
      guard place < message.count else { throw Self.broken("a number that is cut off") }
      let byte = message[place]
      place += 1
      value |= UInt64(byte & 0x7f) << shift
      if byte < 0x80 { return value }
    }
    throw Self.broken("a number of more than ten bytes")
  }

  /// The varints of a packed field, one after the other.
  static func varints(
    _ packed: UnsafeRawBufferPointer, _ body: (UInt64) -> Void
  ) throws(PipelineObstacle) {
    var scanner = ProtobufScanner(packed)
    while scanner.place < packed.count { body(try scanner.varint()) }
  }

  private static func broken(_ what: String) -> PipelineObstacle {
    .corrupt("it is no ONNX file, or was cut off: there is \(what)")
  }
}

extension ProtobufScanner.Value {
  /// The bytes of a string, message or packed field.
  func asBytes() throws(PipelineObstacle) -> UnsafeRawBufferPointer {
    guard case .bytes(let bytes) = self else { throw Self.mistyped }
    return bytes
  }

  func asText() throws(PipelineObstacle) -> String {
    String(decoding: try asBytes(), as: UTF8.self)
  }

  func asInteger() throws(PipelineObstacle) -> Int64 {
    guard case .varint(let bits) = self else { throw Self.mistyped }
    return Int64(bitPattern: bits)
  }

  func asFloat() throws(PipelineObstacle) -> Float {
    guard case .fixed32(let bits) = self else { throw Self.mistyped }
    return Float(bitPattern: bits)
  }

  private static var mistyped: PipelineObstacle {
    .corrupt("it is no ONNX file: a field is of another type than ONNX says")
  }
}

/// Repeated numbers, which a writer may pack into one field or give one by one.
extension Array where Element: BitwiseCopyable {
  /// Adds what a repeated field of varints holds.
  mutating func append(
    varints value: ProtobufScanner.Value, _ number: (UInt64) -> Element
  ) throws(PipelineObstacle) {
    if case .varint(let bits) = value {
      append(number(bits))
    } else {
      try ProtobufScanner.varints(try value.asBytes()) { append(number($0)) }
    }
  }

  /// Adds what a repeated field of fixed-size numbers holds; `Element` has that size.
  mutating func append(fixed value: ProtobufScanner.Value) throws(PipelineObstacle) {
    let size = MemoryLayout<Element>.size
    switch value {
    case .fixed32(let bits) where size == 4: append(unsafeBitCast(bits, to: Element.self))
    case .fixed64(let bits) where size == 8: append(unsafeBitCast(bits, to: Element.self))
    default: try append(raw: try value.asBytes())
    }
  }

  /// Adds little-endian elements that stand one after the other.
  mutating func append(raw bytes: UnsafeRawBufferPointer) throws(PipelineObstacle) {
    let size = MemoryLayout<Element>.size
    guard bytes.count % size == 0 else {
      throw .corrupt("\(bytes.count) bytes are no whole number of elements of \(size)")
    }
    reserveCapacity(count + bytes.count / size)
    for place in stride(from: 0, to: bytes.count, by: size) {
      append(bytes.loadUnaligned(fromByteOffset: place, as: Element.self))
    }
  }
}
