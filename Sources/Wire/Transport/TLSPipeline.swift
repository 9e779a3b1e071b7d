package import NIOCore
import NIOSSL
import NIOTLS

/// Takes over a connection that agreed on HTTP/2 on the port of another front: installs its own
/// handlers, on the channel's loop. So that fronts share a port without knowing each other.
package typealias HTTP2Guest = @Sendable (_ channel: any Channel) throws -> Void

/// The handlers that make a connection a TLS one, before those of what is spoken inside.
package enum TLSPipeline {
  /// How long a client may take from the connection to the end of the handshake.
  package static let handshakeSeconds: Int64 = 10

  /// Installs TLS; `then` adds the handlers of the protocol that was agreed on, once the handshake
  /// is over. Without ALPN nothing was agreed on, and that is not HTTP/2.
  ///
  /// On the channel's loop. A client that fails hears of it by TLS's own alert; one that takes too
  /// long is closed, and one that speaks no TLS is told so.
  package static func install(
    on handlers: ChannelPipeline.SynchronousOperations, _ contexts: TLSContexts, _ offer: TLSOffer,
    then: @escaping (_ isHTTP2: Bool) throws -> Void
  ) throws {
    var configuration = NIOSSLHandler.Configuration()
    // What a large answer leaves behind; an idle connection should cost little.
    configuration.maximumPreservedOutboundBufferCapacity = 64 << 10
    try handlers.addHandler(PlainTextRefusal())
    try handlers.addHandler(
      NIOSSLServerHandler(context: contexts.current(offer), configuration: configuration))
    try handlers.addHandler(HandshakeWatch { try then($0 == TLSOffer.http2Name) })
  }
}

/// Waits for the end of the handshake, then steps aside.
final class HandshakeWatch: ChannelInboundHandler, RemovableChannelHandler {
  typealias InboundIn = ByteBuffer

  private let then: (String?) throws -> Void
  private var patience: Scheduled<Void>?

  init(then: @escaping (String?) throws -> Void) { self.then = then }

  func handlerAdded(context: ChannelHandlerContext) {
    let bound = NIOLoopBound(context, eventLoop: context.eventLoop)
    patience = context.eventLoop.scheduleTask(in: .seconds(TLSPipeline.handshakeSeconds)) {
      bound.value.channel.close(mode: .all, promise: nil)
    }
  }

  func handlerRemoved(context: ChannelHandlerContext) { patience?.cancel() }

  func channelInactive(context: ChannelHandlerContext) {
    patience?.cancel()
    context.fireChannelInactive()
  }

  func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
    guard case .handshakeCompleted(let negotiated)? = event as? TLSUserEvent else {
      context.fireUserInboundEventTriggered(event)
      return
    }
    patience?.cancel()
    do {
      try then(negotiated)
      context.pipeline.syncOperations.removeHandler(self, promise: nil)
    } catch {
      context.close(promise: nil)
    }
  }

  /// The handshake failed: a client without the certificate that is asked for, or of an older TLS.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
