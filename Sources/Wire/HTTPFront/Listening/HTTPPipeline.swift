import Glibc
import Inference
import NIOCore
import NIOHTTP1
import Transport

/// What comes through one listener, and who answers it.
struct ListenerKind: Sendable {
  var isMetricsOnly = false
  /// What its clients speak, where the operator says so.
  var profile: Dialect?
  /// `nil` where it is plain.
  var tls: TLSContexts?
  /// Who answers HTTP/2.
  var guest: HTTP2Guest?

  var offer: TLSOffer { guest == nil ? .http1 : .http1OrHTTP2 }
}

/// The handlers of a connection, outermost first: NIO's parser, then our connection, which writes
/// its answers itself.
enum HTTPPipeline {
  static func install(
    on handlers: ChannelPipeline.SynchronousOperations, front: FrontLoop, limits: HTTPLimits,
    _ kind: ListenerKind
  ) throws {
    var bounds = NIOHTTPDecoderLimitConfiguration()
    bounds.maxHeaderFieldSize = limits.headerBytesMax
    bounds.maxHeaderListSize = limits.headerBytesMax
    bounds.maxHeaderFieldCount = limits.headerCountMax
    let decoder = HTTPRequestDecoder(
      leftOverBytesStrategy: .dropBytes, informationalResponseStrategy: .drop,
      limitConfiguration: bounds)
    try handlers.addHandler(ByteToMessageHandler(decoder))
    let connection = HTTPConnection(
      front: front, isMetricsOnly: kind.isMetricsOnly, profile: kind.profile)
    try handlers.addHandler(connection)
    // Within TLS, what is read from the socket is not what a body holds.
    if kind.tls == nil { connection.chooseMemoryOfReads() }
  }
}

/// Answers a connection beyond the limit, unread, and closes it.
final class FullHouse: ChannelInboundHandler {
  typealias InboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  private let limits: HTTPLimits

  init(limits: HTTPLimits) { self.limits = limits }

  func channelActive(context: ChannelHandlerContext) {
    var answer = FailureAnswer.make(
      for: .overloaded(
        limit: .connections(limits.connectionCountMax), retryAfter: .seconds(1)))
    var head = AnswerHead()
    head.write(
      to: &answer,
      AnswerHead.Facts(
        requestID: "-", date: DateText(unixSeconds: time(nil)), closes: true, isVersion10: false,
        omitsBody: false, corsOrigin: nil))
    context.writeAndFlush(wrapOutboundOut(answer.body), promise: nil)
    context.close(promise: nil)
  }
}
