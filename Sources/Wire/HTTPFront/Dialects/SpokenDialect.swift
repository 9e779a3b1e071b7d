import FrontSupport
import Inference
import Serving

/// Which dialect a request is in where an address is of several: what the port is for, then what
/// the header `x-apus-dialect` says; else nobody knows before the body is read.
enum SpokenDialect {
  /// Dialects that the header may name.
  static let names: [Dialect] = [
    .openInference, .kserve, .tensorFlow, .mlflow, .sageMaker, .vertex, .torchServe, .predict,
  ]

  static func of(_ connection: HTTPConnection) throws(InferenceFailure) -> Dialect? {
    if let profile = connection.profile { return profile }
    guard let name = connection.head.dialectName else { return nil }
    guard let dialect = Dialect(rawValue: name.lowercased()), names.contains(dialect) else {
      throw .invalidInput(
        .parameter(
          "x-apus-dialect",
          expected: "one of " + names.map(\.rawValue).joined(separator: ", "), got: name))
    }
    return dialect
  }
}

/// The model of a request whose path names none.
enum DefaultModel {
  static func address(_ shared: FrontShared) throws(InferenceFailure) -> ModelAddress {
    if let name = shared.settings.defaultModel { return ModelAddress(name: Substring(name)) }
    let names = shared.door.modelNames
    guard names.count == 1 else {
      throw .invalidInput(
        .framing(
          "this address names no model, and the server has not one but \(names.count): "
            + "\(PublicText.quoted(names)); use an address with a name, or have `default-model` set"
        ))
    }
    return ModelAddress(name: names[0])
  }
}
