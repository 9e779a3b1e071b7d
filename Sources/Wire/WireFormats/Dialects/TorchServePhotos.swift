import Inference
import Vision

/// What TorchServe's own handlers answer: of detections a list of `{label: [x1, y1, x2, y2],
/// "score": s}`, of classes `{label: probability}`.
struct TorchServePhotos: DialectAnswer {
  func text(
    for findings: [PhotoFindings], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    var writer = JSONWriter()
    guard findings.count != 1 else {
      Self.write(findings[0], to: &writer)
      return AnswerText(writer.bytes)
    }
    writer.list("[", "]", findings) { Self.write($1, to: &$0) }
    return AnswerText(writer.bytes)
  }

  private static func write(_ found: PhotoFindings, to writer: inout JSONWriter) {
    switch found {
    case .detections(let detections, _):
      writer.list("[", "]", detections) { writer, detection in
        let box = detection.box
        writer.write(raw: "{")
        writer.write(detection.label)
        writer.write(raw: ":")
        writer.list("[", "]", [box.x1, box.y1, box.x2, box.y2]) { $0.write($1) }
        writer.write(raw: ",\"score\":")
        writer.write(detection.score)
        writer.write(raw: "}")
      }
    case .classes(let classes, _):
      writer.list("{", "}", classes) { writer, found in
        writer.write(found.label)
        writer.write(raw: ":")
        writer.write(found.score)
      }
    }
  }

  func text(
    for outputs: [NamedTensor], of model: AnsweringModel
  ) throws(InferenceFailure) -> AnswerText {
    preconditionFailure("photos are answered with what was found in them")
  }
}
