package import Inference
import Jobs
import WireFormats

/// TorchServe: `/predictions/NAME[/VERSION]`, a photo or a document as the body.
package struct TorchServeDialect: ServerDialect {
  package let address: HTTPAddress

  package var name: String { "TorchServe" }
  package var signature: ModelSignature? { nil }

  package func body(of sample: SampleContent) throws(SampleProblem) -> ServerTarget.Body {
    switch sample {
    case .file(let path): return try PostedBodies.file(path)
    case .document(let bytes, let name): return ServerBodies.plain(bytes, name: name)
    case .rows(let table): return JSONBodies.body(("instances", table.nestedRows))
    case .arrays(let arrays): return JSONBodies.body(("instances", JSONBodies.instances(arrays)))
    case .tensors:
      throw SampleProblem(
        "TorchServe does not say what its models take: name photos, documents or rows with --data")
    }
  }

  package func content(of answer: [UInt8]) -> AnswerContent? {
    PredictAnswers.content(of: answer, mayBeBare: true)
  }
}
