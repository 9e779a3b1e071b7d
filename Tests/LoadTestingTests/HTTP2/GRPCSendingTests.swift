import Testing

@testable import LoadTesting

/// What the client sends, and when.
@Suite struct GRPCSendingTests {
  typealias Server = ScriptedServer
  typealias Frame = ScriptedServer.Frame

  private func bytes(_ frames: [Frame]) -> [UInt8] {
    frames.filter { $0.kind == 0 }.flatMap(\.payload)
  }

  // MARK: Headers

  @Test func `says its headers once, and refers to them then`() {
    var server = Server()
    for _ in 0..<3 { server.ask() }
    let blocks = server.sent().filter { $0.kind == 1 }
    #expect(blocks.map(\.stream) == [1, 3, 5])
    #expect(blocks.allSatisfy { $0.flags == 4 })
    #expect(blocks[0].payload.starts(with: [0x83, 0x86, 0x44, 42] + Array(Server.path.utf8)))
    #expect(blocks[0].payload.suffix(10).elementsEqual("apus-bench".utf8))
    // RFC 7541, 2.3.3: the last that came in is 62.
    #expect(blocks[1].payload == [0x83, 0x86, 0xC2, 0xC1, 0xC0, 0xBF, 0xBE])
    #expect(blocks[2].payload == blocks[1].payload)
  }

  @Test func `says its headers each time where there is no table`() {
    var server = Server(settings: [(1, 0)])
    for _ in 0..<3 { server.ask() }
    let blocks = server.sent().filter { $0.kind == 1 }.map(\.payload)
    #expect(blocks[0].starts(with: [0x20, 0x83, 0x86, 0x04, 42]))
    #expect(blocks[1] == Array(blocks[0].dropFirst()))
    #expect(blocks[2] == blocks[1])
  }

  @Test func `leaves a table that becomes too small, and stays in one that does not`() {
    var server = Server()
    server.ask()
    server.send(Server.settings([(1, 1_000)]))
    server.ask()
    server.ask()
    server.send(Server.settings([(1, 100)]))
    server.ask()
    server.send(Server.settings([(1, 4_096)]))
    server.ask()
    let blocks = server.sent().filter { $0.kind == 1 }.map(\.payload)
    #expect(blocks[1].starts(with: [0x3F, 0xC9, 0x07, 0x83, 0x86, 0xC2]))
    #expect(blocks[2].starts(with: [0x83, 0x86, 0xC2]))
    #expect(blocks[3].starts(with: [0x20, 0x83, 0x86, 0x04, 42]))
    #expect(blocks[4].starts(with: [0x83, 0x86, 0x04, 42]))
  }

  @Test func `needs no table for headers that fill one`() {
    let fields = RequestFields(
      path: "/" + String(repeating: "p", count: 5_000), authority: "a", isEncrypted: true)
    var table = RequestFields.Table()
    let first = fields.next(&table)
    // 5001 of 7 bits and more.
    #expect(first.starts(with: [0x83, 0x87, 0x04, 0x7F, 0x8A, 0x26, UInt8(ascii: "/")]))
    #expect(fields.next(&table) == first)
  }

  // MARK: Messages

