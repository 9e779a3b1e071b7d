/// The request headers that the front looks at, found in one pass over a head.
enum HeaderName {
  case host, origin, expect, accept
  case contentType, contentLength, contentEncoding, acceptEncoding
  case requestID, traceParent, ifNoneMatch, userAgent, binaryHeaderLength
  case corsMethod
  case authorization
  case dialect, eventID, eventType, eventSource, eventVersion, vertexRedirect

  /// Recognises a name by its length, then letter by letter whatever the case.
  init?(_ name: String) {
    var name = name
    guard let found = name.withUTF8(Self.find) else { return nil }
    self = found
  }

  private static func find(_ name: UnsafeBufferPointer<UInt8>) -> HeaderName? {
    func given(_ expected: StaticString, _ header: HeaderName) -> HeaderName? {
      matches(name, expected) ? header : nil
    }
    switch name.count {
    case 4: return given("host", .host)
    case 5: return given("ce-id", .eventID)
    case 7: return given("ce-type", .eventType)
    case 9: return given("ce-source", .eventSource)
    case 6:
      return given("accept", .accept) ?? given("origin", .origin) ?? given("expect", .expect)
    case 10: return given("user-agent", .userAgent)
    case 11: return given("traceparent", .traceParent)
    case 12: return given("content-type", .contentType) ?? given("x-request-id", .requestID)
    case 13: return given("if-none-match", .ifNoneMatch) ?? given("authorization", .authorization)
    case 14:
      return given("content-length", .contentLength) ?? given("x-apus-dialect", .dialect)
        ?? given("ce-specversion", .eventVersion)
    case 15: return given("accept-encoding", .acceptEncoding)
    case 16: return given("content-encoding", .contentEncoding)
    case 27: return given("x-vertex-ai-triton-redirect", .vertexRedirect)
    case 29: return given("access-control-request-method", .corsMethod)
    case 31: return given("inference-header-content-length", .binaryHeaderLength)
    default: return nil
    }
  }

  /// Setting bit 5 makes letters lower-case and leaves digits and `-` as they are; the parser lets
  /// no byte into a name that would thereby turn into one of those.
  private static func matches(
    _ name: UnsafeBufferPointer<UInt8>, _ expected: StaticString
  ) -> Bool {
    let wanted = expected.utf8Start
    for index in 0..<name.count where name[index] | 0x20 != wanted[index] { return false }
    return true
  }
}
