/// How a photo is resized.
package enum ResizeFilter: String, Sendable, Equatable, CaseIterable {
  /// Pillow's BILINEAR: a triangle as wide as the shrinking, so that nothing aliases.
  case pillow
  /// OpenCV's INTER_LINEAR: the two nearest pixels on each axis, however much it shrinks.
  case opencv
}

/// How channels lie in a tensor.
package enum PixelLayout: String, Sendable, Equatable, CaseIterable {
  /// One plane after the other: [..., channels, height, width].
  case planar = "nchw"
  /// Pixel after pixel: [..., height, width, channels].
  case interleaved = "nhwc"
}
