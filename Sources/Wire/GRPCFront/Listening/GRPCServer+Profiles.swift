import FrontSupport
package import Inference
import NIOCore
import Synchronization

/// Ports that clients of another server know, on which this front answers as on its own.
extension GRPCServer {
  /// Begins to listen on them, after `start`. Blocks for moments; answers with the real ports.
  package func startProfiles() throws(ServerFault) -> [(port: Int, dialect: Dialect)] {
    var bound: [(port: Int, dialect: Dialect)] = []
    for (port, dialect) in shared.settings.profilePorts {
      let channel = try ground.listen(
        portBootstrap, host: shared.settings.host, port: port, setting: "compat")
      profileListeners.withLock { $0.append(channel) }
      bound.append((channel.localAddress?.port ?? port, dialect))
    }
    return bound
  }

  func stopProfiles() {
    let listening = profileListeners.withLock { listeners in
      defer { listeners = [] }
      return listeners
    }
    for listener in listening { listener.close(promise: nil) }
  }
}
