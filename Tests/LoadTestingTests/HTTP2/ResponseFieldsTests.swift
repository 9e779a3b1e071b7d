import Testing

@testable import LoadTesting

@Suite struct ResponseFieldsTests {
  private func read(_ block: [UInt8]) -> ResponseFields? {
    block.withUnsafeBytes { ResponseFields($0) }
  }

  @Test func `reads a status by its place in the table`() {
    #expect(read([0x88])?.status == 200)
    #expect(read([0x8D])?.status == 404)
  }

  @Test func `reads what RFC 7541 packs in C 6 1`() {
    // :status 302, cache-control private, date ..., location https://www.example.com
    let block: [UInt8] = [
      0x48, 0x82, 0x64, 0x02, 0x58, 0x85, 0xAE, 0xC3, 0x77, 0x1A, 0x4B, 0x61, 0x96, 0xD0, 0x7A,
      0xBE, 0x94, 0x10, 0x54, 0xD4, 0x44, 0xA8, 0x20, 0x05, 0x95, 0x04, 0x0B, 0x81, 0x66, 0xE0,
      0x82, 0xA6, 0x2D, 0x1B, 0xFF, 0x6E, 0x91, 0x9D, 0x29, 0xAD, 0x17, 0x18, 0x63, 0xC7, 0x8F,
      0x0B, 0x97, 0xC8, 0xE9, 0xAE, 0x82, 0xAE, 0x43, 0xD3,
    ]
    #expect(read(block)?.status == 302)
  }

  /// RFC 7541, C.4.1 and C.6.1.
  private static let packedTexts: [String: [UInt8]] = [
    "www.example.com": [
      0xF1, 0xE3, 0xC2, 0xE5, 0xF2, 0x3A, 0x6B, 0xA0, 0xAB, 0x90, 0xF4, 0xFF,
    ],
    "no-cache": [0xA8, 0xEB, 0x10, 0x64, 0x9C, 0xBF],
    "private": [0xAE, 0xC3, 0x77, 0x1A, 0x4B],
    "Mon, 21 Oct 2013 20:13:21 GMT": [
      0xD0, 0x7A, 0xBE, 0x94, 0x10, 0x54, 0xD4, 0x44, 0xA8, 0x20, 0x05, 0x95, 0x04, 0x0B, 0x81,
      0x66, 0xE0, 0x82, 0xA6, 0x2D, 0x1B, 0xFF,
    ],
    "https://www.example.com": [
      0x9D, 0x29, 0xAD, 0x17, 0x18, 0x63, 0xC7, 0x8F, 0x0B, 0x97, 0xC8, 0xE9, 0xAE, 0x82, 0xAE,
      0x43, 0xD3,
    ],
    "": [],
  ]

  @Test(arguments: packedTexts) func `unpacks texts`(text: String, packed: [UInt8]) {
    let bytes = packed.withUnsafeBytes { HuffmanText.decode($0, byteCountMax: 64) }
    #expect(bytes.map { String(decoding: $0, as: UTF8.self) } == text)
  }

  /// The end's own code; eight ones too many; zeros as filling; a code that is cut off.
  private static let packedWrongly: [[UInt8]] = [
    [0xFF, 0xFF, 0xFF, 0xFF], [0xA8, 0xEB, 0x10, 0x64, 0x9C, 0xBF, 0xFF], [0xC0], [0xFF, 0xC0],
  ]

  @Test(arguments: packedWrongly) func `refuses what is packed wrongly`(packed: [UInt8]) {
    #expect(packed.withUnsafeBytes { HuffmanText.decode($0, byteCountMax: 64) } == nil)
  }

  @Test func `unpacks no more than it was told to`() {
    // Five bits of zeros are a 0: many of them.
    let packed = [UInt8](repeating: 0, count: 1_000)
    #expect(packed.withUnsafeBytes { HuffmanText.decode($0, byteCountMax: 100) } == nil)
    #expect(packed.withUnsafeBytes { HuffmanText.decode($0, byteCountMax: 1_600)?.count } == 1_600)
  }

  @Test func `reads trailers, whatever stands between them`() {
    var block = ScriptedServer.field("x-other", "1") + ScriptedServer.field("grpc-status", "14")
    // To be kept in a table, and never to be.
    var indexed = ScriptedServer.field("a", "b")
    indexed[0] = 0x40
    var secret = ScriptedServer.field("grpc-message", "too%20many%21 %zz")
    secret[0] = 0x10
    block += indexed + secret
    let fields = read(block)
    #expect(fields?.grpcStatus == 14)
    #expect(fields?.grpcMessage == "too many! %zz")
    #expect(fields?.status == nil)
  }

  @Test func `takes names that are packed`() {
    // grpc-status, as its letters' codes are put together.
    let name: [UInt8] = [0x9A, 0xCA, 0xC8, 0xB2, 0x12, 0x34, 0xDA, 0x8F]
    let block: [UInt8] = [0, 0x88] + name + [1, UInt8(ascii: "5")]
    #expect(read(block)?.grpcStatus == 5)
  }

  @Test(arguments: ["", "abc", "12x", "1234", "-1"])
  func `says that a status is no number`(text: String) {
    #expect(read(ScriptedServer.field("grpc-status", text))?.grpcStatus == -1)
    #expect(read(ScriptedServer.field(":status", text)) == nil)
  }

  @Test func `cuts a long message`() {
    let long: [UInt8] = [0, 12] + Array("grpc-message".utf8) + [0x7F, 0x81, 0x0E]
    let text = [UInt8](repeating: UInt8(ascii: "a"), count: 127 + 1 + 14 * 128)
    #expect(read(long + text)?.grpcMessage.count == 1_024)
  }

  private static let broken: [[UInt8]] = [
    // No field 0; a field of a table that was not allowed, by itself or as a name; a table that is.
    [0x80], [0xBE], [0x7E, 1, 65], [0x3F, 0x10], [0x21],
    // A new size behind a field; a length that is cut off, has no end, or goes beyond the block.
    [0x88, 0x20], [0xFF], [0xFF, 0x80, 0x80, 0x80, 0x80, 0x80, 0x01], [0, 5, 65], [0, 1, 65], [0],
    [0, 1, 65, 0x7F, 0xFF, 0xFF, 0xFF, 0x7F],
  ]

  @Test(arguments: broken) func `refuses what is no block`(block: [UInt8]) {
    #expect(read(block) == nil)
  }

  @Test func `takes the word that there is no table`() {
    #expect(read([0x20, 0x88])?.status == 200)
  }
}
