/// Where a photo lies in a model's input: resized, then moved.
///
/// A letterbox adds borders (`offsetX`, `offsetY` are 0 or more), a centre crop cuts them off (they
/// are 0 or less). Coordinates are in pixels, x to the right, y down, the photo as people see it.
package struct Letterbox: Sendable, Equatable {
  /// Size of the original photo, after its EXIF orientation.
  package let width: Int
  package let height: Int
  /// Size to which the whole photo is resized.
  package let resizedWidth: Int
  package let resizedHeight: Int
  /// Where the resized photo's left upper corner lies in the input.
  package let offsetX: Int
  package let offsetY: Int
  /// Size of the model's input.
  package let inputWidth: Int
  package let inputHeight: Int

  /// All lengths but the offsets are 1 or more.
  package init(
    width: Int, height: Int, resizedWidth: Int, resizedHeight: Int, offsetX: Int, offsetY: Int,
    inputWidth: Int, inputHeight: Int
  ) {
    self.width = width
    self.height = height
    self.resizedWidth = resizedWidth
    self.resizedHeight = resizedHeight
    self.offsetX = offsetX
    self.offsetY = offsetY
    self.inputWidth = inputWidth
    self.inputHeight = inputHeight
  }

  /// The whole photo as large as it fits, centred, the borders equal to within one pixel.
  ///
  /// Rounds as Ultralytics' LetterBox does: an odd border is narrower at the left and top.
  package static func fitting(
    width: Int, height: Int, inputWidth: Int, inputHeight: Int
  ) -> Letterbox {
    let scale = min(
      Double(inputWidth) / Double(width), Double(inputHeight) / Double(height))
    let resizedWidth = max(1, min(inputWidth, Int((Double(width) * scale).rounded())))
    let resizedHeight = max(1, min(inputHeight, Int((Double(height) * scale).rounded())))
    return Letterbox(
      width: width, height: height, resizedWidth: resizedWidth, resizedHeight: resizedHeight,
      offsetX: (inputWidth - resizedWidth) / 2, offsetY: (inputHeight - resizedHeight) / 2,
      inputWidth: inputWidth, inputHeight: inputHeight)
  }

  /// The middle of the photo: the input covers `fraction` of the resized photo's shorter side.
  ///
  /// Rounds as torchvision's Resize (longer side down) and CenterCrop do.
  package static func centreCrop(
    width: Int, height: Int, inputWidth: Int, inputHeight: Int, fraction: Double
  ) -> Letterbox {
    let scale =
      max(Double(inputWidth) / Double(width), Double(inputHeight) / Double(height)) / fraction
    let resizedWidth = max(inputWidth, Int(Double(width) * scale + 1e-6))
    let resizedHeight = max(inputHeight, Int(Double(height) * scale + 1e-6))
    return Letterbox(
      width: width, height: height, resizedWidth: resizedWidth, resizedHeight: resizedHeight,
      offsetX: -Int((Double(resizedWidth - inputWidth) / 2).rounded(.toNearestOrEven)),
      offsetY: -Int((Double(resizedHeight - inputHeight) / 2).rounded(.toNearestOrEven)),
      inputWidth: inputWidth, inputHeight: inputHeight)
  }

  /// A point of the input as a point of the original photo, which it may lie beside.
  package func original(x: Float, y: Float) -> (x: Float, y: Float) {
    (
      (x - Float(offsetX)) * Float(width) / Float(resizedWidth),
      (y - Float(offsetY)) * Float(height) / Float(resizedHeight)
    )
  }
}
