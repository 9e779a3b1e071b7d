/// The messages and services of one `.proto` file, as far as the third version of the language goes.
package struct ProtobufSchema: Sendable {
  /// How a field's values are written.
  package indirect enum Kind: Sendable, Equatable {
    case double, float, int64, uint64, int32, uint32, bool, string, bytes
    /// By their full names, without a dot before.
    case message(String)
    case enumeration(String)
    case map(key: Kind, value: Kind)
  }

  package struct Field: Sendable, Equatable {
    package let name: String
    package let number: Int
    package let kind: Kind
    package let isRepeated: Bool
    /// Place of the choice that it belongs to, in the message's `choices`.
    package let choice: Int?
  }

  package struct Message: Sendable, Equatable {
    /// `inference.ModelInferRequest.InferInputTensor`.
    package let fullName: String
    /// In the order of their numbers.
    package var fields: [Field] = []
    /// Names of the `oneof`s.
    package var choices: [String] = []
    /// Full names of what is declared inside, in order.
    package var messages: [String] = []
    package var enumerations: [String] = []
  }

  package struct Enumeration: Sendable, Equatable {
    package let fullName: String
    package var values: [(name: String, number: Int32)] = []

    package static func == (left: Enumeration, right: Enumeration) -> Bool {
      left.fullName == right.fullName
        && left.values.elementsEqual(right.values) { $0.name == $1.name && $0.number == $1.number }
    }
  }

  package struct Method: Sendable, Equatable {
    package let name: String
    package let input: String
    package let output: String
    package let isClientStreaming: Bool
    package let isServerStreaming: Bool
  }

  package struct Service: Sendable, Equatable {
    package let fullName: String
    package var methods: [Method] = []
  }

  /// As other files import it: `grpc/health/v1/health.proto`.
  package let fileName: String
  package var package = ""
  package var imports: [String] = []
  package var messages: [String: Message] = [:]
  package var enumerations: [String: Enumeration] = [:]
  package var services: [Service] = []
  /// Full names of what stands outside of every message, in order.
  package var topMessages: [String] = []
  package var topEnumerations: [String] = []
}

extension String {
  /// What follows the last dot.
  var lastPart: String { lastIndex(of: ".").map { String(self[index(after: $0)...]) } ?? self }
}
