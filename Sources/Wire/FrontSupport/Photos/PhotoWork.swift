import Imaging
package import Inference
package import NIOCore
package import Vision
package import WireFormats

/// What photos of a request need of a worker; a value.
package struct PhotoWork: Sendable {
  private let task: VisionTask
  private let body: ByteBuffer
  private let pixelsMax: Int
  private let model: AnsweringModel
  private var detection = DetectionParameters()
  private var classification = ClassificationParameters()

  /// `parameters` came beside the photos, some of which may be ranges of `body`.
  package init(
    task: VisionTask, parameters: [Parameter], body: ByteBuffer, model: AnsweringModel,
    pixelsMax: Int
  ) throws(InferenceFailure) {
    self.task = task
    self.body = body
    self.pixelsMax = pixelsMax
    self.model = model
    guard task.takesPhotos else {
      throw .unsupported(.task("answer photos", modelTask: task.kind.name))
    }
    do throws(InputProblem) {
      for parameter in parameters {
        if task.kind == .detect {
          try detection.set(parameter)
        } else {
          try classification.set(parameter)
        }
      }
    } catch {
      throw .invalidInput(error)
    }
  }

  /// The model's outputs that tell what is in a photo.
  var outputs: [Int] { task.outputs }

  func prepare(_ photo: PhotoRequest.Photo) -> Result<PreparedPhoto, InferenceFailure> {
    do throws(InferenceFailure) {
      switch photo {
      case .decoded(let bytes):
        return .success(
          try bytes.withUnsafeBytes { bytes in
            Result { () throws(InferenceFailure) in try prepare(bytes) }
          }.get())
      case .inBody(let range):
        return .success(
          try body.withUnsafeReadableBytes { bytes throws(InferenceFailure) in
            try prepare(UnsafeRawBufferPointer(rebasing: bytes[range]))
          })
      }
    } catch {
      return .failure(error)
    }
  }

  private func prepare(
    _ bytes: UnsafeRawBufferPointer
  ) throws(InferenceFailure) -> PreparedPhoto {
    let image = try task.decode(
      photo: bytes, limits: ImageLimits(pixelsMax: pixelsMax))
    return try task.prepare(image)
  }

  /// What the model said of each photo.
  func findings(
    _ photos: [PreparedPhoto], _ outputs: [[NamedTensor]]
  ) throws(InferenceFailure) -> [PhotoFindings] {
    var findings: [PhotoFindings] = []
    for (photo, outputs) in zip(photos, outputs) { findings.append(try find(outputs, photo)) }
    return findings
  }

  private func find(
    _ outputs: [NamedTensor], _ photo: PreparedPhoto
  ) throws(InferenceFailure) -> PhotoFindings {
    let head = VisionAnswerHead(
      modelName: model.name, modelVersion: model.version, width: photo.width,
      height: photo.height, milliseconds: [])
    if task.kind == .detect {
      return .detections(
        try task.detections(in: outputs, of: photo, parameters: detection), head)
    }
    return .classes(try task.classes(in: outputs, top: classification.top), head)
  }
}

extension VisionTask {
  /// Photos are made inputs of this model, and its outputs made answers.
  package var takesPhotos: Bool { kind == .detect || kind == .classify }
}
