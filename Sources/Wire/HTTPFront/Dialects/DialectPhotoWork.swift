import FrontSupport
import Imaging
import Inference
import NIOCore
import Serving
import Vision
import WireFormats

/// What photos of a dialect's request need of a worker; a value.
struct DialectPhotoWork: Sendable {
  private let task: VisionTask
  private let body: ByteBuffer
  private let limits: HTTPLimits
  private let model: AnsweringModel
  private var detection = DetectionParameters()
  private var classification = ClassificationParameters()

  init(
    task: VisionTask, parameters: [Parameter], body: ByteBuffer, model: AnsweringModel,
    limits: HTTPLimits
  ) throws(InferenceFailure) {
    self.task = task
    self.body = body
    self.limits = limits
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
      photo: bytes, limits: ImageLimits(pixelsMax: limits.imagePixelsMax))
    return try task.prepare(image)
  }

  /// Makes one answer of what the model said of each photo.
  func answer(
    _ photos: [PreparedPhoto], _ outputs: [[NamedTensor]], _ answer: any DialectAnswer,
    _ model: AnsweringModel
  ) -> Result<Answer, InferenceFailure> {
    do throws(InferenceFailure) {
      var findings: [PhotoFindings] = []
      for (photo, outputs) in zip(photos, outputs) {
        findings.append(try find(outputs, photo))
      }
      return DialectEncoding.answer(try answer.text(for: findings, of: model))
    } catch {
      return .failure(error)
    }
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

/// The photos of one request on their way through the model, in the order in which they came.
struct PhotoQueue {
  let work: DialectPhotoWork
  private let photos: [PhotoRequest.Photo]
  private var prepared: [PreparedPhoto] = []
  private var outputs: [[NamedTensor]?]
  private var begunCount = 0
  /// Of photos in the model's hands.
  var handles: [RequestHandle] = []

  init(work: DialectPhotoWork, photos: [PhotoRequest.Photo]) {
    self.work = work
    self.photos = photos
    outputs = [[NamedTensor]?](repeating: nil, count: photos.count)
  }

  struct Preparation {
    let work: @Sendable () -> Result<PreparedPhoto, InferenceFailure>
  }

  /// The work on the next photo; `nil` after the last.
  mutating func next() -> Preparation? {
    guard begunCount < photos.count else { return nil }
    let photo = photos[begunCount]
    begunCount += 1
    return Preparation { [work] in work.prepare(photo) }
  }

  /// Takes a photo that is ready; gives its place.
  mutating func add(_ photo: PreparedPhoto) -> Int {
    // The model has the pixels; the answer needs only where the photo lay.
    prepared.append(PreparedPhoto(inputs: [], letterbox: photo.letterbox))
    return prepared.count - 1
  }

  struct Complete: Sendable {
    let work: DialectPhotoWork
    let photos: [PreparedPhoto]
    let outputs: [[NamedTensor]]
  }

  /// Takes the outputs of one photo; gives all once the last is there.
  mutating func take(_ found: [NamedTensor], at place: Int) -> Complete? {
    outputs[place] = found
    let all = outputs.compactMap { $0 }
    return all.count == outputs.count
      ? Complete(work: work, photos: prepared, outputs: all) : nil
  }
}
