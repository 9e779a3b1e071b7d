import NIOCore
import NIOHTTP2
import Transport

/// The handlers of a connection, outermost first: ours, which takes tensors out, NIO's HTTP/2 for frames, header compression, stream
/// states and sending windows, then our connection.
///
/// There is no channel for each call, which NIO's multiplexer would make: our connection takes the
/// frames of all of them.
enum GRPCPipeline {
  static func install(
    on handlers: ChannelPipeline.SynchronousOperations, front: GRPCLoop, isEncrypted: Bool
  ) throws {
    let connection = GRPCConnection(front: front)
    let tensorFrames = TensorFrames(connection)
    connection.tensorFrames = tensorFrames
    try handlers.addHandlers([
      tensorFrames,
      NIOHTTP2Handler(
        mode: .server, frameDelegate: connection.sentFrames,
        connectionConfiguration: configuration(front.limits),
        streamConfiguration: streamConfiguration(front.limits)),
      connection,
    ])
    // Within TLS, what is read from the socket is not what a tensor holds.
    if !isEncrypted { try tensorFrames.chooseMemoryOfReads() }
  }

  /// As in the HTTP front: turns for all connections.
  static let readsPerTurn: UInt = 4

  static func configuration(
    _ limits: GRPCLimits
  ) -> NIOHTTP2Handler.ConnectionConfiguration {
    var configuration = NIOHTTP2Handler.ConnectionConfiguration()
    configuration.initialSettings = [
      HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.streamCountMax),
      HTTP2Setting(parameter: .initialWindowSize, value: limits.windowBytes),
      HTTP2Setting(parameter: .maxFrameSize, value: limits.frameBytesMax),
      HTTP2Setting(parameter: .maxHeaderListSize, value: limits.headerBytesMax),
    ]
    // It does not see all bytes of a call; the call counts them itself.
    configuration.contentLengthValidation = .disabled
    // See HeaderRules.
    configuration.headerBlockValidation = .disabled
    configuration.maximumSequentialEmptyDataFrames = 10
    configuration.maximumBufferedControlFrames = 1_000
    configuration.maximumSequentialContinuationFrames = 8
    // Of a connection's whole life, in which an honest client may have many calls refused half-way.
    configuration.maximumConnectionGlitches = 10_000
    // Short windows: the handler keeps an instant for each frame in one. Go's client sends a ping for
    // each round trip while it measures the line, so what is refused here is a flood and nothing else;
    // the connection counts more closely.
    configuration.controlFrameRateLimit.maximumCount = 500
    configuration.controlFrameRateLimit.windowLength = .milliseconds(20)
    return configuration
  }

  static func streamConfiguration(
    _ limits: GRPCLimits
  ) -> NIOHTTP2Handler.StreamConfiguration {
    var configuration = NIOHTTP2Handler.StreamConfiguration()
    configuration.targetWindowSize = limits.windowBytes
    configuration.streamResetFrameRateLimit.maximumCount = limits.resetsPerTenthMax
    configuration.streamResetFrameRateLimit.windowLength = .milliseconds(100)
    configuration.streamErrorRateLimit.maximumCount = 100
    configuration.streamErrorRateLimit.windowLength = .seconds(1)
    return configuration
  }
}

/// Closes a connection beyond the limit, unread, with an answer in HTTP/1.1.
///
/// Clients take that for an attempt that failed, and wait longer before each next one. After SETTINGS
/// and GOAWAY, which say the same in HTTP/2, they come back at once, hundreds of times a second.
final class FullHouse: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  func handlerAdded(context: ChannelHandlerContext) {
    // Behind TLS, we come when the handshake is over.
    if context.channel.isActive { refuse(context) }
  }

  func channelActive(context: ChannelHandlerContext) { refuse(context) }

  private func refuse(_ context: ChannelHandlerContext) {
    let answer = PlainAnswer.http1(
      status: "503 Service Unavailable", "this server has as many connections as it takes")
    context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
    context.close(promise: nil)
  }
}

/// Tells a client that agreed on no HTTP/2 within TLS why nothing comes of it, in HTTP/1.1.
final class NoHTTP2: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  func handlerAdded(context: ChannelHandlerContext) {
    let answer = PlainAnswer.http1(
      status: "505 HTTP Version Not Supported",
      "this port speaks gRPC over HTTP/2; a client has to offer h2 by ALPN")
    context.writeAndFlush(wrapOutboundOut(answer), promise: nil)
    context.close(promise: nil)
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {}
}
