/// Where a model is that is asked over gRPC: the parts of `grpc://HOST:PORT/MODEL[/VERSION]`, and of
/// `grpcs://` for one behind TLS.
package struct GRPCAddress: Sendable, Equatable {
  package let host: String
  package let port: UInt16
  package let model: String
  /// Empty where the server chooses.
  package let version: String
  package let isEncrypted: Bool

  /// Of a name, at most.
  private static let nameByteCountMax = 1_024

  /// Why a text is no such address.
  package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
  }

  /// Whether a target is meant as such an address, right or wrong.
  package static func isMeant(by text: String) -> Bool {
    text.hasPrefix("grpc://") || text.hasPrefix("grpcs://")
  }

  package init(_ text: String) throws(Problem) {
    isEncrypted = text.hasPrefix("grpcs://")
    guard Self.isMeant(by: text) else { throw Self.unfit(text) }
    let parts = text.dropFirst(isEncrypted ? 8 : 7)
      .split(separator: "/", omittingEmptySubsequences: false)
    (host, port) = try Self.place(parts[0], in: text)
    var names = parts.dropFirst().map { PercentText.decode($0.utf8) }
    if names.last == "" { names.removeLast() }
    guard (1...2).contains(names.count), names.allSatisfy({ !$0.isEmpty }),
      names.allSatisfy({ $0.utf8.count <= Self.nameByteCountMax })
    else { throw Self.unfit(text) }
    model = names[0]
    version = names.count == 2 ? names[1] : ""
  }

  private static func unfit(_ text: String) -> Problem {
    Problem(
      description: "\(text): expected grpc://HOST:PORT/MODEL or grpc://HOST:PORT/MODEL/VERSION")
  }

  /// The host, without the brackets of an IPv6 address, and the port, which gRPC has no usual one of.
  private static func place(
    _ authority: Substring, in text: String
  ) throws(Problem) -> (String, UInt16) {
    guard let colon = authority.lastIndex(of: ":"),
      let port = UInt16(authority[authority.index(after: colon)...]), port > 0
    else { throw unfit(text) }
    var host = authority[..<colon]
    if host.hasPrefix("["), host.hasSuffix("]") {
      host = host.dropFirst().dropLast()
    } else if host.contains(":") {
      throw unfit(text)
    }
    let isPlain = host.utf8.allSatisfy { $0 > 32 && $0 < 127 && $0 != UInt8(ascii: "@") }
    guard !host.isEmpty, host.utf8.count <= nameByteCountMax, isPlain else { throw unfit(text) }
    return (String(host), port)
  }

  /// As the header `:authority` has it.
  package var authority: String { "\(host.contains(":") ? "[\(host)]" : host):\(port)" }

  /// As it was written, more or less; for reports.
  package var text: String {
    "\(isEncrypted ? "grpcs" : "grpc")://\(authority)/\(model)\(version.isEmpty ? "" : "/\(version)")"
  }
}
