package import Inference

extension OpenInferenceDocuments {
  /// `GET /v2/trace/setting`, `GET /v2/logging`.
  package static func settings(_ settings: [RunningSetting]) -> [UInt8] {
    JSONValue.object(settings.map { .init($0.name, json($0.value)) }).bytes
  }

  private static func json(_ value: RunningSetting.Value) -> JSONValue {
    switch value {
    case .boolean(let flag): .bool(flag)
    case .integer(let number): .integer(number)
    case .text(let text): .string(text)
    case .texts(let texts): .array(texts.map { .string($0) })
    }
  }

  /// The body of a change: names and values, `null` for what is to be as before.
  package static func settingChanges(
    _ bytes: UnsafeRawBufferPointer
  ) throws(InputProblem) -> [(name: String, value: RunningSetting.Value?)] {
    if bytes.isEmpty { return [] }
    guard case .object(let members) = try JSONValue(parsing: bytes) else {
      throw .fieldOfWrongKind("the body", expected: "an object of settings")
    }
    var changes: [(name: String, value: RunningSetting.Value?)] = []
    for member in members { changes.append((member.key, try value(of: member))) }
    return changes
  }

  private static func value(
    of member: JSONValue.Member
  ) throws(InputProblem) -> RunningSetting.Value? {
    switch member.value {
    case .null: return nil
    case .bool(let flag): return .boolean(flag)
    case .integer(let number): return .integer(number)
    case .string(let text): return .text(text)
    case .array(let values):
      var texts: [String] = []
      for value in values {
        guard case .string(let text) = value else {
          throw .fieldOfWrongKind(member.key, expected: "an array of strings")
        }
        texts.append(text)
      }
      return .texts(texts)
    case .number, .object:
      throw .fieldOfWrongKind(member.key, expected: "a string, a whole number, true or false")
    }
  }
}
