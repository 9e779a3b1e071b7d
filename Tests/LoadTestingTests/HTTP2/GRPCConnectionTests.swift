import Testing

@testable import LoadTesting

/// What the client makes of a server's answers.
@Suite struct GRPCConnectionTests {
  typealias Server = ScriptedServer

  @Test func `begins with the preface, its settings and a large window`() {
    var server = Server(settings: nil)
    let bytes = server.sentBytes()
    #expect(bytes.starts(with: Array("PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n".utf8)))
    var again = Server(settings: nil)
    let frames = again.sent()
    #expect(frames.map(\.kind) == [4, 8])
    // No table, no pushing.
    #expect(frames[0].payload.starts(with: [0, 1, 0, 0, 0, 0, 0, 2, 0, 0, 0, 0]))
    #expect(frames[1].payload == HTTP2Frame.bytes(of: 1 << 30 - 65_535))
  }

  @Test func `asks once before the server's settings are there, then as often as they say`() {
    var server = Server(settings: nil)
    #expect(server.client.freeCount == 1)
    server.ask()
    #expect(server.client.freeCount == 0)
    #expect(!server.client.isOver)
    _ = server.sent()
    server.send(Server.settings([(3, 2)]))
    #expect(server.sent() == [.init(kind: 4, flags: 1, stream: 0, payload: [])])
    #expect(server.client.freeCount == 1)
    server.ask()
    #expect(server.client.freeCount == 0)
    server.send(Server.answer())
    #expect(server.client.freeCount == 1)
    server.send(Server.settings([(3, 0)]))
    #expect(server.client.freeCount == 0)
    #expect(!server.client.isOver)
  }

  @Test(arguments: [1, 2, 3, 5, 9, 10, 14, 1_000])
  func `ends a call that has its answer, wherever the bytes are cut`(pieceByteCount: Int) {
    var server = Server(pieceByteCount: pieceByteCount, kept: [0])
    server.ask(ticket: 42)
    server.send(Server.answer([1, 2, 3, 4]))
    #expect(server.ended.count == 1)
    #expect(server.ended.first?.ticket == 42)
    #expect(server.problem == nil)
    #expect(server.ended.first?.answer == [1, 2, 3, 4])
    #expect(!server.client.isOver)
  }

  @Test func `keeps only what is wanted`() {
    var server = Server(messages: [[1], [2]], kept: [1])
    server.ask(0, ticket: 0)
    server.ask(1, ticket: 1)
    server.send(Server.answer([5], stream: 1) + Server.answer([6], stream: 3))
    #expect(server.ended.map(\.answer) == [nil, [6]])
  }

  @Test func `takes answers in any order`() {
    var server = Server()
    for ticket in 0..<3 { server.ask(ticket: ticket) }
    for stream: UInt32 in [5, 1, 3] { server.send(Server.answer(stream: stream)) }
    #expect(server.ended.map(\.ticket) == [2, 0, 1])
    #expect(server.ended.map { $0.problem } == [nil, nil, nil])
  }

  @Test func `takes answers whose frames are mixed, padded and empty`() {
    var server = Server(pieceByteCount: 1, kept: [0])
    server.ask(ticket: 0)
    server.ask(ticket: 1)
    let message = Server.message([1, 2, 3, 4])
    server.send(Server.headers(Server.good, stream: 3) + Server.headers(Server.good, stream: 1))
    server.send(Server.data([2] + message[..<3] + [0, 0], stream: 1, flags: 8))
    server.send(Server.data([], stream: 1) + Server.data([0], stream: 1, flags: 8))
    server.send(Server.data(message, stream: 3))
    server.send(Server.data([1] + message[3...] + [0], stream: 1, flags: 8))
    server.send(Server.trailers(Server.field("grpc-status", "0"), stream: 3))
    // Trailers with padding and a priority.
    let status = Server.field("grpc-status", "0")
    server.send(Server.headers([3, 0, 0, 0, 0, 9] + status + [0, 0, 0], flags: 0x2D))
    #expect(server.ended.map(\.ticket) == [1, 0])
    #expect(server.ended.map(\.answer) == [[1, 2, 3, 4], [1, 2, 3, 4]])
  }

