@testable import LoadTesting

/// A server's frames end every call of a client once, and alike wherever the network cuts them; what
/// is kept of them is within bounds.
func fuzzGRPCClient(_ bytes: UnsafeRawBufferPointer) {
  guard let (choice, rest) = choice(bytes) else { return }
  let whole = CallsHeard(rest, pieceByteCount: max(1, rest.count), asked: choice)
  let cut = CallsHeard(rest, pieceByteCount: 1 + Int(choice >> 4), asked: choice)
  require(whole == cut, "cut or not:\n\(whole)\n\(cut)")
}

/// Some calls to a server, and what became of them.
private struct CallsHeard: Equatable, CustomStringConvertible {
  private struct End: Equatable {
    let problem: CallProblem?
    let answer: [UInt8]?
  }

  private var ends: [Int: End] = [:]
  private var order: [Int] = []
  private var sent: [UInt8] = []
  private var freeCount: Int

  var description: String {
    "\(order.map { "\($0): \(ends[$0]?.problem?.text ?? "answered")" }), \(sent.count) bytes sent, "
      + "\(freeCount) free"
  }

  private struct EveryOther: AnswerKeeper {
    func wants(_ sample: Int) -> Bool { sample == 1 }
    func keep(_ answer: LoadAnswer, of sample: Int) {}
  }

  private static let requests = GRPCRequests(
    path: "/service/method", authority: "host:1", isEncrypted: false,
    // The second does not go through a usual window at once.
    messages: [[1, 2, 3], [UInt8](repeating: 7, count: 70_000)])

  init(_ bytes: UnsafeRawBufferPointer, pieceByteCount: Int, asked: UInt8) {
    var client = GRPCConnection(Self.requests, answers: EveryOther())
    var outgoing = OutgoingBytes()
    var ended: [EndedCall] = []
    client.begin(&outgoing)
    HTTP2Frame.frame(HTTP2Frame.Kind.settings, []).withUnsafeBytes {
      client.receive($0, &outgoing) { ended.append($0) }
    }
    let count = Int(asked & 7)
    for ticket in 0..<count { client.ask(ticket & 1, ticket: ticket, &outgoing) }
    inPieces(bytes, of: pieceByteCount) { client.receive($0, &outgoing) { ended.append($0) } }
    freeCount = client.freeCount
    require(!client.isOver || freeCount == 0, "nothing is asked on a connection that is over")
    client.close(CallProblem(kind: "connection_closed", text: "closed")) { ended.append($0) }
    sent = outgoing.parts.flatMap { $0.bytes[$0.range] }
    for end in ended {
      require(ends[end.ticket] == nil, "call \(end.ticket) ends once")
      require((end.answer?.count ?? 0) <= bytes.count, "what is kept has come")
      ends[end.ticket] = End(problem: end.problem, answer: end.answer)
      order.append(end.ticket)
    }
    require(ends.count == count, "every call ends")
    require(sent.count < 1 << 20, "what is sent is bounded")
  }
}
