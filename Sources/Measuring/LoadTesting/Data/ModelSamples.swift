package import Inference
package import Vision
import WireFormats

/// The samples of a set as a model takes them that is asked with tensors: photos, rows and documents are
/// made tensors here, and what answers to photos say is read out of tensors.
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
  private let task: VisionTask
  private let tensors: SampleTensors

  /// - Parameter task: what the model does with photos.
  package init(_ set: SampleSet, task: VisionTask, tensors: SampleTensors) {
    self.set = set
    self.task = task
    self.tensors = tensors
  }

  /// The samples of a model of which only the signature is known.
  ///
  /// - Parameters:
  ///   - labels: names of its classes; empty where nobody says them.
  ///   - declared: what it is for, where somebody says so.
  package init(
    _ set: SampleSet, tensors: SampleTensors, labels: [String], declared: String?
  ) {
    let task = VisionTask.recognise(
      signature: tensors.signature, labels: labels, task: declared)
    self.init(set, task: task, tensors: tensors)
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
        Result { () throws(InferenceFailure) in try task.prepare(photo: bytes) }
      }.get()
      return Prepared(
        request: TensorRequest(inputs: photo.inputs, outputs: task.outputs),
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
  ///
  /// - Parameter photo: what was prepared of the sample; `nil` where it is none.
  package func content(
    of outputs: [NamedTensor], to photo: PreparedPhoto?
  ) throws(InferenceFailure) -> AnswerContent {
    guard let photo else { return .tensors(outputs.map { AnswerTensor($0) }) }
    if task.kind == .classify {
      return .classes(try task.classes(in: outputs, top: ClassificationParameters().top))
    }
    return .boxes(try task.detections(in: outputs, of: photo, parameters: Self.scoredDetection))
  }

  /// What the model takes and gives.
  var signature: ModelSignature { tensors.signature }

  var note: String? {
    guard case .boxes? = set.truth else { return nil }
    return "of boxes with \(PhotoDialect.query)"
  }

  /// What the model calls its classes.
  package var classNames: [String] { task.labels }
}
