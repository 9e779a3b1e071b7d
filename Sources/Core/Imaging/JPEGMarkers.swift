/// What the markers of a JPEG say that its library does not tell: ISO/IEC 10918-1, annex B.
struct JPEGMarkers {
  private(set) var orientation = Orientation.upright
  private(set) var isProgressive = false
  private var isHuffmanSequential = false
  /// First byte after the header of the first scan; `nil` where there is none.
  private(set) var scanOffset: Int?
  private let view: ByteView

  private enum Marker {
    static let huffmanSequentialFrame = [0xC0, 0xC1]
    static let progressiveFrame = [0xC2, 0xC6, 0xCA, 0xCE]
    static let restarts = 0xD0...0xD7
    static let start = 0xD8
    static let end = 0xD9
    static let scan = 0xDA
    static let exif = 0xE1
    static let alone = 0x01
  }

  init(_ bytes: UnsafeRawBufferPointer) {
    view = ByteView(bytes: bytes)
    var offset = 2
    while let segment = nextSegment(from: offset) {
      read(segment)
      if scanOffset != nil { return }
      offset = segment.end
    }
  }

  private struct Segment {
    let marker: Int
    /// First byte after the length.
    let start: Int
    let end: Int
  }

  private func nextSegment(from start: Int) -> Segment? {
    var offset = start
    // Like the library, pass over what is no marker and over fill bytes.
    while let byte = view.byte(at: offset), let marker = view.byte(at: offset + 1) {
      guard byte == 0xFF, marker != 0xFF, marker != 0 else {
        offset += 1
        continue
      }
      if marker == Marker.end { return nil }
      if marker == Marker.start || marker == Marker.alone || Marker.restarts.contains(marker) {
        offset += 2
        continue
      }
      guard let length = view.uint16(at: offset + 2, isBigEndian: true), length >= 2 else {
        return nil
      }
      return Segment(marker: marker, start: offset + 4, end: offset + 2 + length)
    }
    return nil
  }

  private mutating func read(_ segment: Segment) {
    switch segment.marker {
    case Marker.exif where view.has("Exif\0\0", at: segment.start):
      let tiff = view.part(
        from: segment.start + 6, length: segment.end - segment.start - 6)
      orientation = Orientation(tiff: tiff)
    case Marker.scan:
      scanOffset = segment.end
    case let marker where Marker.progressiveFrame.contains(marker):
      isProgressive = true
    case let marker where Marker.huffmanSequentialFrame.contains(marker):
      isHuffmanSequential = true
    default: break
    }
  }

  /// Whether an end marker follows the first scan. In coded pixels 0xFF is followed by 0 or a restart
  /// marker, so what looks like the end is one, unless it lies in a thumbnail before the scan.
  var hasEnd: Bool {
    guard let scanOffset else { return false }
    var offset = view.count - 2
    while offset >= scanOffset {
      if view.bytes[offset] == 0xFF, view.bytes[offset + 1] == UInt8(Marker.end) { return true }
      offset -= 1
    }
    return false
  }

  /// Whether the coded bytes could hold that many pixels at all. Sequential coding spends at least a
  /// bit each on the mean and on the rest of 64 pixels, so a few bytes behind a header that declares
  /// megapixels need not be decoded to be known as cut.
  func mayHold(pixelCount: Int) -> Bool {
    guard isHuffmanSequential, let scanOffset else { return true }
    return (view.count - scanOffset) * 256 >= pixelCount
  }

  /// Scans in the file, counted no further than `limit`. Each pass of a progressive photo goes over
  /// all of its coefficients, so a few kilobytes of empty scans could cost minutes.
  func scanCount(limit: Int) -> Int {
    guard var offset = scanOffset else { return 0 }
    var count = 1
    while count < limit, offset < view.count - 1 {
      if view.bytes[offset] == 0xFF, view.bytes[offset + 1] == UInt8(Marker.scan) { count += 1 }
      offset += 1
    }
    return count
  }
}
