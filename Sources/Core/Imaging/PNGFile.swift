import CImaging
import Inference
import NativeLibraries

/// A PNG whose header was read and found within the limits.
///
/// Transparency is dropped and gamma ignored, as Pillow's `convert("RGB")` does; 16-bit samples
/// keep their upper byte.
struct PNGFile {
  let width: Int
  let height: Int
  let orientation: Orientation
  private let bytes: UnsafeRawBufferPointer
  private let library: SPNG

  private static let format = ImageFormat.png.name
  /// Bytes of one chunk beside the pixels (a colour profile, a text), also after decompression.
  private static let chunkBytesMax = 8 << 20
  private static let allChunksBytesMax = 16 << 20

  init(_ bytes: UnsafeRawBufferPointer, limits: ImageLimits) throws(ImageProblem) {
    let view = ByteView(bytes: bytes)
    guard let width = view.uint32(at: 16, isBigEndian: true),
      let height = view.uint32(at: 20, isBigEndian: true), view.count >= 33
    else { throw .truncated(format: Self.format) }
    guard view.has("IHDR", at: 12) else {
      throw .corrupt(format: Self.format, reason: "the first chunk is not IHDR")
    }
    // An interlaced photo is decoded beside its pixels, and then turned.
    try limits.check(width: width, height: height, bytesPerPixel: 6, format: .png)
    library = try SPNG.shared()
    self.bytes = bytes
    self.width = width
    self.height = height
    orientation = Self.orientation(in: view)
  }

  /// The eXIf chunk, which stands before the pixels.
  private static func orientation(in view: ByteView) -> Orientation {
    var offset = 8
    while let length = view.uint32(at: offset, isBigEndian: true), !view.has("IDAT", at: offset + 4)
    {
      if view.has("eXIf", at: offset + 4) {
        return Orientation(tiff: view.part(from: offset + 8, length: length))
      }
      offset += 12 + length
    }
    return .upright
  }

  /// Decodes, not yet turned.
  func pixels() throws(ImageProblem) -> PixelImage {
    guard let context = library.new(0) else {
      throw .unsupported(format: Self.format, reason: "no memory for the decoder")
    }
    defer { library.free(context) }
    let image = PixelImage(width: width, height: height)
    try check(library.setImageLimits(context, UInt32(width), UInt32(height)))
    try check(library.setChunkLimits(context, Self.chunkBytesMax, Self.allChunksBytesMax))
    try check(library.setBuffer(context, bytes.baseAddress, bytes.count))
    try check(
      library.decode(
        context, image.bytesForFilling.baseAddress, image.bytesForFilling.count,
        Int32(apus_spng_format_rgb8), 0))
    return image
  }

  private func check(_ status: Int32) throws(ImageProblem) {
    if status == 0 { return }
    if status == Int32(apus_spng_io_eof) || status == Int32(apus_spng_error_end) {
      throw .truncated(format: Self.format)
    }
    let reason = library.errorText(status).map { String(cString: $0) } ?? "error \(status)"
    throw .corrupt(format: Self.format, reason: reason)
  }
}

/// The functions of libspng that we call; a context is used by one thread.
private struct SPNG: @unchecked Sendable {
  // Function pointers into a library that is never closed; written once.
  let new: apus_spng_new
  let free: apus_spng_free
  let setBuffer: apus_spng_set_buffer
  let setImageLimits: apus_spng_set_image_limits
  let setChunkLimits: apus_spng_set_chunk_limits
  let decode: apus_spng_decode
  let errorText: apus_spng_error_text

  private static let opened = OpenedOnce<SPNG>()

  static func shared() throws(ImageProblem) -> SPNG {
    try opened.get { () throws(ImageProblem) in try SPNG() }
  }

  private init() throws(ImageProblem) {
    let kind = ImageLibrary.spng
    let library = try kind.open()
    new = try kind.function("spng_ctx_new", of: library, as: apus_spng_new.self)
    free = try kind.function("spng_ctx_free", of: library, as: apus_spng_free.self)
    setBuffer = try kind.function(
      "spng_set_png_buffer", of: library, as: apus_spng_set_buffer.self)
    setImageLimits = try kind.function(
      "spng_set_image_limits", of: library, as: apus_spng_set_image_limits.self)
    setChunkLimits = try kind.function(
      "spng_set_chunk_limits", of: library, as: apus_spng_set_chunk_limits.self)
    decode = try kind.function("spng_decode_image", of: library, as: apus_spng_decode.self)
    errorText = try kind.function("spng_strerror", of: library, as: apus_spng_error_text.self)
  }
}
