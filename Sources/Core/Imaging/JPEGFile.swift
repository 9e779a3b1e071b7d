import CImaging
package import Inference
import Kernels

/// A JPEG whose header was read and found within the limits.
struct JPEGFile {
  /// Size in the file, before turning.
  let width: Int
  let height: Int
  let orientation: Orientation
  private let bytes: UnsafeRawBufferPointer
  private let isFourColour: Bool
  private let library: TurboJPEG

  private static let format = ImageFormat.jpeg.name
  /// Cameras and web tools write about ten.
  private static let scansMax = 100

  init(_ bytes: UnsafeRawBufferPointer, limits: ImageLimits) throws(ImageProblem) {
    let library = try TurboJPEG.shared()
    let markers = JPEGMarkers(bytes)
    let header = try Self.header(of: bytes, markers: markers, library: library)
    // A progressive photo is kept as coefficients of 2 bytes beside its pixels, which may be turned.
    let channels = header.isFourColour ? 4 : 3
    let bytesPerPixel = channels * (markers.isProgressive ? 3 : 1) + 3
    try limits.check(
      width: header.width, height: header.height, bytesPerPixel: bytesPerPixel, format: .jpeg)
    guard markers.hasEnd, markers.mayHold(pixelCount: header.width * header.height) else {
      throw .truncated(format: Self.format)
    }
    if markers.isProgressive, markers.scanCount(limit: Self.scansMax + 1) > Self.scansMax {
      throw .unsupported(format: Self.format, reason: "more than \(Self.scansMax) scans")
    }
    self.bytes = bytes
    self.library = library
    width = header.width
    height = header.height
    isFourColour = header.isFourColour
    orientation = markers.orientation
  }

  private static func header(
    of bytes: UnsafeRawBufferPointer, markers: JPEGMarkers, library: TurboJPEG
  ) throws(ImageProblem) -> (width: Int, height: Int, isFourColour: Bool) {
    var width: Int32 = 0
    var height: Int32 = 0
    var sampling: Int32 = 0
    var colourspace: Int32 = -1
    return try library.withDecompressor { handle throws(ImageProblem) in
      let status = library.decompressHeader(
        handle, bytes.bindMemory(to: UInt8.self).baseAddress, UInt(bytes.count), &width, &height,
        &sampling, &colourspace)
      // With chroma sampling that it has no name for it fails, yet has read the header and can
      // decode the photo.
      guard status == 0 || (width > 0 && height > 0 && colourspace >= 0) else {
        throw markers.hasEnd
          ? problem(library.complaint(of: handle)) : .truncated(format: format)
      }
      let isFourColour =
        colourspace == Int32(apus_tj_colourspace_cmyk)
        || colourspace == Int32(apus_tj_colourspace_ycck)
      return (Int(width), Int(height), isFourColour)
    }
  }

  /// Decodes at 1/`reduction` (1, 2, 4 or 8) of the size, rounded up, not yet turned.
  func pixels(reduction: Int) throws(ImageProblem) -> PixelImage {
    let image = PixelImage(
      width: (width + reduction - 1) / reduction, height: (height + reduction - 1) / reduction,
      originalWidth: width, originalHeight: height)
    if isFourColour {
      let inks = TensorStorage(byteCount: image.width * image.height * 4)
      try decompress(
        into: inks.hostBytesForFilling, width: image.width, height: image.height,
        format: Int32(apus_tj_pixel_cmyk))
      apus_rgb_from_inverted_cmyk(
        inks.hostBytes?.bindMemory(to: UInt8.self).baseAddress, image.width * image.height,
        image.bytesForFilling.bindMemory(to: UInt8.self).baseAddress)
    } else {
      try decompress(
        into: image.bytesForFilling, width: image.width, height: image.height,
        format: Int32(apus_tj_pixel_rgb))
    }
    return image
  }

  private func decompress(
    into pixels: UnsafeMutableRawBufferPointer?, width: Int, height: Int, format: Int32
  ) throws(ImageProblem) {
    try library.withDecompressor { handle throws(ImageProblem) in
      let status = library.decompress(
        handle, bytes.bindMemory(to: UInt8.self).baseAddress, UInt(bytes.count),
        pixels?.bindMemory(to: UInt8.self).baseAddress, Int32(width), 0, Int32(height), format,
        Int32(apus_tj_flag_accurate_dct) | Int32(apus_tj_flag_limit_scans))
      guard status != 0 else { return }
      let complaint = library.complaint(of: handle)
      if library.isWarning(of: handle), Self.isHarmless(complaint) { return }
      throw Self.problem(complaint)
    }
  }

  /// Bytes between segments, or odd header fields, do not touch the pixels.
  private static func isHarmless(_ complaint: String) -> Bool {
    complaint.contains("extraneous bytes") || complaint.contains("Adobe")
      || complaint.contains("JFIF") || complaint.contains("SOS parameters")
  }

  /// The library says what is wrong only in words; these are libjpeg's, unchanged for decades.
  private static func problem(_ complaint: String) -> ImageProblem {
    if complaint.lowercased().contains("premature end") || complaint.contains("input file is empty")
    {
      return .truncated(format: format)
    }
    if complaint.contains("Unsupported") || complaint.contains("Sorry")
      || complaint.contains("not supported") || complaint.contains("Cannot")
    {
      return .unsupported(format: format, reason: complaint)
    }
    return .corrupt(format: format, reason: complaint)
  }
}

extension PixelImage {
  /// The pixels as a baseline JPEG; `quality` 1 to 100.
  package func jpeg(quality: Int = 90) throws(ImageProblem) -> [UInt8] {
    let library = try TurboJPEG.shared()
    return try library.withCompressor { handle throws(ImageProblem) in
      var buffer: UnsafeMutablePointer<UInt8>?
      var byteCount: UInt = 0
      defer { library.freeBuffer(buffer) }
      let status = library.compress(
        handle, bytes.bindMemory(to: UInt8.self).baseAddress, Int32(width), 0, Int32(height),
        Int32(apus_tj_pixel_rgb), &buffer, &byteCount, Int32(apus_tj_sampling_420),
        Int32(quality), 0)
      guard status == 0 else {
        throw .unsupported(
          format: ImageFormat.jpeg.name, reason: library.complaint(of: handle))
      }
      return Array(UnsafeRawBufferPointer(start: buffer, count: Int(byteCount)))
    }
  }
}
