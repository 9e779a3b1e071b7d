import Glibc
package import Inference
package import NIOCore

/// Who is at the other end of a connection, found once when it opens.
package struct Peer: Sendable {
  /// The IP address without a port; empty where there is none to know.
  package let address: String
  package let isLoopback: Bool
  package let caller: Caller

  package init(address: String, isLoopback: Bool) {
    self.address = address
    self.isLoopback = isLoopback
    caller = Caller(name: address)
  }

  /// - Parameter place: our own end, which tells a Unix socket also where the other has no name.
  package init(_ socket: SocketAddress?, at place: SocketAddress?) {
    guard let socket, let address = socket.ipAddress else {
      // A Unix socket: whoever may open it is on this machine.
      self.init(
        address: "local", isLoopback: socket?.pathname != nil || place?.pathname != nil)
      return
    }
    self.init(address: address, isLoopback: Self.isLoopback(address))
  }

  /// `127.0.0.0/8`, `::1`, and the former written as IPv6.
  package static func isLoopback(_ address: String) -> Bool {
    address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
  }

  /// Gives the user at the other end of a Unix socket, who is then the caller; nobody where the system
  /// does not say, and on every other kind of connection. On the channel's loop.
  package static func user(of channel: any Channel, _ take: @escaping (Peer) -> Void) {
    guard channel.localAddress?.pathname != nil, let options = channel as? any SocketOptionProvider
    else { return }
    // On its own loop the channel answers at once.
    let credentials: EventLoopFuture<Credentials> = options.unsafeGetSocketOption(
      level: .socket, name: NIOBSDSocket.Option(rawValue: SO_PEERCRED))
    credentials.assumeIsolated().whenSuccess { found in
      take(Peer(address: "uid:\(found.user)", isLoopback: true))
    }
  }

  /// `struct ucred` of <sys/socket.h>, which the Glibc module leaves out.
  private struct Credentials {
    var process: Int32
    var user: UInt32
    var group: UInt32
  }
}

extension RequestContext {
  /// Before a connection's first request.
  package static let unread = RequestContext(
    id: "", caller: Caller(name: ""), dialect: .openInference, arrival: .never)
}