  @Test func `sends a message behind its length, and that it was all`() {
    var server = Server(messages: [[1, 2, 3], []])
    server.ask(0)
    server.ask(1)
    #expect(
      server.sent().filter { $0.kind == 0 } == [
        Frame(kind: 0, flags: 1, stream: 1, payload: [0, 0, 0, 0, 3, 1, 2, 3]),
        Frame(kind: 0, flags: 1, stream: 3, payload: [0, 0, 0, 0, 0]),
      ])
  }

  /// 100,000 bytes that differ.
  private let large = (0..<100_000).map { UInt8(truncatingIfNeeded: $0 ^ $0 >> 8) }

  @Test func `cuts a message to frames, and stops at the window`() {
    var server = Server(messages: [large])
    server.ask()
    let first = server.sent()
    #expect(first.filter { $0.kind == 0 }.map(\.payload.count) == [16_384, 16_384, 16_384, 16_383])
    #expect(first.allSatisfy { $0.flags & 1 == 0 || $0.kind != 0 })
    // Both windows are used up: of the call alone does not help.
    server.send(HTTP2Frame.windowUpdate(stream: 1, 1_000_000))
    #expect(server.sent().isEmpty)
    server.send(HTTP2Frame.windowUpdate(stream: 0, 20_000))
    let second = server.sent()
    #expect(second.map(\.payload.count) == [16_384, 3_616])
    server.send(HTTP2Frame.windowUpdate(stream: 0, 1_000_000))
    let third = server.sent()
    #expect(third.last?.flags == 1)
    #expect(bytes(first + second + third) == Server.message(large))
  }

  @Test func `stops at the window of a call, which its server may change`() {
    var server = Server(messages: [large], settings: [(4, 10)])
    server.send(HTTP2Frame.windowUpdate(stream: 0, 1_000_000))
    server.ask()
    #expect(bytes(server.sent()).count == 10)
    server.send(Server.settings([(4, 4)]))
    // Six bytes more were sent than it takes now.
    server.send(HTTP2Frame.windowUpdate(stream: 1, 6))
    #expect(bytes(server.sent()).isEmpty)
    server.send(HTTP2Frame.windowUpdate(stream: 1, 1))
    #expect(bytes(server.sent()).count == 1)
    server.send(Server.settings([(4, 104), (5, 20_000)]))
    #expect(bytes(server.sent()).count == 100)
    server.send(Server.settings([(4, 200_000)]))
    let rest = server.sent().filter { $0.kind == 0 }
    #expect(rest.first?.payload.count == 20_000)
    #expect(rest.last?.flags == 1)
    #expect(bytes(rest).count == 100_005 - 111)
  }

  @Test func `gives a window to who has waited longest`() {
    var server = Server(messages: [large, [1]])
    server.ask(0, ticket: 1)
    server.ask(0, ticket: 2)
    server.ask(1, ticket: 3)
    _ = server.sent()
    server.send(HTTP2Frame.windowUpdate(stream: 1, 1_000_000))
    server.send(HTTP2Frame.windowUpdate(stream: 0, 50_000))
    let frames = server.sent().filter { $0.kind == 0 }
    #expect(Set(frames.prefix(3).map(\.stream)) == [1])
    #expect(frames.dropFirst(3).first?.stream == 3)
    server.send(HTTP2Frame.windowUpdate(stream: 0, 1_000_000))
    #expect(server.sent().contains { $0.stream == 5 && $0.flags == 1 })
  }

  @Test func `sends no more of a message that was answered before its end`() {
    var server = Server(messages: [large])
    server.ask()
    _ = server.sent()
    server.send(Server.trailers(Server.good + Server.field("grpc-status", "8")))
    #expect(server.problem?.kind == "grpc_resource_exhausted")
    #expect(server.sent() == [Frame(kind: 3, flags: 0, stream: 1, payload: [0, 0, 0, 8])])
    server.send(HTTP2Frame.windowUpdate(stream: 0, 1_000_000))
    #expect(server.sent().isEmpty)
  }

  @Test func `sends no more of a message that was broken off`() {
    for frame in [
      HTTP2Frame.frame(3, stream: 1, [0, 0, 0, 2]), HTTP2Frame.frame(7, [0, 0, 0, 0, 0, 0, 0, 0]),
    ] {
      var server = Server(messages: [large])
      server.ask()
      _ = server.sent()
      server.send(frame)
      server.send(HTTP2Frame.windowUpdate(stream: 0, 1_000_000))
      #expect(server.sent().isEmpty)
      #expect(server.ended.count == 1)
    }
  }

  // MARK: Windows of its own

  @Test func `gives back what it took`() {
    var server = Server()
    server.ask()
    let part = [UInt8](repeating: 0, count: 16_384)
    server.send(Server.headers(Server.good) + Server.data([0, 0x7F, 0, 0, 0]))
    _ = server.sent()
    var given: [UInt32: Int] = [:]
    // 600 MiB, of which the call's window is 16 and the connection's 1,024.
    let frame = Server.data(part)
    for _ in 0..<38_400 { server.send(frame) }
    for update in server.sent() {
      #expect(update.kind == 8)
      given[update.stream, default: 0] += Int(
        update.payload.withUnsafeBytes { HTTP2Frame.number($0, at: 0) })
    }
    #expect(given[0] ?? 0 >= 512 << 20)
    #expect(given[1] ?? 0 >= 592 << 20)
    #expect(given[1] ?? 0 <= 600 << 20 + 5)
  }

  @Test func `asks no more when its numbers are used up`() {
    var server = Server()
    // The last is 2^31 - 1; a test that asks so often would take minutes.
    server.useUpStreams(leaving: 2)
    server.ask(ticket: 1)
    #expect(!server.client.isOver)
    server.ask(ticket: 2)
    #expect(server.client.isOver)
    #expect(server.client.freeCount == 0)
    server.send(Server.answer(stream: 1 << 31 - 3) + Server.answer(stream: 1 << 31 - 1))
    #expect(server.ended.map(\.ticket) == [1, 2])
    #expect(server.problem == nil)
  }
}
