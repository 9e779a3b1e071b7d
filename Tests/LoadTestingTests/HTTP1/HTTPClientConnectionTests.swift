import Testing

@testable import LoadTesting

@Suite struct HTTPClientConnectionTests {
  private static let good = "HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\nok"

  /// Wants the answers to one sample.
  private struct Keeper: AnswerKeeper {
    let sample: Int
    func wants(_ sample: Int) -> Bool { sample == self.sample }
    func keep(_ answer: LoadAnswer, of sample: Int) {}
  }

  private var connection = HTTPClientConnection(
    [Array("one".utf8), Array("two".utf8)], answers: Keeper(sample: 1))
  private var outgoing = OutgoingBytes()
  private var ended: [EndedCall] = []

  private mutating func ask(_ sample: Int, ticket: Int) {
    connection.ask(sample, ticket: ticket, &outgoing)
  }

  private mutating func receive(_ text: String) {
    var told: [EndedCall] = []
    Array(text.utf8).withUnsafeBytes {
      connection.receive($0, &outgoing) { told.append($0) }
    }
    ended += told
  }

  private mutating func close(_ problem: CallProblem = .connectionClosed) {
    var told: [EndedCall] = []
    connection.close(problem) { told.append($0) }
    ended += told
  }

  @Test mutating func `asks one at a time, with the bytes of the sample`() {
    #expect(connection.freeCount == 1)
    ask(1, ticket: 5)
    #expect(connection.freeCount == 0)
    #expect(outgoing.parts.map(\.bytes) == [Array("two".utf8)])
    receive(Self.good)
    #expect(ended.map(\.ticket) == [5])
    #expect(ended[0].problem == nil)
    #expect(connection.freeCount == 1)
  }

  @Test mutating func `hands over the answers that are wanted`() {
    ask(0, ticket: 1)
    receive(Self.good)
    ask(1, ticket: 2)
    receive(Self.good)
    #expect(ended.map(\.answer) == [nil, Array("ok".utf8)])
  }

  @Test mutating func `counts a refusal by its status`() {
    ask(0, ticket: 1)
    receive("HTTP/1.1 503 Full\r\nContent-Length: 0\r\n\r\n")
    #expect(ended[0].problem?.kind == "status_503")
    #expect(!connection.isOver)
  }

  @Test(arguments: [
    "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 2\r\n\r\nok", good + "more",
  ]) mutating func `is over after an answer that ends it`(_ answer: String) {
    ask(0, ticket: 1)
    receive(answer)
    #expect(ended[0].problem == nil)
    #expect(connection.isOver)
    #expect(connection.freeCount == 0)
  }

  @Test mutating func `is over where something comes that nobody asked for`() {
    receive("HTTP/1.1 408 Request Timeout\r\n\r\n")
    #expect(connection.isOver)
    #expect(ended.isEmpty)
  }

  @Test mutating func `ends a call with the connection's problem`() {
    ask(0, ticket: 1)
    receive("HTTP/1.1 200 OK\r\nContent-Length: 2\r\n\r\no")
    close()
    #expect(ended[0].problem == .connectionClosed)
    close()
    #expect(ended.count == 1)
  }

  @Test mutating func `takes the connection's end for the answer's where it has no other`() {
    ask(1, ticket: 1)
    receive("HTTP/1.1 200 OK\r\n\r\nall")
    close()
    #expect(ended[0].problem == nil)
    #expect(ended[0].answer == Array("all".utf8))
  }

  @Test mutating func `does not take a time that is over for an answer's end`() {
    ask(1, ticket: 1)
    receive("HTTP/1.1 200 OK\r\n\r\nall")
    close(.timeout)
    #expect(ended[0].problem == .timeout)
  }

  @Test mutating func `tells nonsense and is over`() {
    ask(0, ticket: 1)
    receive("220 smtp ready\r\n")
    #expect(ended[0].problem?.kind == "not_http")
    #expect(connection.isOver)
  }
}
