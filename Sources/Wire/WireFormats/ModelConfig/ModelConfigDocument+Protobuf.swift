package import Inference

extension ModelConfigDocument {
  /// The message `inference.ModelConfig` in protobuf's binary form (proto3): fields in ascending
  /// order of their numbers, defaults left out, repeated numbers packed.
  package func encodeProtobuf() -> [UInt8] {
    var bytes = ProtobufBytes()
    Self.write(self, to: &bytes)
    return bytes.bytes
  }

  /// `ModelConfigResponse`, whose one field is the message.
  package func encodeProtobufResponse() -> [UInt8] {
    var bytes = ProtobufBytes()
    bytes.append(field: 1, bytes: encodeProtobuf())
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
        bytes.append(field: number, bytes: entry.bytes)
      }
    default:
      if !evenDefault, isDefault(value) { return }
      bytes.append(field: number, wireKind(of: value))
      write(payload: value, to: &bytes)
    }
  }

  private static func write(_ values: [Value], _ number: Int, to bytes: inout ProtobufBytes) {
    guard let first = values.first else { return }
    if wireKind(of: first) == .bytes {
      for value in values { write(value, number, evenDefault: true, to: &bytes) }
      return
    }
    var packed = ProtobufBytes()
    for value in values { write(payload: value, to: &packed) }
    bytes.append(field: number, bytes: packed.bytes)
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

  private static func wireKind(of value: Value) -> ProtobufWireType {
    switch value {
    case .integer, .boolean, .choice: .varint
    case .double: .fixed64
    case .float: .fixed32
    case .text, .message, .repeated, .keyed: .bytes
    }
  }

  private static func write(payload value: Value, to bytes: inout ProtobufBytes) {
    switch value {
    case .text(let text): bytes.append(lengthAnd: text.utf8)
    // Negative numbers of every width take ten bytes, as the format wants it.
    case .integer(let number): bytes.append(varint: UInt64(bitPattern: number))
    case .boolean(let flag): bytes.append(varint: flag ? 1 : 0)
    case .choice(_, let number): bytes.append(varint: UInt64(number))
    case .float(let number): bytes.append(fixed32: number.bitPattern)
    case .double(let number): bytes.append(fixed64: number.bitPattern)
    case .message(let message):
      var inner = ProtobufBytes()
      write(message, to: &inner)
      bytes.append(lengthAnd: inner.bytes)
    case .repeated, .keyed: preconditionFailure("lists are written by their elements")
    }
  }
}
