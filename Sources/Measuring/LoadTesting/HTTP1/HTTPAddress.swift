package import Transport

/// Where a server is, and what of it: the parts of a URL `http[s]://HOST[:PORT]/PATH`, or of a server
/// behind a Unix-domain socket, `http+unix://%2FDIRECTORY%2FSOCKET/PATH` or `unix:/DIRECTORY/SOCKET:/PATH`.
package struct HTTPAddress: Sendable, Equatable {
  /// Of `https`: who is believed to vouch for the server.
  package let security: TLSClientContext?
  package let host: String
  package let port: UInt16
  /// The file of a Unix-domain socket, in place of host and port.
  package let socketPath: String?
  /// With its query, at least `/`.
  package let path: String

  /// Why a text is no such address.
  package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
  }

  /// Whether a target is meant as an address, right or wrong, and not as a file.
  package static func isMeant(by text: String) -> Bool {
    text.contains("://") || text.hasPrefix(Self.unixPrefix)
  }

  private static let unixPrefix = "unix:"
  private static let unixScheme = "http+unix://"

  /// - Parameter trust: who is believed to vouch for a server of `https`.
  package init(_ text: String, trust: TLSTrust = .system) throws(Problem) {
    if text.hasPrefix(Self.unixPrefix) || text.hasPrefix(Self.unixScheme) {
      (socketPath, path) = try Self.socket(text)
      (security, host, port) = (nil, "localhost", Scheme.http.port)
      return
    }
    socketPath = nil
    guard let scheme = Scheme.allCases.first(where: { text.hasPrefix($0.rawValue) }) else {
      throw Problem(description: "\(text): expected http://, https://, grpc:// or unix:")
    }
    security = try scheme == .https ? Self.context(trust) : nil
    let rest = text.dropFirst(scheme.rawValue.count).prefix { $0 != "#" }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let path = String(rest[authority.endIndex...])
    self.path = try Self.checked(path, in: text)
    (host, port) = try Self.place(authority, usualPort: scheme.port, in: text)
  }

  private static func checked(_ path: String, in text: String) throws(Problem) -> String {
    guard path.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
      throw Problem(description: "\(text): a path has no blanks and no letters beyond ASCII")
    }
    return path.hasPrefix("/") ? path : "/" + path
  }

  /// The socket's file, and what is asked of its server.
  private static func socket(_ text: String) throws(Problem) -> (String, String) {
    let file: String
    let path: Substring
    if text.hasPrefix(unixScheme) {
      let rest = text.dropFirst(unixScheme.count)
      let name = rest.prefix { $0 != "/" && $0 != "?" }
      file = PercentText.decode(name.utf8)
      path = rest[name.endIndex...]
    } else {
      let parts = text.dropFirst(unixPrefix.count).split(separator: ":", maxSplits: 1)
      file = parts.first.map(String.init) ?? ""
      path = parts.count > 1 ? parts[1] : ""
    }
    guard file.hasPrefix("/"), !file.utf8.contains(0), path.hasPrefix("/") else {
      throw Problem(
        description: "\(text): expected unix:/DIRECTORY/SOCKET:/v2/models/NAME or "
          + "http+unix://%2FDIRECTORY%2FSOCKET/v2/models/NAME")
    }
    return (file, try checked(String(path), in: text))
  }

  private enum Scheme: String, CaseIterable {
    case http = "http://"
    case https = "https://"

    var port: UInt16 { self == .https ? 443 : 80 }
  }

  private static func context(_ trust: TLSTrust) throws(Problem) -> TLSClientContext {
    do {
      return try TLSClientContext(trust, protocols: ["http/1.1"])
    } catch {
      throw Problem(description: "\(error)")
    }
  }

  /// The host, without the brackets of an IPv6 address, and the port.
  private static func place(
    _ authority: Substring, usualPort: UInt16, in text: String
  ) throws(Problem) -> (String, UInt16) {
    let host: Substring
    let after: Substring
    if authority.hasPrefix("["), let end = authority.firstIndex(of: "]") {
      host = authority[authority.index(after: authority.startIndex)..<end]
      after = authority[authority.index(after: end)...]
    } else {
      host = authority.prefix { $0 != ":" }
      after = authority[host.endIndex...]
    }
    let isPlain = host.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "@") }
    guard !host.isEmpty, isPlain else {
      throw Problem(description: "\(text): expected http://HOST:PORT/v2/models/NAME")
    }
    if after.isEmpty { return (String(host), usualPort) }
    guard after.hasPrefix(":"), let port = UInt16(after.dropFirst()), port > 0 else {
      throw Problem(description: "\(text): expected a port from 1 to 65535 behind the host")
    }
    return (String(host), port)
  }

  private init(_ other: HTTPAddress, path: String) {
    security = other.security
    host = other.host
    port = other.port
    socketPath = other.socketPath
    self.path = path
  }

  /// Another path of the same server.
  package func with(path: String) -> HTTPAddress {
    HTTPAddress(self, path: path)
  }

  private var scheme: Scheme { security == nil ? .http : .https }

  /// As the header `Host` has it.
  package var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == scheme.port ? name : "\(name):\(port)"
  }

  /// As it is written.
  package var text: String {
    socketPath.map { "\(Self.unixPrefix)\($0):\(path)" } ?? scheme.rawValue + authority + path
  }

  var place: ServerPlace {
    socketPath.map { ServerPlace(socketPath: $0) }
      ?? ServerPlace(host: host, port: port, security: security)
  }
}
