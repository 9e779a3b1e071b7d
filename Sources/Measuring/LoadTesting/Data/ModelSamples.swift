package import Inference
package import Jobs
package import Vision
import WireFormats

/// The samples of a set as a model in this process takes them.
package struct ModelSamples: Sendable {
  /// What scoring asks of a detector: every box that may be right.
  package static let scoredDetection: DetectionParameters = {
    var parameters = DetectionParameters()
    parameters.confidence = 0.001
    parameters.iou = 0.7
    parameters.isMultiLabel = true
    parameters.detectionsMax = 300
    return parameters
  }()

  /// What a request is, and what leads its answer back to its photo.
  package struct Prepared: Sendable {
    package let request: TensorRequest
    let photo: PreparedPhoto?
  }

  package let set: SampleSet
  private let model: OpenModel
  private let tensors: SampleTensors

  package init(_ set: SampleSet, of model: OpenModel, tensors: SampleTensors) {
    self.set = set
    self.model = model
    self.tensors = tensors
  }

  /// Reads and decodes; blocks for as long as that takes.
  package func prepare(_ sample: Int) throws(SampleProblem) -> Prepared {
    let content = set.samples[sample]
    if let request = try tensors.request(for: content) {
      return Prepared(request: request, photo: nil)
    }
    switch content {
    case .file(let path): return try photo(path)
    case .document(let bytes, let name): return try document(bytes, name)
    case .rows, .arrays, .tensors: preconditionFailure("tensors of \(content)")
    }
  }

  private func photo(_ path: String) throws(SampleProblem) -> Prepared {
    let bytes = try SampleFiles.bytes(of: path)
    do throws(InferenceFailure) {
      let photo = try bytes.withUnsafeBytes { bytes in
        Result { () throws(InferenceFailure) in try model.task.prepare(photo: bytes) }
      }.get()
      return Prepared(
        request: TensorRequest(inputs: photo.inputs, outputs: model.task.outputs),
        photo: PreparedPhoto(inputs: [], letterbox: photo.letterbox))
    } catch {
      throw SampleProblem("\(path): \(FailureMessage.text(for: error))")
    }
  }

  private func document(_ bytes: [UInt8], _ name: String) throws(SampleProblem) -> Prepared {
    do throws(InputProblem) {
      let request = try bytes.withUnsafeBytes { bytes in
        Result { () throws(InputProblem) in
          try OpenInferenceRequest.decode(json: bytes, signature: tensors.signature)
        }
      }.get()
      return Prepared(request: request.body, photo: nil)
    } catch {
      throw SampleProblem("\(name): \(FailureMessage.text(for: .invalidInput(error)))")
    }
  }

  /// What an answer says, of a photo what was found in it.
  package func content(
    of outputs: [NamedTensor], to prepared: Prepared
  ) throws(InferenceFailure) -> AnswerContent {
    guard let photo = prepared.photo else { return .tensors(outputs.map { AnswerTensor($0) }) }
    if model.task.kind == .classify {
      return .classes(try model.task.classes(in: outputs, top: ClassificationParameters().top))
    }
    return .boxes(
      try model.task.detections(in: outputs, of: photo, parameters: Self.scoredDetection))
  }

  var note: String? {
    guard case .boxes? = set.truth else { return nil }
    return "of boxes with \(PhotoDialect.query)"
  }

  /// What the model calls its classes.
  package var classNames: [String] { model.task.labels }
}
