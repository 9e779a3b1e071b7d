import Inference
import NIOCore

/// Who is at the other end of a connection, found once when it opens.
struct Peer {
  /// The IP address without a port; empty where there is none to know.
  let address: String
  let isLoopback: Bool
  let caller: Caller

  init(address: String, isLoopback: Bool) {
    self.address = address
    self.isLoopback = isLoopback
    caller = Caller(name: address)
  }

  /// - Parameter place: our own end, which tells a Unix socket also where the other has no name.
  init(_ socket: SocketAddress?, at place: SocketAddress?) {
    guard let socket, let address = socket.ipAddress else {
      // A Unix socket: whoever may open it is on this machine.
      self.init(
        address: "local", isLoopback: socket?.pathname != nil || place?.pathname != nil)
      return
    }
    self.init(address: address, isLoopback: Self.isLoopback(address))
  }

  /// `127.0.0.0/8`, `::1`, and the former written as IPv6.
  static func isLoopback(_ address: String) -> Bool {
    address.hasPrefix("127.") || address == "::1" || address.hasPrefix("::ffff:127.")
  }

  /// Whether this peer's word about the caller is believed.
  func isTrusted(by front: FrontLoop) -> Bool { front.trustedProxies.contains(address) }
}

extension RequestContext {
  /// Before a connection's first request.
  static let unread = RequestContext(
    id: "", caller: Caller(name: ""), dialect: .openInference, arrival: .never)
}
