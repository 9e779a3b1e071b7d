import CImaging
import Inference
import NativeLibraries

/// A WebP, lossy or lossless, whose header was read and found within the limits. Transparency is
/// dropped.
struct WebPFile {
  let width: Int
  let height: Int
  let orientation: Orientation
  private let bytes: UnsafeRawBufferPointer
  private let library: WebP

  private static let format = ImageFormat.webp.name

  init(_ bytes: UnsafeRawBufferPointer, limits: ImageLimits) throws(ImageProblem) {
    library = try WebP.shared()
    let view = ByteView(bytes: bytes)
    var features = apus_webp_features()
    let status = library.getFeatures(
      bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count, &features,
      Int32(apus_webp_abi_version))
    let declared = view.uint32(at: 4, isBigEndian: false) ?? 0
    let isCut = declared + 8 > bytes.count
    guard status == 0 else {
      throw isCut
        ? .truncated(format: Self.format)
        : .corrupt(format: Self.format, reason: "the header cannot be read")
    }
    // The decoder holds four bytes a pixel beside the result, which may be turned.
    try limits.check(
      width: Int(features.width), height: Int(features.height), bytesPerPixel: 10, format: .webp)
    if isCut { throw .truncated(format: Self.format) }
    if features.has_animation != 0 {
      throw .unsupported(format: Self.format, reason: "an animation is not one photo")
    }
    self.bytes = bytes
    width = Int(features.width)
    height = Int(features.height)
    orientation = Self.orientation(in: view)
  }

  private static func orientation(in view: ByteView) -> Orientation {
    var offset = 12
    while let length = view.uint32(at: offset + 4, isBigEndian: false) {
      if view.has("EXIF", at: offset) {
        // Some writers keep the six bytes that JPEG has in front.
        let start = offset + 8 + (view.has("Exif\0\0", at: offset + 8) ? 6 : 0)
        return Orientation(tiff: view.part(from: start, length: offset + 8 + length - start))
      }
      offset += 8 + length + length % 2
    }
    return .upright
  }

  /// Decodes, not yet turned.
  func pixels() throws(ImageProblem) -> PixelImage {
    let image = PixelImage(width: width, height: height)
    let pixels = image.bytesForFilling
    let result = library.decodeRGB(
      bytes.bindMemory(to: UInt8.self).baseAddress, bytes.count,
      pixels.bindMemory(to: UInt8.self).baseAddress, pixels.count, Int32(width * 3))
    guard result != nil else {
      throw .corrupt(format: Self.format, reason: "the pixels cannot be decoded")
    }
    return image
  }
}

/// The functions of libwebp that we call; they keep no state.
private struct WebP: @unchecked Sendable {
  // Function pointers into a library that is never closed; written once.
  let getFeatures: apus_webp_get_features
  let decodeRGB: apus_webp_decode_rgb

  private static let opened = OpenedOnce<WebP>()

  static func shared() throws(ImageProblem) -> WebP {
    try opened.get { () throws(ImageProblem) in try WebP() }
  }

  private init() throws(ImageProblem) {
    let kind = ImageLibrary.webp
    let library = try kind.open()
    getFeatures = try kind.function(
      "WebPGetFeaturesInternal", of: library, as: apus_webp_get_features.self)
    decodeRGB = try kind.function(
      "WebPDecodeRGBInto", of: library, as: apus_webp_decode_rgb.self)
  }
}
