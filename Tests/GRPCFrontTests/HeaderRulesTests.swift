import Testing

@testable import GRPCFront

@Suite struct HeaderRulesTests {
  private static let good = [
    (":method", "POST"), (":scheme", "http"), (":path", "/a.B/C"), ("te", "trailers"),
    ("x-empty", ""), ("x-text", "two words"),
  ]

  private func areKept(_ fields: [(String, String)]) -> Bool {
    var rules = HeaderRules()
    for (name, value) in fields { rules.check(name, value) }
    return rules.areKept
  }

  @Test func `lets a call pass`() {
    #expect(areKept(Self.good))
    #expect(areKept([(":authority", "localhost")] + Self.good))
  }

  @Test(arguments: [":method", ":scheme", ":path"])
  func `misses what must be there`(_ name: String) {
    #expect(!areKept(Self.good.filter { $0.0 != name }))
    #expect(!areKept(Self.good.map { $0.0 == name ? ($0.0, "") : $0 }))
  }

  @Test(arguments: [
    ("X-Name", "1"), ("", "1"), ("a b", "1"), ("a:b", "1"), ("n\u{e9}", "1"),
    ("connection", "close"),
    ("keep-alive", "5"), ("proxy-connection", "x"), ("transfer-encoding", "chunked"),
    ("upgrade", "h2c"), ("te", "gzip"), ("x", "a\nb"), ("x", "a\rb"), ("x", "a\0b"), ("x", " a"),
    ("x", "a\t"), (":path", "/late"), (":status", "200"),
  ])
  func `finds what is forbidden`(_ name: String, _ value: String) {
    #expect(!areKept(Self.good + [(name, value)]))
  }

  @Test(arguments: [(":path", "/twice"), (":status", "200"), (":protocol", "x")])
  func `finds what is forbidden at the beginning`(_ name: String, _ value: String) {
    #expect(!areKept(Array(Self.good[..<3]) + [(name, value)]))
  }
}
