package import Inference

/// A decoded photo: RGB, 8 bits each, interleaved, rows from the top without gaps, turned as its
/// EXIF orientation says.
///
/// A value over pooled memory: copying it copies no pixel.
package struct PixelImage: Sendable {
  package let width: Int
  package let height: Int
  /// Size of the photo in its file, turned likewise; larger than `width` and `height` where a JPEG
  /// was decoded at a fraction of its size.
  package let originalWidth: Int
  package let originalHeight: Int
  /// `width * height * 3` bytes.
  package let storage: TensorStorage

  /// Fresh pixels, not cleared.
  package init(width: Int, height: Int, originalWidth: Int? = nil, originalHeight: Int? = nil) {
    self.width = width
    self.height = height
    self.originalWidth = originalWidth ?? width
    self.originalHeight = originalHeight ?? height
    storage = TensorStorage(byteCount: width * height * 3)
  }

  /// Pixels that lie in memory already: `width * height * 3` bytes, from its first on.
  package init(width: Int, height: Int, storage: TensorStorage) {
    precondition(storage.byteCount == width * height * 3)
    self.width = width
    self.height = height
    originalWidth = width
    originalHeight = height
    self.storage = storage
  }

  /// The pixels for filling, before the image is first handed on.
  var bytesForFilling: UnsafeMutableRawBufferPointer {
    storage.hostBytesForFilling ?? UnsafeMutableRawBufferPointer(start: nil, count: 0)
  }

  /// The pixels; valid while `storage` lives.
  package var bytes: UnsafeRawBufferPointer {
    storage.hostBytes ?? UnsafeRawBufferPointer(start: nil, count: 0)
  }
}
