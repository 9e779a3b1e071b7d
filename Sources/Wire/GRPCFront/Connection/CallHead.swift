import Inference
import NIOHPACK

/// What the front needs of a call's headers, taken from them in one pass.
///
/// One object for each connection, filled anew by each call.
final class CallHead {
  /// It is a request as HTTP/2 wants one.
  private(set) var isWellFormed = false
  private(set) var path = ""
  private(set) var isPost = false
  private(set) var contentType = ""
  private(set) var encoding: String?
  private(set) var acceptsGzip = false
  private(set) var timeout: Timeout = .none
  private(set) var requestID: String?
  private(set) var traceParent: String?
  private(set) var userAgent: String?
  private(set) var authorization: String?
  private(set) var origin: String?
  /// The value of the operator's `caller-header`.
  private(set) var namedCaller: String?
  /// `content-length`, which clients of gRPC mostly leave out; -1 is one that makes no sense.
  private(set) var contentLength: Int?
  /// What opens restricted groups of calls, by the operator's names for it.
  private(set) var keys: [String: String] = [:]
  /// `triton_grpc_error: true`: a stream ends with its first failure, whose status it takes.
  private(set) var endsStreamOnFailure = false

  /// `grpc-timeout`.
  enum Timeout: Equatable {
    case none
    case nanoseconds(UInt64)
    case unreadable(String)

    /// At most 8 digits and a unit: hours, minutes, seconds, milli-, micro-, nanoseconds.
    init(_ text: String) {
      let digits = text.utf8.dropLast()
      guard (1...8).contains(digits.count), digits.allSatisfy({ (48...57).contains($0) }),
        let count = UInt64(text.dropLast()), let unit = text.utf8.last.flatMap(Self.unit)
      else {
        self = .unreadable(String(text.prefix(32)))
        return
      }
      self = .nanoseconds(count * unit)
    }

    private static func unit(_ letter: UInt8) -> UInt64? {
      switch letter {
      case UInt8(ascii: "H"): 3_600_000_000_000
      case UInt8(ascii: "M"): 60_000_000_000
      case UInt8(ascii: "S"): 1_000_000_000
      case UInt8(ascii: "m"): 1_000_000
      case UInt8(ascii: "u"): 1_000
      case UInt8(ascii: "n"): 1
      default: nil
      }
    }
  }

  /// `callerHeader` is the operator's, in lower case, where the peer may be believed; `keyNames` are
  /// those of `keys`.
  func read(_ headers: HPACKHeaders, callerHeader: String?, keyNames: Set<String> = []) {
    clear()
    var rules = HeaderRules()
    for (name, value, _) in headers {
      rules.check(name, value)
      take(name, value)
      if let callerHeader, name == callerHeader { namedCaller = value }
      if !keyNames.isEmpty, keyNames.contains(name) { keys[name] = value }
    }
    isWellFormed = rules.areKept
  }

  private func clear() {
    (isPost, acceptsGzip, endsStreamOnFailure) = (false, false, false)
    contentLength = nil
    (path, contentType, timeout) = ("", "", .none)
    (encoding, requestID, traceParent, userAgent) = (nil, nil, nil, nil)
    (authorization, origin, namedCaller) = (nil, nil, nil)
    if !keys.isEmpty { keys = [:] }
  }

  /// By length first: most names are none of ours, and comparing lengths costs nothing.
  private func take(_ name: String, _ value: String) {
    switch name.utf8.count {
    case 5: if name == ":path" { path = value }
    case 6: if name == "origin" { origin = value }
    case 7: if name == ":method" { isPost = value == "POST" }
    case 10: if name == "user-agent" { userAgent = value }
    case 11: if name == "traceparent" { traceParent = value }
    case 12:
      if name == "content-type" {
        contentType = value
      } else if name == "grpc-timeout" {
        timeout = Timeout(value)
      } else if name == "x-request-id" {
        requestID = value
      }
    case 13:
      if name == "grpc-encoding" {
        encoding = value == "identity" ? nil : value
      } else if name == "authorization" {
        authorization = value
      }
    case 14: if name == "content-length" { contentLength = Int(value) ?? -1 }
    case 17: if name == "triton_grpc_error" { endsStreamOnFailure = value == "true" }
    case 20:
      if name == "grpc-accept-encoding" {
        acceptsGzip = value.split(separator: ",").contains { $0.filter { $0 != " " } == "gzip" }
      }
    default: break
    }
  }

  /// `application/grpc`, and the same with `+proto` or parameters.
  var isGRPC: Bool {
    let plain = "application/grpc"
    if contentType == plain { return true }
    guard contentType.hasPrefix(plain) else { return false }
    let rest = contentType.dropFirst(plain.count)
    return rest.hasPrefix("+proto") || rest.hasPrefix(";")
  }
}
