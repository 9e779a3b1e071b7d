package import Inference

extension ModelConfigDocument {
  /// The message `inference.ModelConfig` in protobuf's binary form (proto3): fields in ascending
  /// order of their numbers, defaults left out, repeated numbers packed.
  package func encodeProtobuf() -> [UInt8] {
    var bytes = ProtobufBytes()
    Self.write(self, to: &bytes)
    return bytes.bytes
  }

  private static func write(_ message: ModelConfigDocument, to bytes: inout ProtobufBytes) {
    for field in message.fields.sorted(by: { $0.number < $1.number }) {
      write(field.value, field.number, evenDefault: field.isAlternative, to: &bytes)
    }
  }

  private static func write(
    _ value: Value, _ number: Int, evenDefault: Bool, to bytes: inout ProtobufBytes
  ) {
    switch value {
    case .repeated(let values): write(values, number, to: &bytes)
    case .keyed(let pairs):
      for pair in pairs {
        var entry = ProtobufBytes()
        write(pair.key, 1, evenDefault: true, to: &entry)
        write(pair.value, 2, evenDefault: true, to: &entry)
        bytes.write(tag: number, .lengthDelimited)
        bytes.write(lengthDelimited: entry.bytes)
      }
    default:
      if !evenDefault, isDefault(value) { return }
      bytes.write(tag: number, wireKind(of: value))
      write(payload: value, to: &bytes)
    }
  }

  private static func write(_ values: [Value], _ number: Int, to bytes: inout ProtobufBytes) {
    guard let first = values.first else { return }
    if wireKind(of: first) == .lengthDelimited {
      for value in values { write(value, number, evenDefault: true, to: &bytes) }
      return
    }
    var packed = ProtobufBytes()
    for value in values { write(payload: value, to: &packed) }
    bytes.write(tag: number, .lengthDelimited)
    bytes.write(lengthDelimited: packed.bytes)
  }

  private static func isDefault(_ value: Value) -> Bool {
    switch value {
    case .text(let text): text.isEmpty
    case .integer(let number): number == 0
    case .boolean(let flag): !flag
    // A negative zero is not the default.
    case .float(let number): number.bitPattern == 0
    case .double(let number): number.bitPattern == 0
    case .choice(_, let number): number == 0
    case .message, .repeated, .keyed: false
    }
  }

  private static func wireKind(of value: Value) -> ProtobufBytes.WireKind {
    switch value {
    case .integer, .boolean, .choice: .varint
    case .double: .fixed64
    case .float: .fixed32
    case .text, .message, .repeated, .keyed: .lengthDelimited
    }
  }

  private static func write(payload value: Value, to bytes: inout ProtobufBytes) {
    switch value {
    case .text(let text): bytes.write(lengthDelimited: Array(text.utf8))
    // Negative numbers of every width take ten bytes, as the format wants it.
    case .integer(let number): bytes.write(varint: UInt64(bitPattern: number))
    case .boolean(let flag): bytes.write(varint: flag ? 1 : 0)
    case .choice(_, let number): bytes.write(varint: UInt64(number))
    case .float(let number): bytes.write(fixed: number.bitPattern)
    case .double(let number): bytes.write(fixed: number.bitPattern)
    case .message(let message):
      var inner = ProtobufBytes()
      write(message, to: &inner)
      bytes.write(lengthDelimited: inner.bytes)
    case .repeated, .keyed: preconditionFailure("lists are written by their elements")
    }
  }
}

/// The primitives of protobuf's binary form (protobuf.dev, "Encoding").
struct ProtobufBytes {
  enum WireKind: UInt64 {
    case varint = 0
    case fixed64 = 1
    case lengthDelimited = 2
    case fixed32 = 5
  }

  private(set) var bytes: [UInt8] = []

  mutating func write(tag number: Int, _ kind: WireKind) {
    write(varint: UInt64(number) << 3 | kind.rawValue)
  }

  mutating func write(varint value: UInt64) {
    var rest = value
    while rest >= 0x80 {
      bytes.append(UInt8(truncatingIfNeeded: rest) | 0x80)
      rest >>= 7
    }
    bytes.append(UInt8(rest))
  }

  mutating func write(fixed value: some FixedWidthInteger) {
    withUnsafeBytes(of: value.littleEndian) { bytes.append(contentsOf: $0) }
  }

  mutating func write(lengthDelimited payload: [UInt8]) {
    write(varint: UInt64(payload.count))
    bytes += payload
  }
}
