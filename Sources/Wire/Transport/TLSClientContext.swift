package import Inference
import NIOCore
import NIOSSL

/// Who is believed to vouch for servers.
package enum TLSTrust: Sendable, Equatable {
  /// The authorities that this machine knows.
  case system
  /// Those of a file in PEM, and no others.
  case authorities(String)
  /// Nobody has to.
  case anyone
}

/// What a client's TLS connections are made with. Safe from any thread.
package final class TLSClientContext: Sendable, Equatable {
  let context: NIOSSLContext
  private let trust: TLSTrust
  private let protocols: [String]

  /// Reads the authorities' file. Blocks.
  ///
  /// - Parameter protocols: what is spoken inside, the preferred first, as ALPN names them.
  package init(_ trust: TLSTrust, protocols: [String]) throws(ServerFault) {
    self.trust = trust
    self.protocols = protocols
    var configuration = TLSConfiguration.makeClientConfiguration()
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = protocols
    switch trust {
    case .system: break
    case .anyone: configuration.certificateVerification = .none
    case .authorities(let path):
      configuration.trustRoots = .certificates(try TLSContexts.certificates(in: path))
    }
    do {
      context = try NIOSSLContext(configuration: configuration)
    } catch {
      throw .configurationInvalid(file: "TLS", reason: "\(error)")
    }
  }

  /// Both are made of the same.
  package static func == (left: TLSClientContext, right: TLSClientContext) -> Bool {
    left.trust == right.trust && left.protocols == right.protocols
  }
}
