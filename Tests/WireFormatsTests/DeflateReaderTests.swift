import Testing

@testable import WireFormats

/// Streams that zlib has made, and what they were made of.
@Suite struct DeflateReaderTests {
  private static let letters = Array("abcabcabcabcabcabcabcabc".utf8)
  private static let fives = letters + (0..<16).map { UInt8($0 * 5) }
  /// Runs of seven letters, 600 in all.
  private static let runs = (0..<200).flatMap { index in
    [UInt8](repeating: 97 + UInt8(index * index % 7), count: index % 5 + 1)
  }
  private static let stored: [UInt8] =
    [1, 20, 0, 235, 255] + letters[..<20]
  private static let fixed: [UInt8] = [
    75, 76, 74, 78, 196, 134, 24, 88, 185, 248, 69, 36, 229, 148, 53, 116, 141, 204, 109, 28, 221,
    188, 1,
  ]
  private static let dynamic: [UInt8] = [
    237, 141, 193, 13, 0, 32, 12, 2, 103, 229, 12, 251, 175, 160, 37, 181, 75, 40, 143, 38, 208,
    35, 8, 108, 175, 43, 131, 36, 72, 154, 252, 220, 178, 42, 49, 100, 190, 132, 244, 244, 67, 170,
    251, 120, 192, 88, 253, 161, 151, 134, 54,
  ]
  private static let streams: [(packed: [UInt8], plain: [UInt8])] = [
    (stored, Array(letters[..<20])), (fixed, fives), (dynamic, runs),
    // An empty stored block before the last one, as a flush leaves it.
    ([0, 0, 0, 255, 255] + stored, Array(letters[..<20])),
  ]

  /// `nil` where the stream is none.
  private func unpack(_ packed: [UInt8], _ byteCount: Int) -> [UInt8]? {
    packed.withUnsafeBytes { try? DeflateReader.unpack($0, byteCount: byteCount) }
  }

  @Test(arguments: streams)
  func `becomes what it was, and nothing longer or shorter`(packed: [UInt8], plain: [UInt8]) {
    #expect(unpack(packed, plain.count) == plain)
    #expect(unpack(packed, plain.count - 1) == nil)
    #expect(unpack(packed, plain.count + 1) == nil)
  }

  @Test(arguments: streams)
  func `a stream that was cut is none`(packed: [UInt8], plain: [UInt8]) {
    for count in 0..<packed.count {
      #expect(unpack(Array(packed.prefix(count)), plain.count) == nil)
    }
  }

  @Test(arguments: streams)
  func `whatever bit is wrong, it ends and gives no more than was asked`(
    packed: [UInt8], plain: [UInt8]
  ) {
    for bit in 0..<packed.count * 8 {
      var broken = packed
      broken[bit / 8] ^= 1 << UInt8(bit % 8)
      if let bytes = unpack(broken, plain.count) { #expect(bytes.count == plain.count) }
    }
  }

  @Test(
    arguments: [
      // The reserved kind of block; a length without its complement; a copy of what is not there yet.
      [7], [1, 1, 0, 0, 0, 65], [3, 2, 0], [75, 4, 18, 0],
    ] as [[UInt8]])
  func `what the format does not allow is refused`(packed: [UInt8]) {
    for count in 0..<8 { #expect(unpack(packed, count) == nil) }
  }
}
