package import Inference
package import Vision
package import WireFormats

/// What a model answered to one input.
package struct JobAnswer: Sendable {
  package enum Content: Sendable {
    case detections([Detection])
    case classes([Classification])
    case tensors(
      [NamedTensor], id: String?, plan: OpenInferenceResponsePlan, labels: [String])
  }

  package let content: Content
  let head: VisionAnswerHead
  /// The photo as JPEG with boxes drawn on it, where that was wanted.
  package let annotated: [UInt8]?

  /// The server's answer to the same input, byte for byte but for timings.
  package func json() throws(InferenceFailure) -> [UInt8] {
    switch content {
    case .detections(let found): return VisionDocuments.detections(found, head)
    case .classes(let found): return VisionDocuments.classes(found, head)
    case .tensors(let outputs, let id, let plan, let labels):
      let response = try OpenInferenceResponse(
        model: head.modelName, version: head.modelVersion, id: id, outputs: outputs,
        labels: labels, plan: Self.textOnly(plan))
      return [UInt8](unsafeUninitializedCapacity: response.jsonByteCountMax) { memory, count in
        count = response.encodeJSON(into: UnsafeMutableRawBufferPointer(memory))
      }
    }
  }

  /// A request may ask for binary outputs, which have no place on a terminal.
  private static func textOnly(_ plan: OpenInferenceResponsePlan) -> OpenInferenceResponsePlan {
    var plan = plan
    plan.standard.isBinary = false
    for index in plan.forms.indices { plan.forms[index].isBinary = false }
    return plan
  }
}
