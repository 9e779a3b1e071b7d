package import Imaging
package import Inference

/// A photo as a model's inputs, with what leads its answers back to the photo.
package struct PreparedPhoto: Sendable {
  /// One place for each input of the signature, as `TensorRequest` wants them.
  package let inputs: [Tensor?]
  package let letterbox: Letterbox

  package init(inputs: [Tensor?], letterbox: Letterbox) {
    self.inputs = inputs
    self.letterbox = letterbox
  }

  /// Width of the original photo, after its EXIF orientation.
  package var width: Int { letterbox.width }
  /// Height of the original photo, after its EXIF orientation.
  package var height: Int { letterbox.height }
}
