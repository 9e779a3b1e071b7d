package import Inference

/// JSON schemas of the body and the answer of one of a model's methods, from what its annotations say and
/// from its signature.
package struct MethodSchemas {
  private let model: DescribedModel
  private var signature: ModelSignature { model.signature }
  /// Metadata of a method that came from Python.
  private static let inputKey = "input_schema"
  private static let outputKey = "output_schema"

  /// - Parameter method: one of the model's own.
  package init(_ method: ModelMethod, of model: DescribedModel) {
    self.model = DescribedModel(
      name: model.name, version: model.version, signature: method.signature, task: .tensors,
      isDecoupled: model.isDecoupled)
  }

  package var description: String? {
    signature.metadata["description"].flatMap { $0.isEmpty ? nil : $0 }
  }

  /// A whole document, or what is known of each input, or else whatever the tensors allow.
  package var body: JSONValue {
    let loose = SignatureSchemas(model).plain
    guard PlainContent(signature).schema == nil, let told = inputs else { return loose }
    return ElementSchemas.any(of: [told, loose])
  }

  /// The inputs by their names, and the parameters under a name of their own, as bodies have them.
  private var inputs: JSONValue? {
    guard case .object(let members)? = told(Self.inputKey)?["properties"] else { return nil }
    let own = members.filter { signature.inputIndex(named: $0.key) != nil }
    let others = members.filter { signature.inputIndex(named: $0.key) == nil }
    let parameters = JSONValue.Member(
      "parameters", ElementSchemas.object(others, required: []))
    return ElementSchemas.object(
      own + (others.isEmpty ? [] : [parameters]),
      required: signature.inputs.filter { !$0.isOptional }.map(\.name))
  }

  /// The media type of an answer, and its schema where it is JSON.
  package var answer: (mediaType: String, schema: JSONValue?) {
    let properties = told(Self.outputKey)?["properties"]
    let first = signature.outputs.first.flatMap { properties?[$0.name] }
    switch signature.metadata[PlainContent.outputKey] {
    case "application/json": return ("application/json", orTensors(first?["items"]))
    case nil:
      let schema = signature.outputs.count == 1 ? first : told(Self.outputKey)
      return ("application/json", orTensors(schema))
    case "*/*": return ("application/octet-stream", nil)
    case let other?: return (other, nil)
    }
  }

  /// Tensors are answered with tensors, wherever a body may be read as such.
  private func orTensors(_ schema: JSONValue?) -> JSONValue {
    guard PlainContent(signature).schema == nil else { return schema ?? true }
    return ElementSchemas.any(of: [schema ?? true, ["type": "object"]])
  }

  private func told(_ key: String) -> JSONValue? {
    let text = Array((signature.metadata[key] ?? "").utf8)
    // What is no JSON tells nothing.
    return text.withUnsafeBytes { try? JSONValue(parsing: $0) }
  }
}
