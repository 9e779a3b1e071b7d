package import Inference
import Kernels

/// The bytes of a photo whose header was read and found within the limits, ready to be decoded.
///
/// Does not keep the bytes alive: they must stay as they are while this is used.
package struct EncodedImage {
  /// Size of the photo as it is seen, after its EXIF orientation.
  package let width: Int
  package let height: Int
  private let file: File

  private enum File {
    case jpeg(JPEGFile)
    case png(PNGFile)
    case webp(WebPFile)
  }

  /// Reads the header, and throws where it is damaged, declares too much, or is of no known format.
  package init(
    _ bytes: UnsafeRawBufferPointer, limits: ImageLimits = ImageLimits()
  ) throws(ImageProblem) {
    let file: File
    switch ImageFormat(of: bytes) {
    case .jpeg: file = .jpeg(try JPEGFile(bytes, limits: limits))
    case .png: file = .png(try PNGFile(bytes, limits: limits))
    case .webp: file = .webp(try WebPFile(bytes, limits: limits))
    case nil: throw .notAnImage
    }
    let size = Self.storedSize(of: file)
    self.file = file
    width = size.orientation.isSideways ? size.height : size.width
    height = size.orientation.isSideways ? size.width : size.height
  }

  private static func storedSize(
    of file: File
  ) -> (width: Int, height: Int, orientation: Orientation) {
    switch file {
    case .jpeg(let jpeg): (jpeg.width, jpeg.height, jpeg.orientation)
    case .png(let png): (png.width, png.height, png.orientation)
    case .webp(let webp): (webp.width, webp.height, webp.orientation)
    }
  }

  /// Decodes and turns the photo.
  ///
  /// With `atLeast`, a JPEG is decoded at the smallest of 1, 1/2, 1/4 and 1/8 of its size that is
  /// still that large (as it is seen): many times cheaper for photos far larger than their use.
  package func decoded(
    atLeast: (width: Int, height: Int)? = nil
  ) throws(ImageProblem) -> PixelImage {
    switch file {
    case .jpeg(let jpeg):
      try jpeg.pixels(reduction: reduction(atLeast: atLeast)).turned(jpeg.orientation)
    case .png(let png): try png.pixels().turned(png.orientation)
    case .webp(let webp): try webp.pixels().turned(webp.orientation)
    }
  }

  private func reduction(atLeast: (width: Int, height: Int)?) -> Int {
    guard let atLeast else { return 1 }
    return [8, 4, 2].first {
      (width + $0 - 1) / $0 >= atLeast.width && (height + $0 - 1) / $0 >= atLeast.height
    } ?? 1
  }
}

extension PixelImage {
  /// The same photo, turned; itself where it stands upright.
  func turned(_ orientation: Orientation) -> PixelImage {
    if orientation == .upright { return self }
    let isSideways = orientation.isSideways
    let result = PixelImage(
      width: isSideways ? height : width, height: isSideways ? width : height,
      originalWidth: isSideways ? originalHeight : originalWidth,
      originalHeight: isSideways ? originalWidth : originalHeight)
    apus_turn_rgb(
      bytes.bindMemory(to: UInt8.self).baseAddress, width, height, Int32(orientation.code),
      result.bytesForFilling.bindMemory(to: UInt8.self).baseAddress)
    return result
  }
}
