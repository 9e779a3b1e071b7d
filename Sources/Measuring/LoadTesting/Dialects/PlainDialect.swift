package import Inference
import WireFormats

/// Any other address: files of `--data` are posted as they are.
package struct PlainDialect: ServerDialect {
  package let address: HTTPAddress

  package var name: String { "files as they are" }
  package var signature: ModelSignature? { nil }

  package func body(of sample: SampleContent) throws(SampleProblem) -> ServerTarget.Body {
    switch sample {
    case .file(let path): return try PostedBodies.file(path)
    case .document(let bytes, let name): return ServerBodies.plain(bytes, name: name)
    case .rows, .arrays, .tensors:
      throw SampleProblem(
        "\(address.path) is no address of a model, http://HOST:PORT/v2/models/NAME; for any other, "
          + "say with --data what is to be posted there")
    }
  }

  /// Any answer is one; what it means is known only where it is a document of a known form.
  package func content(of answer: [UInt8]) -> AnswerContent? {
    PredictAnswers.content(of: answer) ?? .bytes(answer)
  }
}
