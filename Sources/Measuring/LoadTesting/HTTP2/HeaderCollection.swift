/// The header block of one call, whose parts come in a HEADERS frame and CONTINUATION frames that
/// nothing may stand between (RFC 9113, 4.3).
struct HeaderCollection {
  /// Of a block, at most; what gRPC's servers say is a hundred.
  static let byteCountMax = 64 << 10

  let stream: UInt32
  let isEndOfCall: Bool
  private(set) var block: [UInt8]

  init(_ head: HTTP2Frame.Head, _ fragment: UnsafeRawBufferPointer) {
    stream = head.stream
    isEndOfCall = head.has(HTTP2Frame.Flag.endStream)
    block = Array(fragment)
  }

  /// False where the block becomes too long; parts without anything count as if they had some.
  mutating func append(_ fragment: UnsafeRawBufferPointer) -> Bool {
    guard !fragment.isEmpty, block.count + fragment.count <= Self.byteCountMax else { return false }
    block.append(contentsOf: fragment)
    return true
  }

  /// What a HEADERS frame has of a block, without its padding and priority; `nil` where there is more
  /// padding than frame.
  static func fragment(
    _ head: HTTP2Frame.Head, _ payload: UnsafeRawBufferPointer
  ) -> UnsafeRawBufferPointer? {
    var start = 0
    var end = payload.count
    if head.has(HTTP2Frame.Flag.padded) {
      guard let padding = payload.first else { return nil }
      start += 1
      end -= Int(padding)
    }
    if head.has(HTTP2Frame.Flag.priority) { start += 5 }
    return start <= end ? UnsafeRawBufferPointer(rebasing: payload[start..<end]) : nil
  }
}
