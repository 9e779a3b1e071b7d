package import NIOCore
import NIOSSL
import NIOTLS

/// The handlers that make a connection a TLS one, before those of what is spoken inside.
package enum TLSPipeline {
  /// How long a client may take from the connection to the end of the handshake.
  package static let handshakeSeconds: Int64 = 10

  /// Installs TLS; `then` adds the handlers of the protocol that was agreed on, as ALPN names it,
  /// once the handshake is over. `nil` is a client that named none, which speaks HTTP/1.1.
  ///
  /// On the channel's loop. A client that fails or takes too long is closed without an answer.
  package static func install(
    on handlers: ChannelPipeline.SynchronousOperations, _ contexts: TLSContexts,
    then: @escaping (_ negotiated: String?) throws -> Void
  ) throws {
    var configuration = NIOSSLHandler.Configuration()
    // What a large answer leaves behind; an idle connection should cost little.
    configuration.maximumPreservedOutboundBufferCapacity = 64 << 10
    try handlers.addHandler(
      NIOSSLServerHandler(context: contexts.current, configuration: configuration))
    try handlers.addHandler(HandshakeWatch(then: then))
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

  /// The handshake failed: a client without the certificate that is asked for, of an older TLS, or
  /// one that speaks plain HTTP.
  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    context.close(promise: nil)
  }
}
