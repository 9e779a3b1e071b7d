import CImaging
import Inference
import NativeLibraries

/// The functions of libturbojpeg that we call.
///
/// Every photo gets a decompressor of its own: one that is used again keeps the tables of the photo
/// before, so that a damaged photo would spoil the next, and one without tables would be decoded
/// with another caller's. Making one costs a few microseconds.
struct TurboJPEG: @unchecked Sendable {
  // Function pointers into a library that is never closed; written once.
  private let initDecompress: apus_tj_init
  private let initCompress: apus_tj_init
  private let destroy: apus_tj_destroy
  let freeBuffer: apus_tj_free
  private let errorText: apus_tj_error_text
  private let errorCode: apus_tj_error_code
  let decompressHeader: apus_tj_decompress_header
  let decompress: apus_tj_decompress
  let compress: apus_tj_compress

  private static let opened = OpenedOnce<TurboJPEG>()

  static func shared() throws(ImageProblem) -> TurboJPEG {
    try opened.get { () throws(ImageProblem) in try TurboJPEG() }
  }

  private init() throws(ImageProblem) {
    let kind = ImageLibrary.turboJPEG
    let library = try kind.open()
    initDecompress = try kind.function("tjInitDecompress", of: library, as: apus_tj_init.self)
    initCompress = try kind.function("tjInitCompress", of: library, as: apus_tj_init.self)
    destroy = try kind.function("tjDestroy", of: library, as: apus_tj_destroy.self)
    freeBuffer = try kind.function("tjFree", of: library, as: apus_tj_free.self)
    errorText = try kind.function("tjGetErrorStr2", of: library, as: apus_tj_error_text.self)
    errorCode = try kind.function("tjGetErrorCode", of: library, as: apus_tj_error_code.self)
    decompressHeader = try kind.function(
      "tjDecompressHeader3", of: library, as: apus_tj_decompress_header.self)
    decompress = try kind.function("tjDecompress2", of: library, as: apus_tj_decompress.self)
    compress = try kind.function("tjCompress2", of: library, as: apus_tj_compress.self)
  }

  /// Lends a new decompressor to `body`.
  func withDecompressor<Result>(
    _ body: (UnsafeMutableRawPointer) throws(ImageProblem) -> Result
  ) throws(ImageProblem) -> Result {
    guard let handle = initDecompress() else { throw Self.outOfMemory }
    defer { _ = destroy(handle) }
    return try body(handle)
  }

  /// Lends a new compressor to `body`.
  func withCompressor<Result>(
    _ body: (UnsafeMutableRawPointer) throws(ImageProblem) -> Result
  ) throws(ImageProblem) -> Result {
    guard let handle = initCompress() else { throw Self.outOfMemory }
    defer { _ = destroy(handle) }
    return try body(handle)
  }

  /// What the last call with this handle complained of.
  func complaint(of handle: UnsafeMutableRawPointer) -> String {
    errorText(handle).map { String(cString: $0) } ?? "unknown error"
  }

  /// The last call gave pixels, though something was odd.
  func isWarning(of handle: UnsafeMutableRawPointer) -> Bool {
    errorCode(handle) == Int32(apus_tj_error_warning)
  }

  private static let outOfMemory = ImageProblem.unsupported(
    format: ImageFormat.jpeg.name, reason: "no memory for the decoder")
}
