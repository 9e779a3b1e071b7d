import FrontSupport
import Inference

/// Keeps web pages of strangers from driving this server through the browser of somebody near it.
///
/// Two tricks are refused: a page whose own name was made to resolve to this machine (its `Host` is
/// not one we go by), and a page that calls us across origins (its `Origin` is not ours, nor one that
/// CORS admits). Bound to a loopback address, only this machine's names are admitted; bound to any
/// other, clients come under names we cannot know, so every `Host` is admitted unless the operator
/// listed some: what only this machine may do is guarded by the peer's address instead.
struct OriginGuard {
  private let hosts: Set<String>?
  private let origins: [String]

  /// What one connection was admitted with last: the next request mostly says the same.
  struct Memory {
    fileprivate var host = ""
  }

  enum Verdict {
    case sameOrigin
    /// A page of another origin that CORS admits; what to answer it with.
    case corsOrigin(String)
    case refused(InferenceFailure)
  }

  init(_ settings: HTTPFrontSettings) {
    origins = settings.corsOrigins
    let bound = settings.host.lowercased()
    let isLocal = Peer.isLoopback(bound) || bound == "localhost"
    guard isLocal || !settings.allowedHosts.isEmpty else {
      hosts = nil
      return
    }
    let own = ["localhost", "127.0.0.1", "[::1]", bound.contains(":") ? "[\(bound)]" : bound]
    hosts = Set(own + settings.allowedHosts.map { $0.lowercased() })
  }

  func verdict(on head: RequestHead, memory: inout Memory) -> Verdict {
    if let refusal = refusal(ofHost: head, memory: &memory) { return .refused(refusal) }
    guard let origin = head.origin else { return .sameOrigin }
    if let host = head.host, isSame(origin, host) { return .sameOrigin }
    if origins.contains("*") { return .corsOrigin("*") }
    if origins.contains(where: { $0.isSame(as: origin) }) { return .corsOrigin(origin) }
    return .refused(.forbidden(.origin(origin)))
  }

  private func refusal(
    ofHost head: RequestHead, memory: inout Memory
  ) -> InferenceFailure? {
    guard let host = head.host, !head.hasManyHosts else {
      // RFC 9112, 3.2: a 1.1 request without exactly one Host gets 400. A browser always sends one.
      if head.isVersion10 && !head.hasManyHosts { return nil }
      return .invalidInput(.framing("a request carries exactly one Host header"))
    }
    guard let hosts, host != memory.host else { return nil }
    guard hosts.contains(Self.name(of: host)) else { return .forbidden(.host(host)) }
    memory.host = host
    return nil
  }

  /// An origin is scheme and authority; ours has the authority under which we were called.
  private func isSame(_ origin: String, _ host: String) -> Bool {
    origin.isSame(as: "http://" + host) || origin.isSame(as: "https://" + host)
  }

  /// A `Host` without its port, in lower case: `[::1]:8000` is `[::1]`.
  static func name(of host: String) -> String {
    let lower = host.lowercased()
    if lower.hasPrefix("["), let end = lower.firstIndex(of: "]") { return String(lower[...end]) }
    return String(lower.prefix { $0 != ":" })
  }
}

extension Peer {
  /// Whether this peer's word about the caller is believed.
  func isTrusted(by front: FrontLoop) -> Bool { front.trustedProxies.contains(address) }
}