  @Test func `takes headers that come in parts`() {
    var server = Server(pieceByteCount: 4)
    server.ask()
    server.send(Server.headers(Array(Server.good[..<5]), flags: 0))
    server.send(HTTP2Frame.frame(9, stream: 1, Array(Server.good[5..<9])))
    server.send(HTTP2Frame.frame(9, flags: 4, stream: 1, Array(Server.good[9...])))
    server.send(Server.data(Server.message([1])))
    server.send(Server.trailers(Server.field("grpc-status", "0")))
    #expect(server.ended.count == 1)
    #expect(server.problem == nil)
  }

  @Test func `reads over what comes before an answer, and frames that it does not know`() {
    var server = Server()
    server.ask()
    server.send(Server.headers(Server.field(":status", "103")))
    server.send(HTTP2Frame.frame(0xFA, stream: 0, [1, 2, 3]))
    server.send(HTTP2Frame.frame(2, stream: 1, [0, 0, 0, 0, 1]))
    server.send(Server.answer())
    #expect(server.ended.count == 1)
    #expect(server.problem == nil)
  }

  // MARK: Refusals

  @Test(arguments: [
    ("3", "grpc_invalid_argument", "INVALID_ARGUMENT: what it says"),
    ("14", "grpc_unavailable", "UNAVAILABLE"),
    ("8", "grpc_resource_exhausted", "RESOURCE_EXHAUSTED"),
    ("99", "grpc_unknown", "that gRPC does not have"), ("x", "grpc_unknown", "that gRPC"),
  ])
  func `tells a refusal by its code`(code: String, kind: String, text: String) {
    let trailers =
      Server.field("grpc-status", code) + Server.field("grpc-message", "what it%20says")
    // Headers and trailers in one, and both.
    let starts: [[UInt8]] = [[], Server.headers(Server.good)]
    for start in starts {
      var server = Server(kept: [0])
      server.ask()
      server.send(start + Server.trailers((start.isEmpty ? Server.good : []) + trailers))
      #expect(server.problem?.kind == kind)
      #expect(server.problem?.text.contains(text) == true)
      #expect(server.ended.first?.answer == nil)
      #expect(server.client.freeCount > 0)
    }
  }

  @Test func `tells a server that refuses with HTTP alone`() {
    var server = Server()
    server.ask()
    server.send(Server.headers(Server.field(":status", "503")))
    server.send(Server.data(Array("<html>".utf8), flags: 1))
    #expect(server.problem?.kind == "status_503")
  }

  struct Odd: Sendable {
    let text: String
    let bytes: [UInt8]

    init(_ text: String, _ bytes: [UInt8]) {
      self.text = text
      self.bytes = bytes
    }
  }

  private static let success: [UInt8] = trailers(field("grpc-status", "0"))
  private static let odd: [Odd] = [
    Odd("without grpc-status", headers(good) + data(message([1]), flags: 1)),
    Odd("no answer", headers(good) + success),
    Odd("more than one", headers(good) + data(message([1]) + message([2]))),
    Odd("packed", headers(good) + data([1, 0, 0, 0, 0])),
    Odd("in its middle", headers(good) + data(Array(message([1, 2]).dropLast())) + success),
    Odd("without headers", data(message([1]))),
    // Headers that are no last ones after headers, and first ones without a status.
    Odd("do not fit", headers(good) + headers(good)),
    Odd("do not fit", headers(field("content-type", "a"))),
  ]

  @Test(arguments: odd) func `tells what is no gRPC, and goes on`(odd: Odd) {
    let (bytes, text) = (odd.bytes, odd.text)
    var server = Server()
    server.ask()
    server.send(bytes)
    #expect(server.problem?.kind == "not_grpc")
    #expect(server.problem?.text.contains(text) == true, "\(server.problem?.text ?? "")")
    server.ask(ticket: 8)
    server.send(Server.answer(stream: 3))
    #expect(server.ended.map(\.ticket) == [7, 8])
    #expect(server.problem == nil)
  }

  @Test func `tells the server that it wants no more of an answer`() {
    var server = Server()
    server.ask()
    _ = server.sent()
    server.send(Server.headers(Server.good) + Server.data([1, 0, 0, 0, 0]))
    #expect(server.sent() == [.init(kind: 3, flags: 0, stream: 1, payload: [0, 0, 0, 8])])
    // What was on its way is read over.
    server.send(Server.data([1, 2]) + Server.trailers(Server.field("grpc-status", "0")))
    #expect(server.ended.count == 1)
  }

