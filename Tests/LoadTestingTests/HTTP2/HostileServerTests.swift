import Testing

@testable import LoadTesting

/// Servers that break the rules of HTTP/2: they are told so, every call ends, and nothing more is read.
@Suite struct HostileServerTests {
  typealias Server = ScriptedServer

  private static let others: [String: [UInt8]] = [
    "HTTP/1.1": Array("HTTP/1.1 400 Bad Request\r\n\r\n".utf8),
    "does not begin": Array("220 mail.example.com ESMTP".utf8),
    "does not begin as": frame(4, flags: 1, []),
    "does not begin as HTTP/2": frame(6, [1, 2, 3, 4, 5, 6, 7, 8]),
  ]

  @Test(arguments: others)
  func `tells a server that speaks something else`(text: String, bytes: [UInt8]) {
    for pieceByteCount in [1, 1_000] {
      var server = Server(pieceByteCount: pieceByteCount, settings: nil)
      server.ask()
      server.send(bytes)
      #expect(server.client.isOver)
      #expect(server.client.freeCount == 0)
      #expect(server.problem?.kind == "not_http2")
      #expect(server.problem?.text.contains(text) == true)
    }
  }

  struct Broken: Sendable {
    let bytes: [UInt8]
    let code: UInt8

    init(_ bytes: [UInt8], _ code: UInt8) {
      self.bytes = bytes
      self.code = code
    }
  }

  private static let broken: [Broken] = [
    // A frame that is too long; DATA with more padding than bytes, or that begins no call.
    Broken([0, 0x40, 1, 0, 0, 0, 0, 0, 1], 6),
    Broken(Server.data([9, 0, 0], flags: 8), 1),
    Broken(Server.data([], flags: 8), 6),
    Broken(Server.data([1], stream: 9), 1),
    Broken(Server.data([1], stream: 2), 1),
    Broken(Server.data([1], stream: 0), 1),
    // Headers of a call that nobody made, that cannot be read, or with more padding than bytes.
    Broken(Server.headers(Server.good, stream: 3), 1),
    Broken(Server.headers([0xBE]), 9),
    Broken(Server.headers([9], flags: 12), 1),
    Broken(Server.headers([], flags: 12), 1),
    Broken(Server.headers([0, 0, 0], flags: 0x24), 1),
    // Something between headers, or what continues none.
    Broken(Server.headers([0x88], flags: 0) + Server.data([1]), 1),
    Broken(Server.headers([0x88], flags: 0) + frame(6, [1, 2, 3, 4, 5, 6, 7, 8]), 1),
    Broken(Server.headers([0x88], flags: 0) + frame(9, flags: 4, stream: 3, [0x88]), 11),
    Broken(frame(9, flags: 4, stream: 1, [0x88]), 1),
    // Pushing; a reset, a ping, a goodbye, a window, settings that are none.
    Broken(frame(5, flags: 4, stream: 1, [0, 0, 0, 2, 0x88]), 1),
    Broken(frame(3, stream: 1, [0, 0, 0]), 1),
    Broken(frame(3, stream: 3, [0, 0, 0, 1]), 1),
    Broken(frame(6, [1]), 6),
    Broken(frame(6, stream: 1, [1, 2, 3, 4, 5, 6, 7, 8]), 6),
    Broken(frame(7, [0, 0, 0, 0]), 6),
    Broken(frame(7, stream: 1, [0, 0, 0, 0, 0, 0, 0, 0]), 6),
    Broken(frame(8, [0, 0, 0, 0]), 3),
    Broken(frame(8, [0x7F, 0xFF, 0xFF, 0xFF]), 3),
    Broken(frame(8, [1, 2]), 1),
    Broken(frame(8, stream: 3, [0, 0, 0, 1]), 1),
    Broken(frame(4, [0, 0, 0]), 6),
    Broken(frame(4, flags: 1, [0, 3, 0, 0, 0, 0]), 6),
    Broken(frame(4, stream: 1, []), 6),
    Broken(Server.settings([(2, 1)]), 1),
    Broken(Server.settings([(4, 1 << 31)]), 1),
    Broken(Server.settings([(5, 16_383)]), 1),
    Broken(Server.settings([(5, 1 << 24)]), 1),
  ]

  @Test(arguments: broken)
  func `ends a connection on which the rules are broken`(broken: Broken) {
    let (bytes, code) = (broken.bytes, broken.code)
    for pieceByteCount in [1, 1_000] {
      var server = Server(pieceByteCount: pieceByteCount)
      server.ask()
      _ = server.sent()
      server.send(bytes)
      #expect(server.problem?.kind == "not_http2")
      #expect(server.client.isOver)
      let goAway = server.sent().last
      #expect(goAway?.kind == 7)
      #expect(goAway?.payload == [0, 0, 0, 0, 0, 0, 0, code])
      server.send(Server.answer())
      #expect(server.ended.count == 1)
    }
  }

  @Test func `ends a call whose window is none, and no other`() {
    for increment in [[0, 0, 0, 0], [0x7F, 0xFF, 0xFF, 0xFF]] as [[UInt8]] {
      var server = Server()
      server.ask()
      _ = server.sent()
      server.send(HTTP2Frame.frame(8, stream: 1, increment))
      #expect(server.problem?.kind == "not_http2")
      #expect(server.sent() == [.init(kind: 3, flags: 0, stream: 1, payload: [0, 0, 0, 3])])
      #expect(!server.client.isOver)
    }
  }

  @Test func `ends a connection whose settings give a call too much`() {
    var server = Server()
    server.ask()
    server.send(HTTP2Frame.windowUpdate(stream: 1, 1 << 30))
    server.send(Server.settings([(4, 1 << 31 - 1)]))
    #expect(server.problem?.kind == "not_http2")
  }

  @Test func `collects no endless headers`() {
    let parts: [[UInt8]] = [[], Array(repeating: 0, count: 1_000)]
    for part in parts {
      var server = Server()
      server.ask()
      server.send(Server.headers([0x88], flags: 0))
      for _ in 0..<66 { server.send(HTTP2Frame.frame(9, stream: 1, part)) }
      #expect(server.problem?.kind == "not_http2")
    }
  }

  @Test func `answers no endless questions of a server that does not read`() {
    for question in [HTTP2Frame.frame(6, [1, 2, 3, 4, 5, 6, 7, 8]), Server.settings([])] {
      var server = Server()
      server.ask()
      for _ in 0..<70_000 where !server.client.isOver { server.send(question) }
      #expect(server.problem?.kind == "not_http2")
      #expect(server.sentBytes().count < 2 << 20)
    }
  }

  @Test func `survives an answer that is cut, turned or doubled anywhere`() {
    let answer = Server.settings([(3, 100)]) + Server.answer([1, 2, 3, 4, 5, 6])
    for place in answer.indices {
      for value: UInt8 in [0, 1, 0x7F, 0x80, 0xFF] {
        var server = Server(pieceByteCount: 7, kept: [0])
        server.ask()
        var bytes = answer
        bytes[place] = value
        server.send(bytes)
        server.send(Array(answer[place...]))
        server.close(CallProblem(kind: "connection_closed", text: "gone"))
        #expect(server.ended.count == 1, "byte \(place) as \(value)")
      }
    }
  }
}

private func frame(
  _ kind: UInt8, flags: UInt8 = 0, stream: UInt32 = 0, _ payload: [UInt8]
) -> [UInt8] {
  HTTP2Frame.frame(kind, flags: flags, stream: stream, payload)
}
