import FrontSupport
import NIOHTTP1
import WireFormats

/// What the front needs of a request's head, taken from it in one pass.
///
/// One object for each connection, filled anew by each request: as a value it would count a dozen
/// references up and down wherever it is looked at.
final class RequestHead {
  var method = HTTPMethod.GET
  var uri = ""
  var isVersion10 = false
  var keepsAlive = false
  /// Declared by `Content-Length`; `nil` where the body is chunked or there is none.
  var contentLength: Int?
  var expectation = Expectation.none
  var contentCoding = ContentCoding.identity
  var contentType = ""
  var accept = ""
  var acceptEncoding = ""
  var host: String?
  /// More than one `Host`, which a client has no reason to send.
  var hasManyHosts = false
  var origin: String?
  var requestID: String?
  var traceParent: String?
  var ifNoneMatch: String?
  var userAgent: String?
  var authorization: String?
  var corsMethod: String?
  /// `Inference-Header-Content-Length` as it came.
  var binaryHeaderLength: String?
  /// `x-apus-dialect` as it came.
  var dialectName: String?
  /// The path that Vertex AI's clients mean instead of the one that they call.
  var vertexRedirect: String?
  /// What the `ce-` headers of CloudEvents say.
  var event = CloudEventAttributes()
  /// The value of the operator's `caller-header`.
  var namedCaller: String?
  /// Headers that open restricted groups of addresses, by their names in lower case.
  var keys: [String: String] = [:]

  enum Expectation: Equatable {
    case none, hundredContinue, unknown
  }

  /// Forgets the request before.
  func clear() {
    method = .GET
    uri = ""
    isVersion10 = false
    keepsAlive = false
    contentLength = nil
    expectation = .none
    contentCoding = .identity
    hasManyHosts = false
    (contentType, accept, acceptEncoding) = ("", "", "")
    (host, origin, corsMethod, namedCaller) = (nil, nil, nil, nil)
    (requestID, traceParent, ifNoneMatch) = (nil, nil, nil)
    (userAgent, binaryHeaderLength, authorization) = (nil, nil, nil)
    (dialectName, vertexRedirect) = (nil, nil)
    if !event.isEmpty { event = CloudEventAttributes() }
  }

  /// `callerHeader` is the operator's, in lower case, where the peer may be believed; `keyNames` are
  /// those of `keys`.
  func read(_ head: HTTPRequestHead, callerHeader: String?, keyNames: Set<String> = []) {
    clear()
    method = head.method
    uri = head.uri
    isVersion10 = head.version == .http1_0
    keepsAlive = head.isKeepAlive
    if !keyNames.isEmpty { keys = [:] }
    for (name, value) in head.headers {
      if let known = HeaderName(name) { take(known, value) }
      if !keyNames.isEmpty, keyNames.contains(name.lowercased()) {
        keys[name.lowercased()] = value
      }
      if let callerHeader, name.lowercased() == callerHeader { namedCaller = value }
    }
  }

  private func take(_ name: HeaderName, _ value: String) {
    switch name {
    case .host:
      hasManyHosts = hasManyHosts || host != nil
      host = value
    case .origin: origin = value
    case .expect: expectation = value.isSame(as: "100-continue") ? .hundredContinue : .unknown
    case .accept: accept = accept.isEmpty ? value : accept + "," + value
    case .contentType: contentType = value
    // The parser has refused lengths that are no number, twice given, or given beside chunks.
    case .contentLength: contentLength = Int(value)
    case .contentEncoding: contentCoding = ContentCoding(value, after: contentCoding)
    case .acceptEncoding:
      acceptEncoding = acceptEncoding.isEmpty ? value : acceptEncoding + "," + value
    case .requestID: requestID = value
    case .traceParent: traceParent = value
    case .ifNoneMatch: ifNoneMatch = value
    case .userAgent: userAgent = value
    case .binaryHeaderLength: binaryHeaderLength = value
    case .corsMethod: corsMethod = value
    case .authorization: authorization = value
    case .dialect: dialectName = value
    case .vertexRedirect: vertexRedirect = value
    case .eventID: event.id = value
    case .eventType: event.type = value
    case .eventSource: event.source = value
    case .eventVersion: event.version = value
    }
  }
}

extension String {
  /// Equal but for the case of ASCII letters.
  func isSame(as other: String) -> Bool {
    utf8.count == other.utf8.count && lowercased() == other.lowercased()
  }
}
