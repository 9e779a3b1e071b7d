package import Transport

/// A target behind sockets. One thread drives all of its connections, and asks many queries at once.
package protocol SocketTarget: LoadTarget {
  associatedtype Connection: ClientConnection

  /// Where its connections go.
  var place: ServerPlace { get }

  /// How many connections carry so many calls at once: 0 for none, else 1 or more, never fewer for more
  /// calls. Calls that find no room on those wait for each other.
  func connectionCount(forCalls callCount: Int) -> Int

  /// The state of a new connection, whose socket is somebody else's.
  ///
  /// - Parameter answers: whenever the connection asks a sample it asks `wants` once, and where that
  ///   says so it hands the body over as the call's `answer`; its driver calls `keep`. An answer that
  ///   refuses may be handed over beside its problem, for who looks at a single call.
  func makeConnection(answers: (any AnswerKeeper)?) -> Connection
}

extension SocketTarget {
  package var host: TargetHost { TargetHost(place) }
}

/// Where connections go, and how they are made secure.
package struct ServerPlace: Sendable {
  package let host: String
  package let port: UInt16
  /// The file of a Unix-domain socket, in place of a host and a port.
  package let socketPath: String?
  /// `nil` where bytes travel as they are.
  package let security: TLSClientContext?

  package init(host: String, port: UInt16, security: TLSClientContext? = nil) {
    self.host = host
    self.port = port
    self.security = security
    socketPath = nil
  }

  /// A socket of the file system.
  package init(socketPath: String) {
    self.socketPath = socketPath
    host = "localhost"
    port = 0
    security = nil
  }

  /// On this machine, by its name.
  var isHere: Bool {
    socketPath != nil || ["localhost", "::1"].contains(host) || host.hasPrefix("127.")
  }
}
