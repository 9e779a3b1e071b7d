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

  /// A file may be empty.
  package var needsBody: Bool { signature.metadata[PlainContent.inputKey] != "*/*" }

  /// The media types of answers, each with its schema where it is JSON.
  package var answers: [(mediaType: String, schema: JSONValue?)] {
    let text = Array((signature.metadata[Self.outputKey] ?? "").utf8)
    // What is no JSON tells nothing.
    let told = text.withUnsafeBytes { try? JSONValue(parsing: $0) }
    let first = signature.outputs.first.flatMap { told?["properties"]?[$0.name] }
    let files: [(mediaType: String, schema: JSONValue?)] = [("application/octet-stream", nil)]
    switch signature.metadata[PlainContent.outputKey] {
    case "application/json": return json(first?["items"])
    case nil: return json(signature.outputs.count == 1 ? first : told)
    case "*/*": return files + [("text/plain", nil), ("application/json", true)]
    case let other?: return [(other, nil)] + (hasOthers ? json(nil) : [])
    }
  }

  /// Whether a body may hold tensors or several rows, which are answered as such.
  private var hasOthers: Bool { PlainContent(signature).schema == nil }

  private func json(_ schema: JSONValue?) -> [(mediaType: String, schema: JSONValue?)] {
    guard hasOthers else { return [("application/json", schema ?? true)] }
    let any = ElementSchemas.any(of: [schema ?? true, ["type": "object"], ["type": "array"]])
    return [("application/json", any), ("application/octet-stream", nil)]
  }
}
