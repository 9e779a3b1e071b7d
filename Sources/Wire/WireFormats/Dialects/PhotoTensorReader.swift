package import Inference

/// Reads a request of the Open Inference Protocol that has photos where the model has numbers: a
/// `BYTES` tensor, an element for each photo.
package struct PhotoTensorReader: DialectReader {
  /// Where the client said that binary tensors follow the JSON.
  let jsonByteCount: Int?

  package init(jsonByteCount: Int?) { self.jsonByteCount = jsonByteCount }

  /// Whether a model of that signature may be asked with photos.
  package static func mayTakePhotos(_ signature: ModelSignature) -> Bool {
    signature.inputs.contains(where: isPicture)
  }

  private static func isPicture(_ input: TensorDescription) -> Bool {
    input.datatype != .bytes && (input.isShapeless || input.dimensions.count >= 3)
  }

  package func read(
    _ body: UnsafeRawBufferPointer, _ facts: BodyFacts
  ) throws(InferenceFailure) -> DialectRequest {
    let signature = Self.photoSignature(facts.signature)
    do throws(InputProblem) {
      let request = try decode(body, signature, facts)
      var photos: [PhotoRequest.Photo] = []
      for tensor in request.body.inputs.compactMap({ $0 }) where tensor.datatype == .bytes {
        guard photos.count + tensor.elementCount <= RowReader.photoCountMax,
          tensor.forEachByteString({ photos.append(.decoded(Array($0))) }) != nil
        else { throw .framing("a request has at most \(RowReader.photoCountMax) photos") }
      }
      if photos.isEmpty {
        throw .noImage(fields: ["a BYTES tensor with an element for each photo"])
      }
      var answered = DialectRequest(
        content: .photos(photos, request.body.parameters),
        answer: OpenInferenceAnswer(
          id: request.id, plan: request.responsePlan, framing: .openInference,
          findings: request.body.outputs.map { FindingTensors.names[$0] }))
      answered.priority = request.priority
      answered.timeoutMicroseconds = request.timeoutMicroseconds
      return answered
    } catch {
      throw .invalidInput(error)
    }
  }

  private func decode(
    _ body: UnsafeRawBufferPointer, _ signature: ModelSignature, _ facts: BodyFacts
  ) throws(InputProblem) -> OpenInferenceRequest {
    guard let jsonByteCount else {
      return try OpenInferenceRequest.decode(
        json: body, signature: signature, depthMax: facts.depthMax)
    }
    var binary = try OpenInferenceBinaryBody(
      signature: signature, jsonByteCount: jsonByteCount, bodyByteCount: body.count,
      bodyBytesMax: body.count, depthMax: facts.depthMax)
    try binary.receive(body)
    return try binary.finish()
  }

  /// The model as such a client sees it: photos in, what was found in them out.
  private static func photoSignature(_ signature: ModelSignature) -> ModelSignature {
    ModelSignature(
      inputs: signature.inputs.map { input in
        TensorDescription(
          name: input.name, datatype: isPicture(input) ? .bytes : input.datatype,
          dimensions: input.dimensions, isShapeless: isPicture(input),
          isOptional: !isPicture(input))
      },
      outputs: FindingTensors.names.map {
        TensorDescription(
          name: $0, datatype: $0 == "labels" ? .bytes : .float32, dimensions: [],
          isShapeless: true)
      }, hasRowAxis: false)
  }
}
