package import Inference

/// What the description says of one of a model's methods, from what its annotations say and from its
/// signature.
package struct MethodSchemas {
  /// The method as if it were a model.
  private let model: DescribedModel
  private var signature: ModelSignature { model.signature }
  /// Among the metadata of a method that came from Python.
  private static let outputKey = "output_schema"

  /// - Parameter model: the one that has the method.
  package init(_ method: ModelMethod, of model: DescribedModel) {
    self.model = DescribedModel(
      name: model.name, version: model.version, signature: method.signature, task: .tensors,
      isDecoupled: model.isDecoupled)
  }

  package var description: String? {
    signature.metadata["description"].flatMap { $0.isEmpty ? nil : $0 }
  }

  package var body: JSONValue { SignatureSchemas(model).plain }

  /// A body that is taken, by its name.
  package var example: [JSONValue.Member] {
    SignatureExamples(model).plain.map { [.init(model.name, $0)] } ?? []
  }

  /// The media type of an answer, and its schema where it is JSON.
  package var answer: (mediaType: String, schema: JSONValue?) {
    let text = Array((signature.metadata[Self.outputKey] ?? "").utf8)
    // What is no JSON tells nothing.
    let told = text.withUnsafeBytes { try? JSONValue(parsing: $0) }
    let first = signature.outputs.first.flatMap { told?["properties"]?[$0.name] }
    switch signature.metadata[PlainContent.outputKey] {
    case "application/json": return ("application/json", orOthers(first?["items"]))
    case nil:
      return ("application/json", orOthers(signature.outputs.count == 1 ? first : told))
    case "*/*": return ("application/octet-stream", nil)
    case let other?: return (other, nil)
    }
  }

  /// Several rows are answered with as many, and tensors with tensors, wherever a body may be such.
  private func orOthers(_ schema: JSONValue?) -> JSONValue {
    guard PlainContent(signature).schema == nil else { return schema ?? true }
    return ElementSchemas.any(of: [schema ?? true, ["type": ["object", "array"]]])
  }
}
