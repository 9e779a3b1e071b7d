import NIOCore
import NIOEmbedded
import Testing

@testable import Transport

@Suite struct PlainTextRefusalTests {
  private func channel() throws -> EmbeddedChannel {
    let channel = EmbeddedChannel(handler: PlainTextRefusal())
    try channel.connect(to: try SocketAddress(ipAddress: "127.0.0.1", port: 1)).wait()
    return channel
  }

  private func answer(to pieces: [String]) throws -> [UInt8] {
    let channel = try channel()
    for piece in pieces where channel.isActive {
      try channel.writeInbound(ByteBuffer(string: piece))
      #expect(try channel.readInbound(as: ByteBuffer.self) == nil)
    }
    return try channel.readOutbound(as: ByteBuffer.self).map { Array($0.readableBytesView) } ?? []
  }

  @Test func `lets TLS pass and steps aside`() throws {
    let channel = try channel()
    let hello = ByteBuffer(bytes: [22, 3, 1, 0, 200])
    try channel.writeInbound(hello)
    #expect(try channel.readInbound(as: ByteBuffer.self) == hello)
    // Bytes that are no beginning are none of its business.
    try channel.writeInbound(ByteBuffer(string: "GET / HTTP/1.1"))
    #expect(try channel.readInbound(as: ByteBuffer.self) != nil)
    #expect(try channel.readOutbound(as: ByteBuffer.self) == nil)
    _ = try channel.finish()
  }

  @Test(arguments: [
    ["GET / HTTP/1.1\r\n\r\n"], ["P", "O", "ST /"], ["PRI * HTTP/2.0\r\n\r\n"], ["\0\0"],
  ])
  func `tells everybody else that this is TLS`(_ pieces: [String]) throws {
    let text = String(decoding: try answer(to: pieces), as: UTF8.self)
    #expect(text.hasPrefix("HTTP/1.1 400 Bad Request\r\n"))
    #expect(text.hasSuffix("\r\n\r\nthis port speaks TLS, and what came was not encrypted\n"))
  }
}
