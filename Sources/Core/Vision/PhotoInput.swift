import Imaging
import Inference

/// The input of a model that takes a photo: which it is, and its form.
struct PhotoInput: Sendable {
  let index: Int
  let form: PixelForm
  let placing: Placing
  let filter: ResizeFilter
  let isScaledDecoding: Bool
  /// Rows of the batch that the model wants at once; photos but the first are black.
  let rowCount: Int

  /// How a photo comes to the input's size.
  enum Placing: Sendable, Equatable {
    /// The whole photo, with borders.
    case letterbox
    /// The middle; the input covers this fraction of the shorter side.
    case centreCrop(fraction: Double)
  }

  /// Shape of the tensor.
  var shape: TensorShape {
    form.layout == .planar
      ? [rowCount, form.channelCount, form.height, form.width]
      : [rowCount, form.height, form.width, form.channelCount]
  }

  func letterbox(width: Int, height: Int) -> Letterbox {
    switch placing {
    case .letterbox:
      .fitting(width: width, height: height, inputWidth: form.width, inputHeight: form.height)
    case .centreCrop(let fraction):
      .centreCrop(
        width: width, height: height, inputWidth: form.width, inputHeight: form.height,
        fraction: fraction)
    }
  }

  /// The photo as this input.
  func tensor(of image: PixelImage, letterbox: Letterbox) -> Tensor {
    let storage = TensorStorage(byteCount: form.byteCount * rowCount)
    if let bytes = storage.hostBytesForFilling {
      form.fill(bytes, with: image, letterbox: letterbox, filter: filter)
      let others = UnsafeMutableRawBufferPointer(rebasing: bytes[form.byteCount...])
      others.initializeMemory(as: UInt8.self, repeating: 0)
    }
    return Tensor(datatype: form.datatype, shape: shape, storage: storage)
  }
}

/// The axes of an input that could hold a photo.
struct PhotoAxes: Equatable {
  let index: Int
  let datatype: Datatype
  let layout: PixelLayout
  let channelCount: Int
  let rowCount: Int
  let width: Int
  let height: Int

  /// Side of the input where the model leaves it open and its metadata does not tell.
  static let defaultSide = 640
  /// More than any model takes.
  private static let sideMax = 8192

  /// The one required input, if it has four axes with 1 or 3 channels in second or last place.
  ///
  /// `[batch, 3, 3, n]` could be either; channels first is tried first, unless `layout` says
  /// otherwise.
  init?(signature: ModelSignature, layout wanted: PixelLayout?) {
    let required = signature.inputs.indices.filter { !signature.inputs[$0].isOptional }
    guard required.count == 1, let index = required.first else { return nil }
    let input = signature.inputs[index]
    guard !input.isShapeless, input.dimensions.count == 4,
      [.float32, .float16, .uint8].contains(input.datatype)
    else { return nil }
    let lengths = input.dimensions.map(Self.length)
    guard let layout = Self.layout(of: lengths, wanted: wanted),
      let channels = lengths[layout == .planar ? 1 : 3]
    else { return nil }
    let sides = layout == .planar ? (lengths[2], lengths[3]) : (lengths[1], lengths[2])
    let declared = Self.declaredSize(signature.metadata["imgsz"])
    self.index = index
    datatype = input.datatype
    self.layout = layout
    channelCount = channels
    rowCount = lengths[0] ?? 1
    height = sides.0 ?? declared?.height ?? Self.defaultSide
    width = sides.1 ?? declared?.width ?? Self.defaultSide
    guard rowCount > 0, (1...Self.sideMax).contains(width), (1...Self.sideMax).contains(height)
    else { return nil }
  }

  private static func length(_ dimension: Dimension) -> Int? {
    if case .fixed(let length) = dimension { return length }
    return nil
  }

  private static func layout(of lengths: [Int?], wanted: PixelLayout?) -> PixelLayout? {
    let isPlanar = lengths[1] == 3 || lengths[1] == 1
    let isInterleaved = lengths[3] == 3 || lengths[3] == 1
    if let wanted {
      return (wanted == .planar ? isPlanar : isInterleaved) ? wanted : nil
    }
    return isPlanar ? .planar : isInterleaved ? .interleaved : nil
  }

  /// `[640, 640]` (height, width) or `640`, as Ultralytics writes it.
  private static func declaredSize(_ text: String?) -> (width: Int, height: Int)? {
    let numbers = (text ?? "").split { !$0.isNumber }.compactMap { Int($0) }
    guard let height = numbers.first else { return nil }
    return (numbers.count > 1 ? numbers[1] : height, height)
  }
}
