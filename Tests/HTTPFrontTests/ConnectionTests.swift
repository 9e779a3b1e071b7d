import Inference
import Synchronization
import TestSupport
import Testing

@testable import HTTPFront

@Suite(.timeLimit(.minutes(1))) struct ConnectionTests {
  @Test func `answers one request after the other on one connection`() throws {
    let front = try FrontFixture()
    for _ in 0..<3 {
      let answer = front.get("/v2/health/live")
      #expect(answer.status == 200)
      #expect(answer.body == #"{"live":true}"#)
    }
    #expect(front.isOpen)
    #expect(front.observer.records.count == 3)
  }

  @Test func `answers pipelined requests in their order`() throws {
    let front = try FrontFixture()
    let one = "GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\nX-Request-Id: "
    let answers = front.send(one + "a\r\n\r\n" + one + "b\r\n\r\n" + one + "c\r\n\r\n")
    let ids = answers.split(separator: "\r\n").filter { $0.hasPrefix("X-Request-Id") }
    #expect(ids == ["X-Request-Id: a", "X-Request-Id: b", "X-Request-Id: c"])
  }

  @Test func `answers what came whole before bytes that are no HTTP`() throws {
    let gate = Gate()
    let front = try FrontFixture(.gated(gate), isCheap: false)
    let infer =
      "POST /v2/models/echo/infer HTTP/1.1\r\nHost: localhost\r\n"
      + "Content-Length: \(oneNumber.utf8.count)\r\n\r\n" + oneNumber
    #expect(front.send(infer + "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n{}\r\n\r\n") == "")
    gate.open()
    var text = ""
    #expect(
      eventually {
        text += front.received()
        return !front.isOpen
      })
    text += front.received()
    let statuses = text.matches(of: /HTTP\/1\.1 (\d+)/).map(\.output.1)
    #expect(statuses == ["200", "200", "400"])
  }

  @Test func `takes up what follows a request whose refusal has not left`() throws {
    let front = try FrontFixture()
    // With two connections an answer waits for the end of the turn.
    let other = try FrontFixture(beside: front)
    let answers = other.send(
      "POST /v2/models/none/infer HTTP/1.1\r\nHost: localhost\r\nContent-Length: 2\r\n\r\n{}"
        + "GET /livez HTTP/1.1\r\nHost: localhost\r\n\r\n")
    let statuses = answers.matches(of: /HTTP\/1\.1 (\d+)/).map(\.output.1)
    #expect(statuses == ["404", "200"])
  }

  @Test func `closes where the rest of a refused body is no HTTP`() throws {
    let front = try FrontFixture()
    let head = "Host: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    #expect(front.send("POST /v2/models/none/infer HTTP/1.1\r\n" + head).status == 404)
    #expect(front.isOpen)
    front.send("no size of a chunk\r\n")
    front.pass(seconds: 4)
    #expect(!front.isOpen)
  }

  @Test func `keeps pipelined requests waiting while one computes`() throws {
    let gate = Gate()
    let front = try FrontFixture(.gated(gate), isCheap: false)
    let infer =
      "POST /v2/models/echo/infer HTTP/1.1\r\nHost: localhost\r\n"
      + "Content-Length: \(oneNumber.utf8.count)\r\n\r\n" + oneNumber
    let early = front.send(infer + "GET /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(early == "")
    gate.open()
    var text = ""
    #expect(
      eventually {
        text += front.received()
        return text.contains("live")
      })
    #expect(text.firstRange(of: "OUTPUT0")!.lowerBound < text.firstRange(of: "live")!.lowerBound)
  }

  @Test func `closes after HTTP 1.0 unless it is asked to stay`() throws {
    let front = try FrontFixture()
    let stay = front.send("GET /livez HTTP/1.0\r\nConnection: keep-alive\r\n\r\n")
    #expect(stay.header("Connection") == "keep-alive")
    #expect(front.isOpen)
    let leave = front.send("GET /livez HTTP/1.0\r\n\r\n")
    #expect(leave.header("Connection") == "close")
    #expect(!front.isOpen)
  }

  @Test func `closes where the client asks for it`() throws {
    let front = try FrontFixture()
    #expect(front.get("/livez", "Connection: close\r\n").header("Connection") == "close")
    #expect(!front.isOpen)
  }

  @Test func `leaves the body of an answer to HEAD out and keeps its length`() throws {
    let front = try FrontFixture()
    let answer = front.send("HEAD /v2/health/live HTTP/1.1\r\nHost: localhost\r\n\r\n")
    #expect(answer.status == 200)
    #expect(answer.header("Content-Length") == "13")
    #expect(answer.body == "")
  }

  @Test func `takes a body in chunks and in any pieces`() throws {
    let front = try FrontFixture()
    front.send(
      "POST /v2/models/echo/infer HTTP/1.1\r\nHost: localhost\r\nTransfer-Encoding: chunked\r\n\r\n"
    )
    for letter in oneNumber { #expect(front.send("1\r\n\(letter)\r\n") == "") }
    let answer = front.send("0\r\n\r\n")
    #expect(answer.status == 200)
    #expect(answer.body.contains("[1.5]"))
    #expect(front.isOpen)
  }

  @Test func `says continue to a client that waits for it, and not after a refusal`() throws {
    let front = try FrontFixture()
    let head = "HTTP/1.1\r\nHost: localhost\r\nExpect: 100-continue\r\nContent-Length: "
    let length = oneNumber.utf8.count
    let word = front.send("POST /v2/models/echo/infer \(head)\(length)\r\n\r\n")
    #expect(word == "HTTP/1.1 100 Continue\r\n\r\n")
    #expect(front.send(oneNumber).status == 200)
    let refusal = front.send("POST /v2/models/nobody/infer \(head)\(length)\r\n\r\n")
    #expect(refusal.status == 404)
    #expect(refusal.header("Connection") == "close")
  }

  @Test func `does not meet other expectations`() throws {
    let front = try FrontFixture()
    #expect(front.get("/livez", "Expect: a-miracle\r\n").status == 417)
  }

  @Test func `goes on after a refusal whose body is small`() throws {
    let front = try FrontFixture()
    #expect(front.post("/v2/models/nobody/infer", oneNumber).status == 404)
    #expect(front.get("/livez").status == 200)
  }

  @Test func `spends no model time on a client that went away while it waited`() throws {
    let gate = Gate()
    let first = try FrontFixture(.gated(gate), isCheap: false)
    let second = try FrontFixture(beside: first)
    #expect(first.post("/v2/models/echo/infer", oneNumber) == "")
    #expect(eventually { gate.waiting == 1 })
    #expect(second.post("/v2/models/echo/infer", oneNumber) == "")
    second.hangUp()
    #expect(first.observer.records.map(\.outcome) == [.cancelled])
    gate.open()
    #expect(first.awaitAnswer().status == 200)
    let model = try #require(first.model as? FakeModel)
    #expect(model.startedCount.load(ordering: .sequentiallyConsistent) == 1)
  }

  @Test func `closes idle connections and ends busy ones after their answer when draining`() throws
  {
    let idle = try FrontFixture()
    idle.front.beginDraining()
    #expect(!idle.isOpen)
    let gate = Gate()
    let busy = try FrontFixture(.gated(gate), isCheap: false)
    #expect(busy.post("/v2/models/echo/infer", oneNumber) == "")
    busy.front.beginDraining()
    gate.open()
    let answer = busy.awaitAnswer()
    #expect(answer.status == 200)
    #expect(answer.header("Connection") == "close")
    #expect(!busy.isOpen)
  }

  @Test func `takes over a good request id and replaces a bad one`() throws {
    let front = try FrontFixture()
    #expect(front.get("/livez", "X-Request-Id: abc-1\r\n").header("X-Request-Id") == "abc-1")
    let made = front.get("/livez", "X-Request-Id: a b\r\n").header("X-Request-Id")
    #expect(made?.count == 13)
    let long = String(repeating: "x", count: 129)
    #expect(front.get("/livez", "X-Request-Id: \(long)\r\n").header("X-Request-Id")?.count == 13)
    #expect(front.observer.records.map(\.context.id.count) == [5, 13, 13])
  }
}
