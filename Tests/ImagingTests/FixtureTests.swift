import Imaging
import Inference
import PhotoSamples
import Testing

/// A photo and the pixels that Pillow sees in it.
struct SeenPhoto: Sendable, CustomTestStringConvertible {
  let name: String
  let width: Int
  let height: Int
  let pixels: [UInt8]

  var testDescription: String { name }

  static let all = lines(of: "expected.txt").map { fields in
    SeenPhoto(
      name: fields[0], width: Int(fields[1])!, height: Int(fields[2])!, pixels: bytes(fields[3]))
  }

  static func lines(of file: String) -> [[String]] {
    String(decoding: PhotoSamples.fixture(file), as: UTF8.self).split(separator: "\n")
      .map { $0.split(separator: " ").map(String.init) }
  }

  static func bytes(_ hex: String) -> [UInt8] {
    let digits = Array(hex.utf8).map { UInt8($0 > 57 ? $0 - 87 : $0 - 48) }
    return stride(from: 0, to: digits.count, by: 2).map { digits[$0] << 4 | digits[$0 + 1] }
  }
}

func decode(
  _ file: [UInt8], limits: ImageLimits = ImageLimits(), atLeast: (width: Int, height: Int)? = nil
) throws(ImageProblem) -> PixelImage {
  let storage = TensorStorage(byteCount: file.count)
  file.withUnsafeBytes { storage.hostBytesForFilling!.copyMemory(from: $0) }
  return try EncodedImage(storage.hostBytes!, limits: limits).decoded(atLeast: atLeast)
}

func largestDifference(_ left: some Sequence<UInt8>, _ right: some Sequence<UInt8>) -> Int {
  zip(left, right).map { abs(Int($0) - Int($1)) }.max() ?? 0
}

@Suite struct FixtureTests {
  @Test(arguments: SeenPhoto.all)
  func `a photo has the pixels that Pillow sees in it`(_ photo: SeenPhoto) throws {
    let image = try decode(PhotoSamples.fixture(photo.name))
    #expect(image.width == photo.width && image.height == photo.height)
    #expect(image.originalWidth == photo.width && image.originalHeight == photo.height)
    #expect(image.bytes.count == photo.pixels.count)
    // Pillow's own releases of libjpeg and libwebp may round a unit differently.
    let tolerance = photo.name.hasSuffix(".png") ? 0 : photo.name.hasSuffix(".webp") ? 2 : 1
    #expect(largestDifference(image.bytes, photo.pixels) <= tolerance)
  }

  @Test func `an animation is refused`() {
    #expect(
      throws: ImageProblem.unsupported(
        format: "WebP", reason: "an animation is not one photo")
    ) {
      try decode(PhotoSamples.fixture("animation.webp"))
    }
  }

  @Test(arguments: ["", "GIF89a...........", "hello", "\u{0}\u{1}", "RIFF....WAVE"])
  func `bytes of no known format are not an image`(_ text: String) {
    #expect(throws: ImageProblem.notAnImage) { try decode(Array(text.utf8)) }
  }

  @Test(arguments: [
    "colour-420.jpg", "progressive.jpg", "rgb8.png", "interlaced.png",
    "lossless.webp", "lossy.webp", "cmyk.jpg", "palette.png",
  ])
  func `half a photo is truncated, wherever it is cut`(_ name: String) {
    let file = PhotoSamples.fixture(name)
    // The last bytes of a PNG are its end chunk and the pixels' checksums, which tell nothing.
    let end = name.hasSuffix(".png") ? file.count - 20 : file.count
    var refused = 0
    for count in 12..<end {
      do {
        _ = try decode(Array(file.prefix(count)))
        Issue.record("\(name) cut at \(count) of \(file.count) was decoded")
      } catch { refused += 1 }
    }
    #expect(refused == end - 12)
    #expect(
      throws: ImageProblem.truncated(
        format: name.hasSuffix(".jpg") ? "JPEG" : name.hasSuffix(".png") ? "PNG" : "WebP")
    ) {
      try decode(Array(file.prefix(file.count * 3 / 4)))
    }
  }

  @Test(arguments: SeenPhoto.all)
  func `a damaged photo is decoded or refused, and nothing else happens`(_ photo: SeenPhoto) {
    let original = PhotoSamples.fixture(photo.name)
    var random = SeededRandom(seed: 42)
    for _ in 0..<300 {
      var file = original
      for _ in 0..<Int.random(in: 1...4, using: &random) {
        file[Int.random(in: 0..<file.count, using: &random)] = .random(in: 0...255, using: &random)
      }
      // Limits as tight as the fixtures, so that a damaged size is refused before memory is taken.
      let limits = ImageLimits(pixelsMax: 10_000)
      if let image = try? decode(file, limits: limits) {
        #expect(image.width * image.height <= limits.pixelsMax)
      }
    }
  }
}

/// SplitMix64: the same numbers on every run.
struct SeededRandom: RandomNumberGenerator {
  private var state: UInt64

  init(seed: UInt64) { state = seed }

  mutating func next() -> UInt64 {
    state &+= 0x9E37_79B9_7F4A_7C15
    var mixed = state
    mixed = (mixed ^ (mixed >> 30)) &* 0xBF58_476D_1CE4_E5B9
    mixed = (mixed ^ (mixed >> 27)) &* 0x94D0_49BB_1331_11EB
    return mixed ^ (mixed >> 31)
  }
}
