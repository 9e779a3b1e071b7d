package import Inference
import Vision
import WireFormats

/// Apus's own addresses for photos: `/v2/models/NAME/detect` and `/classify`.
package struct PhotoDialect: ServerDialect {
  package let address: HTTPAddress
  /// A detector is asked for every box that may be right, because the address had no query of its own.
  package let asksForAll: Bool

  package init(_ address: HTTPAddress, isScored: Bool) {
    let isDetector = address.path.hasSuffix("/detect")
    asksForAll = isScored && isDetector
    self.address = asksForAll ? address.with(path: "\(address.path)?\(Self.query)") : address
  }

  /// What `ModelSamples.scoredDetection` is in an address.
  package static let query: String = {
    let parameters = ModelSamples.scoredDetection
    return "confidence=\(parameters.confidence)&iou=\(parameters.iou)"
      + "&multi_label=\(parameters.isMultiLabel)&max_detections=\(parameters.detectionsMax)"
  }()

  package var name: String { "photos" }
  package var signature: ModelSignature? { nil }

  package func body(of sample: SampleContent) throws(SampleProblem) -> ServerTarget.Body {
    switch sample {
    case .file(let path): return try PostedBodies.file(path)
    case .document(let bytes, let name): return ServerBodies.plain(bytes, name: name)
    case .rows, .arrays, .tensors:
      throw SampleProblem("\(address.path) takes photos; name some with --data")
    }
  }

  package func content(of answer: [UInt8]) -> AnswerContent? {
    // What is no JSON is no answer of this address.
    answer.withUnsafeBytes { try? JSONValue(parsing: $0) }.flatMap(PhotoAnswers.content)
  }
}

/// Files as bodies.
enum PostedBodies {
  static func file(_ path: String) throws(SampleProblem) -> ServerTarget.Body {
    ServerBodies.plain(try SampleFiles.bytes(of: path), name: path)
  }
}
