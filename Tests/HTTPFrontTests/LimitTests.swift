import FrontSupport
import Inference
import NIOCore
import TestSupport
import Testing

@testable import HTTPFront

@Suite(.timeLimit(.minutes(1))) struct LimitTests {
  private let infer = "POST /v2/models/echo/infer HTTP/1.1\r\nHost: localhost\r\n"

  @Test func `refuses a declared body over the limit before it comes`() throws {
    let front = try FrontFixture { $0.limits.bodyBytesMax = 100 }
    let answer = front.send(infer + "Content-Length: 101\r\n\r\n")
    #expect(answer.status == 413)
    #expect(answer.body.contains("100 bytes"))
  }

  @Test func `refuses a streamed body over the limit`() throws {
    let front = try FrontFixture { $0.limits.bodyBytesMax = 100 }
    front.send(infer + "Transfer-Encoding: chunked\r\n\r\n")
    let chunk = "40\r\n" + String(repeating: " ", count: 64) + "\r\n"
    #expect(front.send(chunk) == "")
    #expect(front.send(chunk).status == 413)
    // The rest of it is thrown away, and the connection goes on.
    #expect(front.send("0\r\n\r\n") == "")
    #expect(front.get("/livez").status == 200)
  }

  @Test func `gives up on a refused body that does not end`() throws {
    let front = try FrontFixture {
      $0.limits.bodyBytesMax = 100
      $0.limits.discardedBytesMax = 200
    }
    front.send(infer + "Transfer-Encoding: chunked\r\n\r\n")
    let chunk = "40\r\n" + String(repeating: " ", count: 64) + "\r\n"
    for _ in 0..<20 { front.send(chunk) }
    front.pass(seconds: 5)
    #expect(!front.isOpen)
  }

  @Test func `refuses headers that are too large`() throws {
    let front = try FrontFixture { $0.limits.headerBytesMax = 1_000 }
    let answer = front.get("/livez", "X-Long: \(String(repeating: "x", count: 1_000))\r\n")
    #expect(answer.status == 431)
    #expect(!front.isOpen)
  }

  @Test(arguments: [
    "Content-Length: 5\r\nContent-Length: 6\r\n",
    "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n",
    "Content-Length: five\r\n",
    "Content-Length: -1\r\n",
    "Transfer-Encoding: chunked, identity\r\n",
  ])
  func `refuses framing that two readers could read differently`(_ headers: String) throws {
    let front = try FrontFixture()
    let answer = front.send(infer + headers + "\r\nhello")
    #expect(answer.status == 400)
    #expect(answer.header("Connection") == "close")
    #expect(!front.isOpen)
    #expect(front.observer.records.count == 1)
  }

  @Test func `refuses other versions of HTTP`() throws {
    let front = try FrontFixture()
    #expect(front.send("GET / HTTP/3.0\r\nHost: localhost\r\n\r\n").status == 505)
    #expect(!front.isOpen)
  }

  @Test(arguments: ["\u{16}\u{3}\u{1}\u{2}\u{0}\r\n\r\n", "hello\r\n\r\n", "GET\r\n\r\n"])
  func `answers 400 to what is no HTTP`(_ bytes: String) throws {
    let front = try FrontFixture()
    #expect(front.send(bytes).status == 400)
    #expect(!front.isOpen)
  }

  @Test func `closes a connection that stays idle`() throws {
    let front = try FrontFixture()
    front.pass(seconds: 75)
    #expect(front.isOpen)
    front.pass(seconds: 2)
    #expect(!front.isOpen)
    #expect(front.received() == "")
  }

  @Test func `lets a connection rest between requests, also beyond the time of a head`() throws {
    let front = try FrontFixture()
    #expect(front.get("/livez").status == 200)
    front.pass(seconds: 60)
    #expect(front.get("/livez").status == 200)
    front.pass(seconds: 77)
    #expect(!front.isOpen)
    #expect(front.received() == "")
  }

  @Test func `answers 408 to a head that does not end`() throws {
    let front = try FrontFixture()
    front.send("GET /livez HT")
    front.pass(seconds: 9)
    #expect(front.isOpen)
    front.pass(seconds: 3)
    #expect(front.received().status == 408)
    #expect(!front.isOpen)
  }

  @Test func `a byte a second does not keep a head alive`() throws {
    let front = try FrontFixture()
    var text = ""
    for letter in "GET /livez HTTP/1.1" {
      text += front.send(String(letter))
      front.pass(seconds: 1)
    }
    #expect((text + front.received()).status == 408)
  }

  @Test func `answers 408 to a body that trickles`() throws {
    let front = try FrontFixture()
    front.send(infer + "Content-Length: 1000000\r\n\r\n")
    var text = ""
    for _ in 0..<12 {
      text += front.send("{")
      front.pass(seconds: 1)
    }
    #expect((text + front.received()).status == 408)
    front.pass(seconds: 4)
    #expect(!front.isOpen)
  }

  @Test func `waits for a body that is fast enough`() throws {
    let front = try FrontFixture()
    front.send(infer + "Content-Length: 1000000\r\n\r\n")
    for _ in 0..<30 {
      #expect(front.send(String(repeating: " ", count: 20_000)) == "")
      front.pass(seconds: 1)
    }
    #expect(front.isOpen)
  }

  @Test func `does not count a model's time against the connection`() throws {
    let gate = Gate()
    let front = try FrontFixture(.gated(gate), isCheap: false)
    #expect(front.post("/v2/models/echo/infer", oneNumber) == "")
    front.pass(seconds: 300)
    #expect(front.isOpen)
    gate.open()
    #expect(front.awaitAnswer().status == 200)
  }

  @Test func `takes the budget of all connections back`() throws {
    let front = try FrontFixture { $0.limits.collectedBytesMax = 100_000 }
    front.send(infer + "Content-Length: 300000\r\n\r\n")
    var text = ""
    for _ in 0..<10 { text += front.send(String(repeating: " ", count: 30_000)) }
    #expect(text.status == 429)
    #expect(front.shared.collectedBytes.byteCount == 0)
  }

  @Test func `counts places and gives them back`() {
    let connections = OpenConnections(countMax: 2)
    #expect(connections.enter() && connections.enter())
    #expect(!connections.enter())
    connections.leave()
    #expect(connections.enter())
    #expect(connections.count == 2)
    #expect(connections.refusedCount == 1)
  }
}
