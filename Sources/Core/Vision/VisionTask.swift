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
  /// Places of the outputs that answers are made from, as `TensorRequest` wants them; empty where
  /// the model has no such task.
  package let outputs: [Int]
  /// Class names by class, empty where the model has none.
  package let labels: [String]
  let input: PhotoInput?
  private let inputCount: Int
  private let outputName: String

  init(
    kind: Kind, output: (index: Int, name: String)?, labels: [String], input: PhotoInput?,
    inputCount: Int
  ) {
    self.kind = kind
    outputs = output.map { [$0.index] } ?? []
    outputName = output?.name ?? ""
    self.labels = labels
    self.input = input
    self.inputCount = inputCount
  }

  /// Throws `.unsupported(.task(...))` unless the model has that task. For the start of a request,
  /// before its photo is decoded.
  package func require(_ wanted: Kind) throws(InferenceFailure) {
    guard kind == wanted else {
      throw .unsupported(.task(wanted.name, modelTask: kind.name))
    }
  }

  /// Name of a class, or `class 7` where it has none.
  package func label(of classID: Int) -> String {
    guard labels.indices.contains(classID), !labels[classID].isEmpty else {
      return "class \(classID)"
    }
    return labels[classID]
  }

  /// The tensor that answers are made from.
  func answer(in outputs: [NamedTensor]) throws(InferenceFailure) -> FloatOutput {
    guard let tensor = outputs.first(where: { $0.name == outputName })?.tensor else {
      throw Self.unfit("the model gave no output \(outputName)")
    }
    guard let output = FloatOutput(tensor) else {
      throw Self.unfit("output \(outputName) is \(tensor.datatype.name), not FP32 or FP16")
    }
    return output
  }

  /// What the model gave is not what its task promised.
  static func unfit(_ reason: String) -> InferenceFailure {
    .runtimeFailed(RuntimeFault(code: .failed, message: reason))
  }
}

extension VisionTask {
  /// Decodes a photo as this model wants it; the first of the two stages of `prepare(photo:)`.
  package func decode(
    photo: UnsafeRawBufferPointer, limits: ImageLimits = ImageLimits()
  ) throws(InferenceFailure) -> PixelImage {
    guard let input else { throw .unsupported(.task("photos", modelTask: kind.name)) }
    do {
      let encoded = try EncodedImage(photo, limits: limits)
      guard input.isScaledDecoding else { return try encoded.decoded() }
      let letterbox = input.letterbox(width: encoded.width, height: encoded.height)
      return try encoded.decoded(
        atLeast: (letterbox.resizedWidth, letterbox.resizedHeight))
    } catch {
      throw Self.failure(of: error)
    }
  }

  /// Makes decoded pixels the model's inputs; the second stage.
  package func prepare(_ image: PixelImage) throws(InferenceFailure) -> PreparedPhoto {
    guard let input else { throw .unsupported(.task("photos", modelTask: kind.name)) }
    let letterbox = input.letterbox(width: image.originalWidth, height: image.originalHeight)
    var inputs = [Tensor?](repeating: nil, count: inputCount)
    inputs[input.index] = input.tensor(of: image, letterbox: letterbox)
    return PreparedPhoto(inputs: inputs, letterbox: letterbox)
  }

  /// Both stages in one.
  package func prepare(
    photo: UnsafeRawBufferPointer, limits: ImageLimits = ImageLimits()
  ) throws(InferenceFailure) -> PreparedPhoto {
    try prepare(decode(photo: photo, limits: limits))
  }

  /// The photo in its original size with the detections drawn on it, as JPEG.
  package func annotated(
    photo: UnsafeRawBufferPointer, detections: [Detection], limits: ImageLimits = ImageLimits()
  ) throws(InferenceFailure) -> [UInt8] {
    do {
      let image = try EncodedImage(photo, limits: limits).decoded()
      image.draw(detections.map(Self.drawing))
      return try image.jpeg()
    } catch {
      throw Self.failure(of: error)
    }
  }

  private static func drawing(_ detection: Detection) -> LabelledBox {
    let percent = Int((detection.score * 100).rounded())
    let box = detection.box
    return LabelledBox(
      x1: box.x1, y1: box.y1, x2: box.x2, y2: box.y2, text: "\(detection.label) \(percent)%",
      colour: .distinct(detection.classID))
  }

  private static func failure(of problem: ImageProblem) -> InferenceFailure {
    if case .tooManyPixels(let width, let height, let pixelsMax) = problem {
      return .tooLarge(.image(width: width, height: height, pixelsMax: pixelsMax))
    }
    return .invalidInput(.image(problem))
  }
}
