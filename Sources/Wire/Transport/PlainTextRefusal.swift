package import NIOCore

/// Looks at a connection's first byte, before TLS does: whoever does not speak TLS is told that this
/// port does. Steps aside as soon as it sees TLS.
///
/// In HTTP/1.1 also to clients of HTTP/2: those of gRPC know such an answer and show its status, and
/// come back ever more slowly. After SETTINGS and GOAWAY they would at once.
final class PlainTextRefusal: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private var isRefused = false

  /// How long a client may take to read why.
  private static let lingerSeconds: Int64 = 1
  /// The type of a handshake's record, RFC 8446, 5.1.
  private static let handshakeRecord: UInt8 = 22

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    guard !isRefused else { return }
    let bytes = unwrapInboundIn(data)
    guard bytes.getInteger(at: bytes.readerIndex) == Self.handshakeRecord else {
      refuse(context)
      return
    }
    context.fireChannelRead(data)
    context.pipeline.syncOperations.removeHandler(self, promise: nil)
  }

  private func refuse(_ context: ChannelHandlerContext) {
    isRefused = true
    let answer = PlainAnswer.http1(
      status: "400 Bad Request", "this port speaks TLS, and what came was not encrypted")
    context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
    // What is still on its way from the client would make the system drop our answer, were all closed.
    context.close(mode: .output, promise: nil)
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    context.eventLoop.scheduleTask(in: .seconds(Self.lingerSeconds)) {
      bound.value.close(promise: nil)
    }
  }
}

/// Answers in HTTP/1.1 to clients that came to the wrong port.
package enum PlainAnswer {
  /// A whole answer after which the connection closes.
  ///
  /// - Parameters:
  ///   - status: code and phrase.
  ///   - text: one line for people.
  package static func http1(status: String, _ text: String) -> ByteBuffer {
    ByteBuffer(
      string: "HTTP/1.1 \(status)\r\nContent-Type: text/plain; charset=utf-8\r\n"
        + "Content-Length: \(text.utf8.count + 1)\r\nConnection: close\r\n\r\n\(text)\n")
  }
}
