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

  package init(_ socket: SocketAddress?) {
    guard let socket, let address = socket.ipAddress else {
      // A Unix socket: whoever may open it is on this machine.
      self.init(address: "local", isLoopback: socket?.pathname != nil)
      return
    }
    self.init(address: address, isLoopback: Self.isLoopback(address))
  }

  /// `127.0.0.0/8`, `::1`, and the former written as IPv6.
  package static func isLoopback(_ address: String) -> Bool {
    address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
  }
}

extension RequestContext {
  /// Before a connection's first request.
  package static let unread = RequestContext(
    id: "", caller: Caller(name: ""), dialect: .openInference, arrival: .never)
}
