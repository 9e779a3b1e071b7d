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

/// What new TLS connections are made with, for every front: read from files, and read anew without
/// a restart. A connection keeps what it began with.
///
/// Safe from any thread. `init` and `reload` block on the files; `current` does not.
package final class TLSContexts: Sendable {
  package let files: TLSFiles
  /// What may be spoken inside, the preferred first, as ALPN names it.
  private let protocols: [String]
  private let context: Guarded<NIOSSLContext>
  private let marks: Guarded<[FileMark]>

  /// - Throws: with the file and what is wrong with it.
  package init(files: TLSFiles, protocols: [String] = ["http/1.1"]) throws(ServerFault) {
    self.files = files
    self.protocols = protocols
    // Marks first: a change while we read is then seen as one.
    marks = Guarded(Self.marks(of: files))
    context = Guarded(try Self.read(files, protocols))
  }

  /// For the next connection.
  package var current: NIOSSLContext { context.withLock { $0 } }

  /// Reads the files again; where they cannot be used, what was in force stays.
  package func reload() throws(ServerFault) {
    marks.withLock { $0 = Self.marks(of: files) }
    let fresh = try Self.read(files, protocols)
    context.withLock { $0 = fresh }
  }

  /// Whether a file is another one than when it was last read or tried. Blocks for a moment.
  var haveFilesChanged: Bool { marks.withLock { $0 } != Self.marks(of: files) }

  private static func marks(of files: TLSFiles) -> [FileMark] {
    [files.certificate, files.key, files.clientAuthorities].compactMap { $0 }.map(FileMark.init)
  }
}

// MARK: - Reading

extension TLSContexts {
  private static func read(
    _ files: TLSFiles, _ protocols: [String]
  ) throws(ServerFault) -> NIOSSLContext {
    let chain = try certificates(in: files.certificate)
    var configuration = TLSConfiguration.makeServerConfiguration(
      certificateChain: chain.map { .certificate($0) }, privateKey: .privateKey(try key(files)))
    configuration.minimumTLSVersion = .tlsv12
    configuration.applicationProtocols = protocols
    // How long a client may take to say goodbye.
    configuration.shutdownTimeout = .seconds(1)
    if let authorities = files.clientAuthorities {
      configuration.trustRoots = .certificates(try certificates(in: authorities))
      // A client's certificate names a client and no host.
      configuration.certificateVerification = .noHostnameVerification
      configuration.sendCANameList = true
    }
    do {
      return try NIOSSLContext(configuration: configuration)
    } catch {
      throw .configurationInvalid(
        file: files.key, reason: "the key does not belong to the certificate \(files.certificate)")
    }
  }

  private static func certificates(in path: String) throws(ServerFault) -> [NIOSSLCertificate] {
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
