package import Transport

/// Where a server is, and what of it: the parts of a URL `http[s]://HOST[:PORT]/PATH`.
package struct HTTPAddress: Sendable, Equatable {
  /// Of `https`: who is believed to vouch for the server.
  package let security: TLSClientContext?
  package let host: String
  package let port: UInt16
  /// With its query, at least `/`.
  package let path: String

  /// Why a text is no such address.
  package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
  }

  /// Whether a target is meant as an address, right or wrong, and not as a file.
  package static func isMeant(by text: String) -> Bool { text.contains("://") }

  /// - Parameter trust: who is believed to vouch for a server of `https`.
  package init(_ text: String, trust: TLSTrust = .system) throws(Problem) {
    guard let scheme = Scheme.allCases.first(where: { text.hasPrefix($0.rawValue) }) else {
      throw Problem(description: "\(text): expected http:// or https://")
    }
    security = try scheme == .https ? Self.context(trust) : nil
    let rest = text.dropFirst(scheme.rawValue.count).prefix { $0 != "#" }
    let authority = rest.prefix { $0 != "/" && $0 != "?" }
    let path = String(rest[authority.endIndex...])
    guard path.utf8.allSatisfy({ $0 > 32 && $0 < 127 }) else {
      throw Problem(description: "\(text): a path has no blanks and no letters beyond ASCII")
    }
    self.path = path.hasPrefix("/") ? path : "/" + path
    (host, port) = try Self.place(authority, usualPort: scheme.port, in: text)
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

  private init(host: String, port: UInt16, path: String, security: TLSClientContext?) {
    self.security = security
    self.host = host
    self.port = port
    self.path = path
  }

  /// Another path of the same server.
  package func with(path: String) -> HTTPAddress {
    HTTPAddress(host: host, port: port, path: path, security: security)
  }

  private var scheme: Scheme { security == nil ? .http : .https }

  /// As the header `Host` has it.
  package var authority: String {
    let name = host.contains(":") ? "[\(host)]" : host
    return port == scheme.port ? name : "\(name):\(port)"
  }

  /// As it is written.
  package var text: String { scheme.rawValue + authority + path }

  var place: ServerPlace { ServerPlace(host: host, port: port, security: security) }
}
