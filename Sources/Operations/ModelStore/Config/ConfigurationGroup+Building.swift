/// Groups that are made here instead of read from a file.
extension ConfigurationGroup {
  private static let nowhere = ConfigurationTree.Place(line: 1, column: 1)

  /// An empty group that nobody wrote.
  init() { self.init(path: "", place: Self.nowhere) }

  init(_ members: [(name: String, values: [Value])]) {
    self.init()
    for member in members { set(member.name, member.values) }
  }

  /// Puts these values in place of what is there; none of them takes the key away.
  mutating func set(_ name: String, _ values: [Value]) {
    set(name, keyed: values.map { ("", $0) })
  }

  mutating func set(_ name: String, keyed values: [(key: String, value: Value)]) {
    fields.removeAll { $0.name == name }
    guard !values.isEmpty else { return }
    let elements = values.map { Element(key: $0.key, value: $0.value, place: Self.nowhere) }
    fields.append(Field(name: name, place: Self.nowhere, elements: elements))
  }

  /// As `set`, where nothing is written there.
  mutating func complete(_ name: String, _ values: [Value]) {
    if !has(name) { set(name, values) }
  }
}

extension ConfigurationGroup.Value {
  static func microseconds(_ nanoseconds: UInt64) -> Self {
    .integer(Int64(clamping: nanoseconds / 1_000))
  }

  static func integers(_ numbers: [Int]) -> [Self] { numbers.map { .integer(Int64($0)) } }
}
