import NIOHPACK
import Testing

@testable import GRPCFront

@Suite struct CallHeadTests {
  @Test(arguments: [
    ("1H", CallHead.Timeout.nanoseconds(3_600_000_000_000)), ("2M", .nanoseconds(120_000_000_000)),
    ("3S", .nanoseconds(3_000_000_000)), ("250m", .nanoseconds(250_000_000)),
    ("7u", .nanoseconds(7_000)), ("99999999n", .nanoseconds(99_999_999)), ("0n", .nanoseconds(0)),
    ("", .unreadable("")), ("S", .unreadable("S")), ("100000000S", .unreadable("100000000S")),
    ("5s", .unreadable("5s")), ("-1S", .unreadable("-1S")), ("1.5S", .unreadable("1.5S")),
  ])
  func `reads timeouts`(_ text: String, _ expected: CallHead.Timeout) {
    #expect(CallHead.Timeout(text) == expected)
  }

  @Test func `takes from the headers what it knows, and forgets the call before`() {
    let head = CallHead()
    head.read(
      [
        ":method": "POST", ":path": "/a.B/C", "content-type": "application/grpc+proto",
        "grpc-encoding": "gzip", "grpc-accept-encoding": "identity, gzip", "x-who": "me",
        "triton_grpc_error": "true", "authorization": "Bearer k",
      ], callerHeader: "x-who")
    #expect(head.isPost && head.isGRPC && head.path == "/a.B/C" && head.encoding == "gzip")
    #expect(head.acceptsGzip && head.namedCaller == "me" && head.endsStreamOnFailure)
    head.read([":method": "GET", "grpc-encoding": "identity", "x-who": "you"], callerHeader: nil)
    #expect(!head.isPost && !head.isGRPC && head.encoding == nil && head.namedCaller == nil)
    #expect(!head.acceptsGzip && !head.endsStreamOnFailure && head.authorization == nil)
  }

  @Test func `keeps of the metadata what opens restricted calls, for one call`() {
    let head = CallHead()
    let names: Set = ["triton-grpc-protocol-key"]
    head.read(
      ["triton-grpc-protocol-key": "open", "other": "x"], callerHeader: nil, keyNames: names)
    #expect(head.keys == ["triton-grpc-protocol-key": "open"])
    head.read(["other": "x"], callerHeader: nil, keyNames: names)
    #expect(head.keys.isEmpty)
  }

  @Test(arguments: GRPCMethod.allCases)
  func `every call but reflection can be restricted`(_ method: GRPCMethod) {
    #expect((method.group == nil) == method.path.contains("ServerReflection"))
  }

  @Test(arguments: [
    ("application/grpc", true), ("application/grpc+proto", true), ("application/grpc;x=1", true),
    ("application/grpc+json", false), ("application/grpc-web", false), ("text/plain", false),
  ])
  func `knows gRPC by its content type`(_ type: String, _ isGRPC: Bool) {
    let head = CallHead()
    head.read(["content-type": type], callerHeader: nil)
    #expect(head.isGRPC == isGRPC)
  }

  @Test func `encodes messages as gRPC takes them`() {
    #expect(StatusText.encode("plain text") == "plain text")
    #expect(StatusText.encode("50%\n\u{fc}") == "50%25%0A%C3%BC")
    let long = StatusText.encode(String(repeating: "x", count: 100_000))
    #expect(long.utf8.count == StatusText.byteCountMax)
  }
}
