import NIOCore

/// What the front sends back for one request, before its head is written.
struct Answer: Sendable {
  var status: Int
  var contentType: StaticString?
  /// Where the type is not known when the program is compiled.
  var ownContentType: String?
  /// Further headers, whose names and values are ours or were checked.
  var headers: [(name: String, value: String)] = []
  /// The body, or its first part, with `AnswerHead.room` bytes free before it.
  var body: ByteBuffer
  /// Further parts, sent as they lie in memory.
  var tail: [ByteBuffer] = []
  /// Whether packing may make it smaller; photos are packed already.
  var isCompressible = true

  static let json: StaticString = "application/json"

  init(status: Int, contentType: StaticString?, body: ByteBuffer) {
    self.status = status
    self.contentType = contentType
    self.body = body
  }

  /// An answer that copies `bytes`; for small documents.
  init(status: Int, contentType: StaticString?, bytes: some Collection<UInt8>) {
    var body = AnswerHead.buffer(capacity: bytes.count)
    body.writeBytes(bytes)
    self.init(status: status, contentType: contentType, body: body)
  }

  /// An answer without a body.
  init(status: Int) {
    self.init(status: status, contentType: nil, body: AnswerHead.buffer(capacity: 0))
  }

  /// Copies small further parts behind the first: each part more costs the system more than that.
  mutating func joinSmallTail() {
    guard !tail.isEmpty else { return }
    let byteCount = tail.reduce(0) { $0 + $1.readableBytes }
    guard byteCount <= Self.joinedBytesMax else { return }
    body.reserveCapacity(minimumWritableBytes: byteCount)
    for var part in tail { body.writeBuffer(&part) }
    tail = []
  }

  private static let joinedBytesMax = 4_096

  var bodyByteCount: Int { tail.reduce(body.readableBytes) { $0 + $1.readableBytes } }
}
