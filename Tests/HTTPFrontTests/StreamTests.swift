import Inference
import NIOCore
import NIOEmbedded
import TestSupport
import Testing

@testable import HTTPFront

@Suite(.timeLimit(.minutes(1))) struct StreamTests {
  private let path = "/v2/models/echo/generate"
  private let body = #"{"INPUT0":[1.5]}"#
  private let event = #"data: {"model_name":"echo","model_version":"1","OUTPUT0":1.5}"# + "\n\n"

  /// The answer up to its end.
  private func stream(
    _ front: FrontFixture, _ head: String = "POST /v2/models/echo/generate_stream HTTP/1.1"
  ) -> String {
    var answer = front.send(
      "\(head)\r\nHost: localhost\r\nContent-Length: \(body.utf8.count)\r\n\r\n" + body)
    _ = eventually {
      answer += front.received()
      return answer.hasSuffix("0\r\n\r\n") || !front.isOpen
    }
    return answer
  }

  /// The contents of chunks; `nil` where they are not framed well.
  private func chunks(_ body: String) -> String? {
    var rest = Substring(body)
    var content = ""
    while let line = rest.firstRange(of: "\r\n"),
      let count = Int(rest[..<line.lowerBound], radix: 16)
    {
      rest = rest[line.upperBound...]
      if count == 0 { return rest == "\r\n" ? content : nil }
      content += String(decoding: Array(rest.utf8.prefix(count)), as: UTF8.self)
      rest = Substring(String(decoding: Array(rest.utf8.dropFirst(count)), as: UTF8.self))
      guard rest.hasPrefix("\r\n") else { return nil }
      rest = rest.dropFirst(1)
    }
    return nil
  }

  @Test(arguments: [1, 3, 300])
  func `each part is an event`(count: Int) throws {
    let front = try FrontFixture(.repeating(count))
    let answer = stream(front)
    #expect(answer.status == 200)
    #expect(answer.header("Content-Type") == "text/event-stream; charset=utf-8")
    #expect(answer.header("Transfer-Encoding") == "chunked")
    #expect(answer.header("Content-Length") == nil)
    #expect(chunks(answer.body) == String(repeating: event, count: count))
    let record = try #require(front.observer.records.first)
    #expect(record.outcome == .success && record.served.isDecoupled && record.written != .never)
    #expect(front.isOpen)
    // The connection serves on.
    #expect(front.get("/v2/health/live").status == 200)
  }

  @Test func `a client of HTTP 1_0 gets the parts until the connection closes`() throws {
    let front = try FrontFixture(.repeating(2))
    let answer = stream(front, "POST /v2/models/echo/generate_stream HTTP/1.0")
    #expect(answer.header("Transfer-Encoding") == nil)
    #expect(answer.header("Connection") == "close")
    #expect(answer.body == event + event && !front.isOpen)
  }

  @Test func `a model that answers once has one event, or one document`() throws {
    let front = try FrontFixture()
    #expect(chunks(stream(front).body) == event)
    let answer = front.post(path, body)
    #expect(answer.status == 200 && answer.header("Content-Type") == "application/json")
    #expect(answer.body == event.dropFirst(6).dropLast(2))
  }

  @Test func `one answer of a model that gives several is an error`() throws {
    let front = try FrontFixture(.repeating(3))
    var answer = front.post(path, body)
    if answer.isEmpty { answer = front.awaitAnswer() }
    #expect(answer.status == 501 && answer.body.contains("exactly 1 answer, got 3"))
    let refused = front.post("/v2/models/echo/infer", oneNumber)
    #expect(refused.status == 501 && refused.body.contains("generate_stream"))
  }

  @Test func `a failure before the first part has its own status`() throws {
    let front = try FrontFixture(.failing(RuntimeFault(code: .failed, message: "no")))
    var answer = front.post("\(path)_stream", body)
    if answer.isEmpty { answer = front.awaitAnswer() }
    #expect(answer.status == 500)
    #expect(answer.header("Content-Type") == "text/event-stream; charset=utf-8")
    #expect(answer.body == "data: {\"error\":\"the model failed: no\"}\n\n")
    let wrong = front.post("\(path)_stream", "{}")
    #expect(wrong.status == 400 && wrong.header("Content-Type") == "application/json")
  }

  @Test func `a client that leaves before the answer cancels the run`() throws {
    let gate = Gate()
    let front = try FrontFixture(.gated(gate), isCheap: false)
    _ = front.post("\(path)_stream", body)
    #expect(eventually { gate.waiting == 1 })
    front.hangUp()
    #expect(eventually { gate.waiting == 0 })
    #expect(front.observer.records.first?.outcome == .cancelled)
  }
}
