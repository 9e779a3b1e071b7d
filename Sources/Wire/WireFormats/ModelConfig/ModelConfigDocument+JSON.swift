package import Inference

extension ModelConfigDocument {
  /// As Triton answers `GET /v2/models/{model}/config`: protobuf's JSON form with the proto's own
  /// field names, defaults written out, and 64-bit integers as numbers instead of strings.
  package func encodeJSON() -> [UInt8] { json.bytes }

  private var json: JSONValue {
    .object(fields.map { .init($0.name, Self.json($0.value)) })
  }

  private static func json(_ value: Value) -> JSONValue {
    switch value {
    case .text(let text): .string(text)
    case .integer(let number): .integer(number)
    case .boolean(let flag): .bool(flag)
    // The shortest decimal that reads back as the same float, as protobuf writes it.
    case .float(let number): .number(Double("\(number)") ?? Double(number))
    case .double(let number): .number(number)
    case .choice(let name, _): .string(name)
    case .message(let message): message.json
    case .repeated(let values): .array(values.map(json))
    case .keyed(let pairs): .object(pairs.map { .init(key($0.key), json($0.value)) })
    }
  }

  private static func key(_ value: Value) -> String {
    switch value {
    case .text(let text): text
    case .integer(let number): String(number)
    default: preconditionFailure("a map's key is text or an integer, not \(value)")
    }
  }
}
