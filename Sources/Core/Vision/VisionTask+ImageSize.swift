import Imaging

extension VisionTask {
  /// The size of the picture that the model itself sees; `nil` where it takes no photo.
  package var imageSize: (width: Int, height: Int)? {
    input.map { ($0.form.width, $0.form.height) }
  }
}
