/// What does not fit into its serialized message, in words: "a number that is cut off".
package struct UnfitField: Error, Sendable, Equatable {
  package let text: String
}

/// Goes over the fields of a serialized protobuf message, without a schema and without copying.
///
/// Safe on any bytes: a field that does not fit its message ends the scan with an error.
package struct ProtobufScanner {
  /// What a field holds: numbers of any width as their bits, everything else as its bytes.
  package enum Value {
    case varint(UInt64)
    case fixed64(UInt64)
    case bytes(UnsafeRawBufferPointer)
    case fixed32(UInt32)
  }

  private let message: UnsafeRawBufferPointer
  private var place = 0

  package init(_ message: UnsafeRawBufferPointer) { self.message = message }

  /// The next field, or `nil` at the end of the message.
  package mutating func next() throws(UnfitField) -> (number: Int, value: Value)? {
    guard place < message.count else { return nil }
    let tag = try varint()
    guard let number = Int(exactly: tag >> 3), number > 0, number < 1 << 29 else {
      throw Self.broken("a field with a number out of range")
    }
    return (number, try value(wireType: tag & 7))
  }

  private mutating func value(wireType: UInt64) throws(UnfitField) -> Value {
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
  ) throws(UnfitField) -> Number {
    guard message.count - place >= MemoryLayout<Number>.size else {
      throw Self.broken("a field that reaches beyond its end")
    }
    defer { place += MemoryLayout<Number>.size }
    return message.loadUnaligned(fromByteOffset: place, as: type)
  }

  private mutating func varint() throws(UnfitField) -> UInt64 {
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
  package static func varints(
    _ packed: UnsafeRawBufferPointer, _ body: (UInt64) -> Void
  ) throws(UnfitField) {
    var scanner = ProtobufScanner(packed)
    while scanner.place < packed.count { body(try scanner.varint()) }
  }

  private static func broken(_ what: String) -> UnfitField { UnfitField(text: what) }
}
