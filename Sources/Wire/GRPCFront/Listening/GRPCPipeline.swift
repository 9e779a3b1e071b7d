import NIOCore
import NIOHTTP2

/// The handlers of a connection, outermost first: NIO's HTTP/2 for frames, header compression, stream
/// states and sending windows, then our connection.
///
/// There is no channel for each call, which NIO's multiplexer would make: our connection takes the
/// frames of all of them.
enum GRPCPipeline {
  static func install(
    on handlers: ChannelPipeline.SynchronousOperations, front: GRPCLoop
  ) throws {
    let connection = GRPCConnection(front: front)
    try handlers.addHandlers([
      NIOHTTP2Handler(
        mode: .server, frameDelegate: connection.sentFrames,
        connectionConfiguration: configuration(front.limits),
        streamConfiguration: streamConfiguration(front.limits)),
      connection,
    ])
  }

  private static func configuration(
    _ limits: GRPCLimits
  ) -> NIOHTTP2Handler.ConnectionConfiguration {
    var configuration = NIOHTTP2Handler.ConnectionConfiguration()
    configuration.initialSettings = [
      HTTP2Setting(parameter: .maxConcurrentStreams, value: limits.streamCountMax),
      HTTP2Setting(parameter: .initialWindowSize, value: limits.windowBytes),
      HTTP2Setting(parameter: .maxFrameSize, value: limits.frameBytesMax),
      HTTP2Setting(parameter: .maxHeaderListSize, value: limits.headerBytesMax),
    ]
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

  private static func streamConfiguration(
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

/// Closes a connection beyond the limit, unread: SETTINGS, which a connection begins with, and GOAWAY.
final class FullHouse: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  /// An empty SETTINGS frame; GOAWAY of no stream, with ENHANCE_YOUR_CALM (11).
  private static let farewell: [UInt8] =
    [0, 0, 0, 4, 0, 0, 0, 0, 0] + [0, 0, 8, 7, 0, 0, 0, 0, 0] + [0, 0, 0, 0, 0, 0, 0, 11]

  func channelActive(context: ChannelHandlerContext) {
    context.writeAndFlush(wrapOutboundOut(ByteBuffer(bytes: Self.farewell)), promise: nil)
    context.close(promise: nil)
  }
}
