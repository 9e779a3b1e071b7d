/// The schema of a Triton model configuration for those who read one in another form.
package enum ModelConfigSchema {
  package struct Field: Sendable, Equatable {
    package let name: String
    package let number: Int
    package let isRepeated: Bool
    /// An entry of a map.
    package let isKeyed: Bool
    /// The name that it shares with those of which one may be given.
    package let choice: String?
    /// What may stand there, for one of an enumeration.
    package let words: [String]
  }

  /// The fields of the message of that name, which is looked for inside of others, too; traps where
  /// there is none.
  package static func fields(ofMessage name: String) -> [Field] {
    let found = GRPCSchemas.config.messages.values.filter { $0.fullName.lastPart == name }
    precondition(found.count == 1, "the schema has \(found.count) messages \(name)")
    let message = found[0]
    return message.fields.map { field in
      var isKeyed = false
      if case .map = field.kind { isKeyed = true }
      var words: [String] = []
      if case .enumeration(let type) = field.kind { words = self.words(ofType: type) }
      return Field(
        name: field.name, number: field.number, isRepeated: field.isRepeated, isKeyed: isKeyed,
        choice: field.choice.map { message.choices[$0] }, words: words)
    }
  }

  /// Every message, by the last part of its name, in order.
  package static var messageNames: [String] {
    GRPCSchemas.config.messages.keys.map(\.lastPart).sorted()
  }

  /// The values of an enumeration that stands outside of every message.
  package static func words(ofEnumeration name: String) -> [String] {
    words(ofType: "inference.\(name)")
  }

  private static func words(ofType type: String) -> [String] {
    guard let enumeration = GRPCSchemas.config.enumerations[type] else {
      preconditionFailure("the schema has no enumeration \(type)")
    }
    return enumeration.values.map(\.name)
  }
}
