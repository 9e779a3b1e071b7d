package import Inference
import NIOCore
package import NIOSSL
import Synchronization

/// Where the certificate of this server lies, its key, and who may vouch for clients.
package struct TLSFiles: Sendable, Equatable {
  /// PEM: our certificate first, then those that lead to one that clients know.
  package var certificate: String
  /// PEM, without a passphrase.
  package var key: String
  /// PEM: the authorities that vouch for clients; `nil` asks clients for no certificate.
  package var clientAuthorities: String?

  package init(certificate: String, key: String, clientAuthorities: String? = nil) {
    self.certificate = certificate
    self.key = key
    self.clientAuthorities = clientAuthorities
  }
}

/// What a port speaks within TLS.
package enum TLSOffer: Sendable, CaseIterable {
  case http1
  case http2
  /// Both on one port. A client that can do both gets HTTP/1.1: browsers and curl mean REST, and
  /// clients of gRPC can do HTTP/2 only.
  case http1OrHTTP2

  /// The preferred first, as ALPN names them.
  var protocols: [String] {
    switch self {
    case .http1: ["http/1.1"]
    case .http2: [Self.http2Name]
    case .http1OrHTTP2: ["http/1.1", Self.http2Name]
    }
  }

  /// HTTP/2, as ALPN names it.
  package static let http2Name = "h2"
}

/// What new TLS connections are made with, for every front: read from files, and read anew without
/// a restart. A connection keeps what it began with.
///
/// Safe from any thread. `init` and `reload` block on the files; the rest does not.
package final class TLSContexts: Sendable {
  package let files: TLSFiles
  private let inForce: Guarded<InForce>
  private let marks: Guarded<[FileMark]>

  /// What was made of the files when they were last read.
  private struct InForce {
    var contexts: [TLSOffer: NIOSSLContext] = [:]
    /// When the server's own certificate begins and ends to be valid, in seconds since 1970.
    var validFrom = 0
    var validUntil = 0
  }

  /// - Throws: with the file and what is wrong with it.
  package init(files: TLSFiles) throws(ServerFault) {
    self.files = files
    // Marks first: a change while we read is then seen as one.
    marks = Guarded(Self.marks(of: files))
    inForce = Guarded(try Self.read(files))
  }

  /// For the next connection of a port.
  package func current(_ offer: TLSOffer) -> NIOSSLContext {
    guard let context = inForce.withLock({ $0.contexts[offer] }) else {
      preconditionFailure("no context was made for \(offer)")
    }
    return context
  }

  /// What clients will hold against the certificate in force; `nil` where there is nothing.
  package func complaint(atUnixSeconds now: Int) -> String? {
    let (start, end) = inForce.withLock { ($0.validFrom, $0.validUntil) }
    if now > end { return "the TLS certificate \(files.certificate) has expired" }
    if now < start {
      return "the TLS certificate \(files.certificate) is not valid yet"
    }
    return nil
  }

  /// Reads the files again; where they cannot be used, what was in force stays.
  package func reload() throws(ServerFault) {
    marks.withLock { $0 = Self.marks(of: files) }
    let fresh = try Self.read(files)
    inForce.withLock { $0 = fresh }
  }

  /// Whether a file is another one than when it was last read or tried. Blocks for a moment.
  var haveFilesChanged: Bool { marks.withLock { $0 } != Self.marks(of: files) }

  private static func marks(of files: TLSFiles) -> [FileMark] {
    [files.certificate, files.key, files.clientAuthorities].compactMap { $0 }.map(FileMark.init)
  }
}

// MARK: - Reading

extension TLSContexts {
  private static func read(_ files: TLSFiles) throws(ServerFault) -> InForce {
    let chain = try certificates(in: files.certificate)
    var configuration = try configuration(files, chain)
    var read = InForce()
    read.validFrom = Int(chain[0].notValidBefore)
    read.validUntil = Int(chain[0].notValidAfter)
    for offer in TLSOffer.allCases {
      configuration.applicationProtocols = offer.protocols
      do {
        read.contexts[offer] = try NIOSSLContext(configuration: configuration)
      } catch {
        throw .configurationInvalid(
          file: files.key,
          reason: "the key does not belong to the certificate \(files.certificate)")
      }
    }
    return read
  }

  private static func configuration(
    _ files: TLSFiles, _ chain: [NIOSSLCertificate]
  ) throws(ServerFault) -> TLSConfiguration {
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(try key(files)))
    configuration.minimumTLSVersion = .tlsv12
    // How long a client may take to say goodbye.
    configuration.shutdownTimeout = .seconds(1)
    if let authorities = files.clientAuthorities {
      configuration.trustRoots = .certificates(try certificates(in: authorities))
      // A client's certificate names a client and no host.
      configuration.certificateVerification = .noHostnameVerification
      configuration.sendCANameList = true
    }
    return configuration
  }

  static func certificates(in path: String) throws(ServerFault) -> [NIOSSLCertificate] {
    try checkReadable(path)
    let found = (try? NIOSSLCertificate.fromPEMFile(path)) ?? []
    guard found.isEmpty else { return found }
    throw .configurationInvalid(
      file: path, reason: "expected certificates in PEM (-----BEGIN CERTIFICATE-----), found none")
  }

  private static func key(_ files: TLSFiles) throws(ServerFault) -> NIOSSLPrivateKey {
    try checkReadable(files.key)
    // The library's own reason is a list of its internal codes.
    guard let key = try? NIOSSLPrivateKey(file: files.key, format: .pem) else {
      throw .configurationInvalid(
        file: files.key,
        reason: "expected a private key in PEM (-----BEGIN PRIVATE KEY-----) without a passphrase")
    }
    return key
  }

  private static func checkReadable(_ path: String) throws(ServerFault) {
    if let reason = FileMark.obstacle(toReading: path) {
      throw .configurationInvalid(file: path, reason: "cannot be read: \(reason)")
    }
  }
}
