/// How much one photo may cost; checked against its header before anything is allocated.
package struct ImageLimits: Sendable, Equatable {
  /// Width times height that a header may declare. A camera of 100 megapixels passes.
  package var pixelsMax: Int
  /// Bytes that decoding may need at once: the pixels, and what the library holds beside them
  /// (coefficients of a progressive JPEG, the turned copy of a rotated photo).
  package var workingBytesMax: Int

  package init(pixelsMax: Int = 100_000_000, workingBytesMax: Int = 768 << 20) {
    self.pixelsMax = pixelsMax
    self.workingBytesMax = workingBytesMax
  }
}
