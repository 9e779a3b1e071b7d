import Glibc
import NIOCore
import NIOEmbedded
import NIOSSL
import NIOTLS

/// A client's TLS on one connection, without its socket: bytes go in, bytes come out.
///
/// One thread's: of the one that made it.
package final class TLSClientSession {
  private let channel = EmbeddedChannel()
  private let end = End()
  private let host: String

  /// What is wrong with a server's certificate.
  package enum Distrust: Sendable, Equatable {
    case expired
    case notYetValid
    /// It is none for the name or the address that was asked for.
    case otherName
    /// Nobody who is trusted vouches for it.
    case unknownAuthority
  }

  /// Why there is no secure connection.
  package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
    /// The server is there, and is not who it should be; `nil` where that is not the reason.
    package let distrust: Distrust?
  }

  /// Begins: the first bytes are ready to be sent.
  ///
  /// - Parameter host: the name or the address that the server's certificate has to bear.
  package init(_ context: TLSClientContext, host: String) throws(Problem) {
    self.host = host
    do {
      let address = try? SocketAddress(ipAddress: host, port: 443)
      // An address is no name that TLS would tell; the certificate is held against it all the same.
      let handler = try NIOSSLClientHandler(
        context: context.context, serverHostname: address == nil ? host : nil)
      try channel.pipeline.syncOperations.addHandlers([handler, end])
      channel.connect(
        to: try address ?? SocketAddress(ipAddress: "127.0.0.1", port: 443), promise: nil)
    } catch {
      throw Problem(description: "\(host): \(error)", distrust: nil)
    }
  }

  /// The handshake is over: what is sent now is what is spoken inside.
  package var isOpen: Bool { end.isOpen }

  /// Takes what came over the socket; `plain` gets what was inside it.
  package func receive(
    _ bytes: UnsafeRawBufferPointer, _ plain: (UnsafeRawBufferPointer) -> Void
  ) throws(Problem) {
    channel.pipeline.fireChannelRead(ByteBuffer(bytes: bytes))
    channel.pipeline.fireChannelReadComplete()
    channel.embeddedEventLoop.run()
    for buffer in end.read { buffer.withUnsafeReadableBytes(plain) }
    end.read.removeAll(keepingCapacity: true)
    if let error = end.error { throw problem(error) }
  }

  /// Takes what is to be said; only while it is open.
  package func send(_ bytes: ArraySlice<UInt8>) {
    channel.writeAndFlush(ByteBuffer(bytes: bytes), promise: nil)
  }

  /// The next bytes for the socket; `nil` where there are none.
  package func nextOutgoing() -> [UInt8]? {
    guard let buffer = (try? channel.readOutbound(as: ByteBuffer.self)) ?? nil else { return nil }
    return Array(buffer.readableBytesView)
  }

  private func problem(_ error: any Error) -> Problem {
    let text = "\(error)"
    if text.contains("CERTIFICATE_VERIFY_FAILED") { return problem(refusal) }
    if error is NIOSSLExtraError { return problem(.otherName) }
    return Problem(
      description: "\(host): no TLS connection: \(reason(error, text))", distrust: nil)
  }

  /// Why a certificate was refused; TLS itself says only that it was.
  private var refusal: Distrust {
    guard let certificate = end.certificate else { return .unknownAuthority }
    let now = time(nil)
    if now > certificate.notValidAfter { return .expired }
    return now < certificate.notValidBefore ? .notYetValid : .unknownAuthority
  }

  private func problem(_ distrust: Distrust) -> Problem {
    let words =
      switch distrust {
      case .expired: "the certificate of \(host) has expired; --insecure does without"
      case .notYetValid: "the certificate of \(host) is not valid yet; --insecure does without"
      case .otherName:
        "the certificate of the server is none for \(host); --insecure does without"
      case .unknownAuthority:
        "nobody who is trusted vouches for the certificate of \(host); --ca FILE names who does, "
          + "--insecure does without"
      }
    return Problem(description: words, distrust: distrust)
  }

  private func reason(_ error: any Error, _ text: String) -> String {
    if text.contains("WRONG_VERSION_NUMBER") { return "the server does not speak TLS" }
    if case NIOSSLError.uncleanShutdown? = error as? NIOSSLError {
      return "the server closed the connection"
    }
    return text
  }

  /// Where what comes out of TLS ends.
  private final class End: ChannelInboundHandler {
    typealias InboundIn = ByteBuffer

    var read: [ByteBuffer] = []
    var isOpen = false
    var error: (any Error)?
    /// The server's, where the connection failed with it.
    var certificate: NIOSSLCertificate?

    func channelRead(context: ChannelHandlerContext, data: NIOAny) {
      read.append(unwrapInboundIn(data))
    }

    func userInboundEventTriggered(context: ChannelHandlerContext, event: Any) {
      if case .handshakeCompleted? = event as? TLSUserEvent { isOpen = true }
    }

    func errorCaught(context: ChannelHandlerContext, error: any Error) {
      guard self.error == nil else { return }
      self.error = error
      // Without one nothing more is said than what failed.
      certificate = (try? context.pipeline.syncOperations.nioSSL_peerCertificate()) ?? nil
    }
  }
}
