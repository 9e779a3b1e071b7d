import Inference

/// How much one photo may cost; checked against its header before anything is allocated.
package struct ImageLimits: Sendable, Equatable {
  /// Width times height that a header may declare. A camera of 100 megapixels passes.
  package var pixelsMax: Int
  /// Bytes that decoding may need at once: the pixels, and what the library holds beside them
  /// (coefficients of a progressive JPEG, the turned copy of a rotated photo).
  package var workingBytesMax: Int
  /// Width or height that a header may declare; no JPEG or WebP can have more.
  package var sideMax: Int

  package init(
    pixelsMax: Int = 100_000_000, workingBytesMax: Int = 768 << 20, sideMax: Int = 65_535
  ) {
    self.sideMax = sideMax
    self.pixelsMax = pixelsMax
    self.workingBytesMax = workingBytesMax
  }
}

extension ImageLimits {
  /// Refuses a header that declares too much. `bytesPerPixel` is what decoding holds for each.
  func check(
    width: Int, height: Int, bytesPerPixel: Int, format: ImageFormat
  ) throws(ImageProblem) {
    guard width > 0, height > 0 else {
      throw .corrupt(format: format.name, reason: "width or height is 0")
    }
    let allowed = min(pixelsMax, workingBytesMax / bytesPerPixel)
    let (pixels, overflow) = width.multipliedReportingOverflow(by: height)
    guard !overflow, pixels <= allowed else {
      throw .tooManyPixels(width: width, height: height, pixelsMax: allowed)
    }
    guard max(width, height) <= sideMax else {
      throw .unsupported(format: format.name, reason: "a side is longer than \(sideMax) pixels")
    }
  }
}
