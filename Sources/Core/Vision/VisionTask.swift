package import Imaging
package import Inference

/// What a model does with photos; recognised once, when the model is loaded.
///
/// Everything here is computed on the calling thread: decoding and preparing a large photo takes
/// milliseconds, so not on an event loop.
package struct VisionTask: Sendable {
  package enum Kind: Sendable, Equatable {
    case detect
    case classify
    /// A vision task whose answers are not made into boxes or classes here: `segment`, `pose`, `obb`.
    case refused(task: String)
    /// Takes no photo.
    case none

    /// The name in failures and metadata: `detect`, `classify`, `segment`, ..., `none`.
    package var name: String {
      switch self {
      case .detect: "detect"
      case .classify: "classify"
      case .refused(let task): task
      case .none: "none"
      }
    }
  }

  package let kind: Kind

  /// What the model is for, from its signature and metadata; `labels` and `task` of the operator
  /// come first where given.
  package static func recognise(
    signature: ModelSignature, labels: [String] = [], task: String? = nil,
    options: VisionOptions = VisionOptions()
  ) -> VisionTask {
    VisionTask(kind: .none)
  }

  /// Throws `.unsupported(.task(...))` unless the model has that task. For the start of a request,
  /// before its photo is decoded.
  package func require(_ wanted: Kind) throws(InferenceFailure) {
    guard kind == wanted else {
      throw .unsupported(.task(wanted.name, modelTask: kind.name))
    }
  }

  /// Decodes a photo as this model wants it; the first of the two stages of `prepare(photo:)`.
  package func decode(
    photo: UnsafeRawBufferPointer, limits: ImageLimits = ImageLimits()
  ) throws(InferenceFailure) -> PixelImage {
    throw .unsupported(.other("photos"))
  }

  /// Makes decoded pixels the model's inputs; the second stage.
  package func prepare(_ image: PixelImage) throws(InferenceFailure) -> PreparedPhoto {
    throw .unsupported(.other("photos"))
  }

  /// Both stages in one.
  package func prepare(
    photo: UnsafeRawBufferPointer, limits: ImageLimits = ImageLimits()
  ) throws(InferenceFailure) -> PreparedPhoto {
    try prepare(decode(photo: photo, limits: limits))
  }

  /// What the model found, the highest score first, boxes in pixels of the original photo.
  package func detections(
    in outputs: [NamedTensor], of photo: PreparedPhoto, parameters: DetectionParameters
  ) throws(InferenceFailure) -> [Detection] {
    []
  }

  /// The most likely classes, the likeliest first.
  package func classes(
    in outputs: [NamedTensor], top: Int
  ) throws(InferenceFailure) -> [Classification] {
    []
  }

  /// The photo in its original size with the detections drawn on it, as JPEG.
  package func annotated(
    photo: UnsafeRawBufferPointer, detections: [Detection], limits: ImageLimits = ImageLimits()
  ) throws(InferenceFailure) -> [UInt8] {
    []
  }
}
