import Inference

/// Why an ONNX file gives no pipeline.
enum PipelineObstacle: Error {
  /// The file is broken; in words.
  case corrupt(String)
  /// The file may be good, but asks for something that is not computed here; in words.
  case notComputed(String)
}

/// The fields of one message of an ONNX file, whose defects are those of the file.
struct OnnxMessage {
  private var scanner: ProtobufScanner

  init(_ message: UnsafeRawBufferPointer) { scanner = ProtobufScanner(message) }

  /// The next field, or `nil` at the end of the message.
  mutating func next() throws(PipelineObstacle) -> (number: Int, value: ProtobufScanner.Value)? {
    do throws(UnfitField) {
      return try scanner.next()
    } catch {
      throw Self.broken(error)
    }
  }

  /// The varints of a packed field, one after the other.
  static func varints(
    _ packed: UnsafeRawBufferPointer, _ body: (UInt64) -> Void
  ) throws(PipelineObstacle) {
    do throws(UnfitField) {
      try ProtobufScanner.varints(packed, body)
    } catch {
      throw broken(error)
    }
  }

  private static func broken(_ field: UnfitField) -> PipelineObstacle {
    .corrupt("it is no ONNX file, or was cut off: there is \(field.text)")
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
      try OnnxMessage.varints(try value.asBytes()) { append(number($0)) }
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
