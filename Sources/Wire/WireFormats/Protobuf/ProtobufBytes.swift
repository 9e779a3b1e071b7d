/// Appends protobuf fields to bytes; for small messages, where growing an array does not matter.
struct ProtobufBytes {
  private(set) var bytes: [UInt8] = []

  mutating func append(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(truncatingIfNeeded: rest))
  }

  mutating func append(field number: Int, _ wireType: ProtobufWireType) {
    append(varint: UInt64(number) << 3 | UInt64(wireType.rawValue))
  }

  mutating func append(field number: Int, varint value: UInt64) {
    append(field: number, .varint)
    append(varint: value)
  }

  mutating func append(field number: Int, bytes value: some Collection<UInt8>) {
    append(field: number, .bytes)
    append(lengthAnd: value)
  }

  /// A value with its length before it, whose field was written already.
  mutating func append(lengthAnd value: some Collection<UInt8>) {
    append(varint: UInt64(value.count))
    bytes.append(contentsOf: value)
  }

  mutating func append(field number: Int, text: String) {
    append(field: number, bytes: text.utf8)
  }

  mutating func append(raw value: some Sequence<UInt8>) { bytes.append(contentsOf: value) }

  mutating func append(fixed32 value: UInt32) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func append(fixed64 value: UInt64) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }
}
