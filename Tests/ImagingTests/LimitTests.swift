import Imaging
import Inference
import PhotoSamples
import Testing

@Suite struct LimitTests {
  /// A PNG whose header declares a size that its few bytes do not hold.
  private func png(width: UInt32, height: UInt32) -> [UInt8] {
    var file = PhotoSamples.fixture("rgb8.png")
    withUnsafeBytes(of: width.bigEndian) { file.replaceSubrange(16..<20, with: $0) }
    withUnsafeBytes(of: height.bigEndian) { file.replaceSubrange(20..<24, with: $0) }
    return file
  }

  @Test func `a PNG of 50,000 by 50,000 is refused by its header`() {
    #expect(
      throws: ImageProblem.tooManyPixels(
        width: 50_000, height: 50_000, pixelsMax: 100_000_000)
    ) {
      try decode(png(width: 50_000, height: 50_000))
    }
  }

  @Test func `a size that overflows is too many pixels`() {
    #expect(throws: ImageProblem.self) { try decode(png(width: .max, height: .max)) }
  }

  @Test func `a size of 0 is corrupt`() {
    #expect(throws: ImageProblem.corrupt(format: "PNG", reason: "width or height is 0")) {
      try decode(png(width: 0, height: 4))
    }
  }

  @Test func `a photo of a thousand pixels more on one side than any format has is refused`() {
    #expect(
      throws: ImageProblem.unsupported(
        format: "PNG", reason: "a side is longer than 65535 pixels")
    ) {
      try decode(png(width: 66_535, height: 1))
    }
  }

  @Test(arguments: ["colour-420.jpg", "rgb8.png", "lossless.webp"])
  func `a photo over the limit is refused, one at the limit is decoded`(_ name: String) throws {
    let file = PhotoSamples.fixture(name)
    #expect(throws: ImageProblem.tooManyPixels(width: 13, height: 9, pixelsMax: 116)) {
      try decode(file, limits: ImageLimits(pixelsMax: 116))
    }
    #expect(try decode(file, limits: ImageLimits(pixelsMax: 117)).width == 13)
  }

  @Test(arguments: ["colour-420.jpg", "progressive.jpg", "rgb8.png", "lossless.webp"])
  func `a photo that needs more memory than allowed is refused`(_ name: String) {
    #expect(throws: ImageProblem.self) {
      try decode(PhotoSamples.fixture(name), limits: ImageLimits(workingBytesMax: 600))
    }
  }

  @Test func `a progressive JPEG of many scans is refused`() {
    var file = PhotoSamples.fixture("progressive.jpg")
    let emptyScan: [UInt8] = [0xFF, 0xDA, 0, 8, 1, 1, 0, 0, 0, 0]
    let end = file.suffix(2)
    file.removeLast(2)
    for _ in 0..<200 { file += emptyScan }
    file += end
    #expect(throws: ImageProblem.unsupported(format: "JPEG", reason: "more than 100 scans")) {
      try decode(file)
    }
  }

  @Test func `a JPEG that declares far more pixels than its bytes can hold is truncated`() {
    var file = PhotoSamples.fixture("colour-420.jpg")
    let frame = file.indices.first { file[$0] == 0xFF && file[$0 + 1] == 0xC0 }!
    file.replaceSubrange(frame + 5..<frame + 9, with: [0x20, 0, 0x20, 0])
    #expect(throws: ImageProblem.truncated(format: "JPEG")) { try decode(file) }
  }

  @Test func `a chunk longer than allowed is passed over`() throws {
    let text = [UInt8](repeating: 65, count: 9 << 20)
    let file = photo(withChunk: Array("tEXt".utf8) + text)
    #expect(try decode(file).width == 13)
  }

  @Test func `a chunk that unpacks to more than allowed is refused`() throws {
    let file = photo(withChunk: Array("zTXtkey\0\0".utf8) + zeros(byteCount: 64 << 20))
    #expect(file.count < 1 << 20)
    let problem = #expect(throws: ImageProblem.self) { try decode(file) }
    guard case .corrupt(format: "PNG", _) = problem else {
      Issue.record("\(String(describing: problem))")
      return
    }
  }

  private func photo(withChunk body: [UInt8]) -> [UInt8] {
    var file = PhotoSamples.fixture("rgb8.png")
    let length = withUnsafeBytes(of: UInt32(body.count - 4).bigEndian) { Array($0) }
    let checksum = withUnsafeBytes(of: crc32(body).bigEndian) { Array($0) }
    file.insert(contentsOf: length + body + checksum, at: 33)
    return file
  }

  /// A zlib stream (RFC 1950, 1951) of zeros: one, and then copies of it, 258 in 13 bits.
  private func zeros(byteCount: Int) -> [UInt8] {
    var stream: [UInt8] = [0x78, 0x9C]
    var pending: UInt32 = 0
    var pendingCount: UInt32 = 0
    func put(_ bits: UInt32, count: UInt32) {
      pending |= bits << pendingCount
      pendingCount += count
      while pendingCount >= 8 {
        stream.append(UInt8(truncatingIfNeeded: pending))
        pending >>= 8
        pendingCount -= 8
      }
    }
    put(0b011, count: 3)
    put(0b0000_1100, count: 8)
    for _ in 0..<byteCount / 258 { put(0b0_0000_1010_0011, count: 13) }
    put(0, count: 15)
    return stream
  }

  /// The checksum of PNG chunks, ISO 3309.
  private func crc32(_ bytes: [UInt8]) -> UInt32 {
    var checksum = UInt32.max
    for byte in bytes {
      checksum ^= UInt32(byte)
      for _ in 0..<8 {
        let isOdd = checksum & 1 == 1
        checksum >>= 1
        if isOdd { checksum ^= 0xEDB8_8320 }
      }
    }
    return ~checksum
  }
}
