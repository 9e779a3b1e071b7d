package import Imaging

/// What an operator may set of a model's way with photos; what is not set follows from the model.
package struct VisionOptions: Sendable, Equatable {
  package var resize = ResizeFilter.pillow
  /// JPEGs of more than twice the model's size are decoded at 1/2, 1/4 or 1/8 of their size.
  package var isScaledDecoding = true
  /// Per channel (or one for all), in units of 0..1: input = (pixel / 255 - mean) / deviation.
  package var mean: [Float]?
  package var deviation: [Float]?
  /// Where the channels are in the input, should its shape not tell.
  package var layout: PixelLayout?

  package init() {}
}
