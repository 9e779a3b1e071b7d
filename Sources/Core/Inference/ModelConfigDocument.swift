/// A model's configuration as a message of named and numbered fields, before it is written in any
/// protocol's form.
///
/// Every field of the message is there, those that say nothing with their default; absent are
/// messages that nobody wrote, and alternatives that were not chosen.
package struct ModelConfigDocument: Sendable, Equatable {
  package indirect enum Value: Sendable, Equatable {
    case text(String)
    case integer(Int64)
    case boolean(Bool)
    case float(Float)
    case double(Double)
    /// One of an enumeration.
    case choice(String, number: Int)
    case message(ModelConfigDocument)
    case repeated([Value])
    case keyed([Pair])
  }

  /// An entry of a map.
  package struct Pair: Sendable, Equatable {
    /// Text or an integer.
    package let key: Value
    package let value: Value

    package init(_ key: Value, _ value: Value) {
      self.key = key
      self.value = value
    }
  }

  package struct Field: Sendable, Equatable {
    package let name: String
    /// In the protobuf message.
    package let number: Int
    /// One of several of which one is chosen: it is written also where it is its kind's default.
    package let isAlternative: Bool
    package let value: Value

    package init(_ name: String, _ number: Int, isAlternative: Bool = false, _ value: Value) {
      self.name = name
      self.number = number
      self.isAlternative = isAlternative
      self.value = value
    }
  }

  /// In the order in which the message declares them.
  package var fields: [Field]

  package init(fields: [Field] = []) { self.fields = fields }

  package subscript(name: String) -> Value? { fields.first { $0.name == name }?.value }
}

/// What a loaded model adds to what its operator wrote down.
package struct ConfiguredModel: Sendable {
  package var name: String
  /// What clients may send and get.
  package var signature: ModelSignature
  package var platformName: String
  /// Concurrent callers that there are.
  package var instanceCount: Int
  package var isDecoupled: Bool
  /// What an automatic batcher holds for best; `nil` where the operator chose.
  package var batching: ModelStatistics.Batching?

  package init(
    name: String, signature: ModelSignature, platformName: String, instanceCount: Int,
    isDecoupled: Bool = false, batching: ModelStatistics.Batching? = nil
  ) {
    self.name = name
    self.signature = signature
    self.platformName = platformName
    self.instanceCount = instanceCount
    self.isDecoupled = isDecoupled
    self.batching = batching
  }
}
