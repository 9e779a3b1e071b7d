package import Inference

/// How the value of a field lies in a protobuf message. Groups, which nothing writes any more, are
/// refused.
package enum ProtobufWireType: UInt8, Sendable {
  case varint = 0
  case fixed64 = 1
  /// A length and so many bytes: text, messages, packed numbers.
  case bytes = 2
  case fixed32 = 5
}

/// Reads the fields of one protobuf message, one after the other.
///
/// A cursor over bytes that outlive it; nothing is copied and nothing allocated, and no read leaves
/// the bytes. After a throw it must not be used again.
package struct ProtobufReader {
  package struct Field: Sendable {
    package let number: Int
    package let wireType: ProtobufWireType
  }

  private let bytes: UnsafeRawBufferPointer
  /// The next byte to be read.
  package private(set) var offset = 0

  package init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  package var isAtEnd: Bool { offset == bytes.count }

  /// The next field, whose value must then be read or skipped; `nil` at the end.
  @inline(__always)
  package mutating func next() throws(InputProblem) -> Field? {
    if offset == bytes.count { return nil }
    let tag = try varint()
    guard let wireType = ProtobufWireType(rawValue: UInt8(truncatingIfNeeded: tag & 7)),
      tag >> 3 > 0, tag >> 3 < 1 << 29
    else { throw problem("a field's number and type") }
    return Field(number: Int(tag >> 3), wireType: wireType)
  }

  @inline(__always)
  package mutating func varint() throws(InputProblem) -> UInt64 {
    if offset < bytes.count, bytes[offset] < 0x80 {
      offset += 1
      return UInt64(bytes[offset - 1])
    }
    return try longVarint()
  }

  private mutating func longVarint() throws(InputProblem) -> UInt64 {
    var value: UInt64 = 0
    var shift: UInt64 = 0
    while offset < bytes.count, shift < 64 {
      let byte = bytes[offset]
      offset += 1
      value |= UInt64(byte & 0x7F) << shift
      if byte < 0x80 { return value }
      shift += 7
    }
    throw problem("a number of at most 10 bytes")
  }

  package mutating func fixed32() throws(InputProblem) -> UInt32 {
    guard bytes.count - offset >= 4 else { throw problem("4 bytes") }
    defer { offset += 4 }
    return UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self))
  }

  package mutating func fixed64() throws(InputProblem) -> UInt64 {
    guard bytes.count - offset >= 8 else { throw problem("8 bytes") }
    defer { offset += 8 }
    return UInt64(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt64.self))
  }

  /// The places of a value with a length.
  @inline(__always)
  package mutating func range() throws(InputProblem) -> Range<Int> {
    let length = try varint()
    guard length <= UInt64(bytes.count - offset) else {
      throw problem("\(length) bytes before the end of the message")
    }
    let start = offset
    offset += Int(length)
    return start..<offset
  }

  /// A value with a length.
  @inline(__always)
  package mutating func slice() throws(InputProblem) -> UnsafeRawBufferPointer {
    UnsafeRawBufferPointer(rebasing: bytes[try range()])
  }

  /// A value with a length as text, which must be UTF-8.
  package mutating func string() throws(InputProblem) -> String {
    let start = offset
    guard let text = String(validating: try slice(), as: UTF8.self) else {
      offset = start
      throw problem("text in UTF-8")
    }
    return text
  }

  package mutating func skip(_ field: Field) throws(InputProblem) {
    switch field.wireType {
    case .varint: _ = try varint()
    case .fixed64: _ = try fixed64()
    case .fixed32: _ = try fixed32()
    case .bytes: _ = try range()
    }
  }

  /// Refuses a value of another type than the field's.
  @inline(__always)
  package func expect(_ wireType: ProtobufWireType, _ field: Field) throws(InputProblem) {
    guard field.wireType == wireType else {
      throw problem("a value of another type in field \(field.number)")
    }
  }

  package func problem(_ expected: String) -> InputProblem {
    .syntax(.protobuf, expected: expected, byteOffset: offset)
  }
}
