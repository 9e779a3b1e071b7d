import Imaging
import Inference

/// `decode`: bytes of a photo to pixels.
struct DecodeStep: BuiltInWork {
  var inputNames: [String] { ["image"] }
  var optionalInputNames: Set<String> { [] }
  var outputNames: [String] { ["pixels"] }
  var isBrief: Bool { false }

  func outputs(of inputs: [TensorDescription?]) throws(BuiltInProblem) -> [TensorDescription] {
    guard inputs[0]?.datatype == .bytes else { throw BuiltInProblem("image must be BYTES") }
    return [
      TensorDescription(
        name: "pixels", datatype: .uint8,
        dimensions: [.any(name: nil), .any(name: nil), .fixed(3)])
    ]
  }

  func run(_ inputs: [Tensor?]) throws(InferenceFailure) -> [Tensor] {
    guard let input = inputs[0], input.elementCount == 1 else {
      throw inputs[0].map { .mismatch("image", "one BYTES element", $0) }
        ?? .invalidInput(.missingInput("image"))
    }
    var result = Result<PixelImage, ImageProblem>.failure(.notAnImage)
    _ = input.forEachByteString { bytes in
      result = Result { () throws(ImageProblem) in try EncodedImage(bytes).decoded() }
    }
    switch result {
    case .success(let image):
      return [
        Tensor(datatype: .uint8, shape: [image.height, image.width, 3], storage: image.storage)
      ]
    case .failure(let problem): throw .image(problem)
    }
  }
}

/// `letterbox` and `resize`: pixels to a model's input, and where the photo lies in it.
struct PlacingStep: BuiltInWork {
  enum Placing: Sendable, Equatable {
    case letterbox
    case stretched
    case centreCrop(fraction: Double)

    static func resize(_ settings: StepSettings) throws(BuiltInProblem) -> Placing {
      guard let fraction = try settings.number("fraction") else { return .stretched }
      guard fraction > 0, fraction <= 1 else {
        throw settings.wrong("fraction", String(fraction), "above 0, to 1")
      }
      return .centreCrop(fraction: Double(fraction))
    }
  }

  let form: StepForm
  let placing: Placing

  var inputNames: [String] { ["pixels"] }
  var optionalInputNames: Set<String> { [] }
  var outputNames: [String] { ["tensor", "placement"] }
  var isBrief: Bool { false }

  func outputs(of inputs: [TensorDescription?]) throws(BuiltInProblem) -> [TensorDescription] {
    try checkPixels(inputs[0])
    return [
      form.description("tensor", rows: .fixed(1)),
      TensorDescription(name: "placement", datatype: .float32, dimensions: [.fixed(8)]),
    ]
  }

  func run(_ inputs: [Tensor?]) throws(InferenceFailure) -> [Tensor] {
    guard let input = inputs[0] else { throw .invalidInput(.missingInput("pixels")) }
    let image = try input.image()
    let letterbox = letterbox(width: image.width, height: image.height)
    return [form.tensor(of: [(image, letterbox)]), letterbox.tensor]
  }

  private func letterbox(width: Int, height: Int) -> Letterbox {
    let size = (form.pixels.width, form.pixels.height)
    return switch placing {
    case .stretched: form.stretched(width: width, height: height)
    case .letterbox:
      .fitting(width: width, height: height, inputWidth: size.0, inputHeight: size.1)
    case .centreCrop(let fraction):
      .centreCrop(
        width: width, height: height, inputWidth: size.0, inputHeight: size.1, fraction: fraction)
    }
  }
}

/// `crop`: parts of a photo, one for each box.
struct CropStep: BuiltInWork {
  let form: StepForm

  /// Parts of one photo; a detector gives fewer.
  private static let boxesMax = 3_000

  var inputNames: [String] { ["pixels", "boxes"] }
  var optionalInputNames: Set<String> { [] }
  var outputNames: [String] { ["crops"] }
  var isBrief: Bool { false }

  func outputs(of inputs: [TensorDescription?]) throws(BuiltInProblem) -> [TensorDescription] {
    try checkPixels(inputs[0])
    guard inputs[1]?.datatype == .float32 else { throw BuiltInProblem("boxes must be FP32 [n,4]") }
    return [form.description("crops", rows: .any(name: nil))]
  }

  func run(_ inputs: [Tensor?]) throws(InferenceFailure) -> [Tensor] {
    guard let pixels = inputs[0], let boxes = inputs[1] else {
      throw .invalidInput(.missingInput(inputs[0] == nil ? "pixels" : "boxes"))
    }
    guard boxes.datatype == .float32, boxes.shape.rank == 2, boxes.shape[1] == 4,
      boxes.shape[0] <= Self.boxesMax
    else { throw .mismatch("boxes", "FP32 [n,4], n to \(Self.boxesMax)", boxes) }
    let image = try pixels.image()
    let edges = boxes.elements(as: Float.self)
    let parts = stride(from: 0, to: edges.count, by: 4).map { start in
      let part = image.part(
        columns: Self.range(edges[start], edges[start + 2], limit: image.width),
        rows: Self.range(edges[start + 1], edges[start + 3], limit: image.height))
      return (part, form.stretched(width: part.width, height: part.height))
    }
    return [form.tensor(of: parts)]
  }

  /// Whole pixels within the photo, one at least.
  private static func range(_ low: Float, _ high: Float, limit: Int) -> Range<Int> {
    func whole(_ value: Float, _ range: ClosedRange<Int>) -> Int {
      value.isFinite
        ? Int(min(max(value.rounded(), Float(range.lowerBound)), Float(range.upperBound)))
        : range.lowerBound
    }
    let first = whole(low, 0...limit - 1)
    return first..<max(first + 1, whole(high, 1...limit))
  }
}

private func checkPixels(_ input: TensorDescription?) throws(BuiltInProblem) {
  guard let input, input.datatype == .uint8, input.isShapeless || input.dimensions.count == 3 else {
    throw BuiltInProblem("pixels must be UINT8 [height,width,3], as decode gives them")
  }
}

extension PixelImage {
  /// A copy of some of its pixels.
  fileprivate func part(columns: Range<Int>, rows: Range<Int>) -> PixelImage {
    let part = PixelImage(width: columns.count, height: rows.count)
    guard let target = part.storage.hostBytesForFilling else { return part }
    for (place, row) in rows.enumerated() {
      let start = (row * width + columns.lowerBound) * 3
      UnsafeMutableRawBufferPointer(rebasing: target[(place * columns.count * 3)...])
        .copyMemory(
          from: UnsafeRawBufferPointer(rebasing: bytes[start..<start + columns.count * 3]))
    }
    return part
  }
}
