import Imaging
import Inference

/// How a step gives photos to models: size, numbers, channels.
struct StepForm: Sendable {
  let pixels: PixelForm
  let filter: ResizeFilter

  init(_ settings: StepSettings) throws(BuiltInProblem) {
    let size = try Self.size(settings)
    let datatype = settings.text("datatype") ?? Datatype.float32.name
    let form = PixelForm(
      datatype: Datatype(name: datatype) ?? .bytes, width: size.width, height: size.height,
      channelCount: try settings.integer("channels", in: 1...3) ?? 3,
      layout: try settings.choice("layout", of: PixelLayout.self) ?? .planar,
      mean: try settings.numbers("mean") ?? [0], deviation: try settings.numbers("deviation") ?? [1]
    )
    guard let form else {
      throw BuiltInProblem(
        "expected datatype FP32, FP16 or UINT8, 1 or 3 channels, and one mean and deviation, not 0, "
          + "for all or for each of 3 channels")
    }
    pixels = form
    filter = try settings.choice("filter", of: ResizeFilter.self) ?? .pillow
  }

  static func size(_ settings: StepSettings) throws(BuiltInProblem) -> (width: Int, height: Int) {
    guard let texts = settings.texts("size") else { return (640, 640) }
    let numbers = texts.compactMap { Int($0) }.filter { (1...8192).contains($0) }
    guard numbers.count == texts.count, (1...2).contains(numbers.count) else {
      throw settings.wrong("size", texts.joined(separator: " "), "one or two integers to 8192")
    }
    return (numbers[0], numbers[numbers.count - 1])
  }

  /// Lengths of one photo's axes.
  private var lengths: [Int] {
    pixels.layout == .planar
      ? [pixels.channelCount, pixels.height, pixels.width]
      : [pixels.height, pixels.width, pixels.channelCount]
  }

  func description(_ name: String, rows: Dimension) -> TensorDescription {
    TensorDescription(
      name: name, datatype: pixels.datatype, dimensions: [rows] + lengths.map { .fixed($0) })
  }

  /// Photos in this form, one after the other, each placed by its letterbox.
  func tensor(of photos: [(image: PixelImage, letterbox: Letterbox)]) -> Tensor {
    let storage = TensorStorage(byteCount: photos.count * pixels.byteCount)
    if let bytes = storage.hostBytesForFilling {
      for (place, photo) in photos.enumerated() {
        let start = place * pixels.byteCount
        pixels.fill(
          UnsafeMutableRawBufferPointer(rebasing: bytes[start..<start + pixels.byteCount]),
          with: photo.image, letterbox: photo.letterbox, filter: filter)
      }
    }
    return Tensor(
      datatype: pixels.datatype, shape: TensorShape([photos.count] + lengths) ?? [],
      storage: storage)
  }

  /// The whole of a photo of that size, stretched.
  func stretched(width: Int, height: Int) -> Letterbox {
    Letterbox(
      width: width, height: height, resizedWidth: pixels.width, resizedHeight: pixels.height,
      offsetX: 0, offsetY: 0, inputWidth: pixels.width, inputHeight: pixels.height)
  }
}

extension Tensor {
  /// Decoded pixels as an image over the same bytes.
  func image() throws(InferenceFailure) -> PixelImage {
    guard datatype == .uint8, shape.rank == 3, shape[2] == 3, shape[0] > 0, shape[1] > 0 else {
      throw .mismatch("pixels", "UINT8 [height,width,3]", self)
    }
    if byteCount == storage.byteCount, hostBytes != nil {
      return PixelImage(width: shape[1], height: shape[0], storage: storage)
    }
    // An image begins where its storage does, so a part of a larger tensor is copied.
    let image = PixelImage(width: shape[1], height: shape[0])
    if let bytes = hostBytes { image.storage.hostBytesForFilling?.copyMemory(from: bytes) }
    return image
  }
}

extension Letterbox {
  /// `placement`: what leads from the model's input back to the photo.
  var tensor: Tensor {
    let numbers = [
      width, height, resizedWidth, resizedHeight, offsetX, offsetY, inputWidth, inputHeight,
    ]
    return Tensor(numbers.map(Float.init), datatype: .float32, shape: [8])
  }

  init(_ tensor: Tensor) throws(InferenceFailure) {
    let numbers = tensor.datatype == .float32 ? tensor.elements(as: Float.self) : []
    guard numbers.count == 8, numbers.allSatisfy({ abs($0) <= 1e6 }),
      numbers[0...3].allSatisfy({ $0 >= 1 })
    else { throw .mismatch("placement", "FP32 [8]", tensor) }
    let whole = numbers.map { Int($0) }
    self.init(
      width: whole[0], height: whole[1], resizedWidth: whole[2], resizedHeight: whole[3],
      offsetX: whole[4], offsetY: whole[5], inputWidth: whole[6], inputHeight: whole[7])
  }
}

extension InferenceFailure {
  /// A step was given something else than it takes.
  static func mismatch(_ input: String, _ expected: String, _ tensor: Tensor) -> InferenceFailure {
    .runtimeFailed(
      RuntimeFault(
        code: .invalidArgument,
        message: "\(input) must be \(expected), but is \(tensor.datatype.name) \(tensor.shape)"))
  }

  static func image(_ problem: ImageProblem) -> InferenceFailure {
    if case .tooManyPixels(let width, let height, let pixelsMax) = problem {
      return .tooLarge(.image(width: width, height: height, pixelsMax: pixelsMax))
    }
    return .invalidInput(.image(problem))
  }
}