  @Test func `keeps no answer beyond a bound`() {
    var server = Server(kept: [0])
    server.ask()
    server.send(Server.headers(Server.good) + Server.data([0, 0xFF, 0, 0, 0]))
    #expect(server.problem?.kind == "not_grpc")
  }

  // MARK: Ends

  @Test(arguments: [(8, "CANCEL"), (11, "ENHANCE_YOUR_CALM"), (99, "error 99")])
  func `tells that a call was broken off`(code: UInt8, name: String) {
    var server = Server()
    server.ask()
    server.send(HTTP2Frame.frame(3, stream: 1, [0, 0, 0, code]))
    #expect(server.problem?.kind == "stream_reset")
    #expect(server.problem?.text.contains(name) == true)
    #expect(!server.client.isOver)
  }

  @Test func `asks once more what a server has refused without looking at it`() {
    var server = Server(kept: [0])
    server.ask(ticket: 5)
    let asked = server.sent()
    server.send(Server.headers(Server.good) + HTTP2Frame.frame(3, stream: 1, [0, 0, 0, 7]))
    #expect(server.ended.isEmpty)
    let again = server.sent()
    #expect(again.map(\.stream) == [3, 3])
    #expect(again.last?.payload == asked.last?.payload)
    server.send(Server.answer([6], stream: 3))
    #expect(server.ended.map(\.ticket) == [5])
    #expect(server.ended.first?.answer == [6])

    server.ask(ticket: 6)
    server.send(HTTP2Frame.frame(3, stream: 5, [0, 0, 0, 7]))
    server.send(HTTP2Frame.frame(3, stream: 7, [0, 0, 0, 7]))
    #expect(server.ended.map(\.ticket) == [5, 6])
    #expect(server.problem?.kind == "stream_reset")
    #expect(server.problem?.text.contains("REFUSED_STREAM") == true)
  }

  @Test func `lets calls end that a leaving server has taken`() {
    var server = Server()
    for ticket in 1...3 { server.ask(ticket: ticket) }
    server.send(HTTP2Frame.frame(7, [0, 0, 0, 3, 0, 0, 0, 0] + Array("bye".utf8)))
    #expect(server.ended.map(\.ticket) == [3])
    #expect(server.problem?.kind == "going_away")
    // It may be asked elsewhere; those that were taken may not.
    #expect(server.ended.map(\.isUntaken) == [true])
    #expect(server.client.freeCount == 0)
    #expect(server.client.isOver)
    server.send(Server.answer(stream: 1) + Server.answer(stream: 3))
    #expect(server.ended.map(\.ticket) == [3, 1, 2])
    #expect(server.ended.map(\.isUntaken) == [true, false, false])
    #expect(server.problem == nil)
  }

  @Test func `ends every call when the connection ends`() {
    var server = Server()
    server.ask(ticket: 1)
    server.ask(ticket: 2)
    server.close(CallProblem(kind: "connection_closed", text: "gone"))
    #expect(server.ended.map(\.ticket) == [1, 2])
    #expect(server.ended.allSatisfy { $0.problem?.kind == "connection_closed" })
    #expect(server.client.isOver)
    server.send(Server.answer())
    #expect(server.ended.count == 2)
  }

  @Test func `answers a PING and not the answer to one`() {
    var server = Server()
    server.send(HTTP2Frame.frame(6, [1, 2, 3, 4, 5, 6, 7, 8]))
    server.send(HTTP2Frame.frame(6, flags: 1, [1, 2, 3, 4, 5, 6, 7, 8]))
    #expect(
      server.sent() == [.init(kind: 6, flags: 1, stream: 0, payload: [1, 2, 3, 4, 5, 6, 7, 8])])
  }
}

private func headers(_ block: [UInt8]) -> [UInt8] { ScriptedServer.headers(block) }
private func trailers(_ block: [UInt8]) -> [UInt8] { ScriptedServer.trailers(block) }
private func message(_ bytes: [UInt8]) -> [UInt8] { ScriptedServer.message(bytes) }
private func data(_ bytes: [UInt8], flags: UInt8 = 0) -> [UInt8] {
  ScriptedServer.data(bytes, flags: flags)
}
private func field(_ name: String, _ value: String) -> [UInt8] {
  ScriptedServer.field(name, value)
}
private let good = ScriptedServer.good
