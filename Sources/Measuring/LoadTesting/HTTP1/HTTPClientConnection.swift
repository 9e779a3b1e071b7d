/// The client's side of a connection of HTTP/1.1: one request at a time, out of bytes made before.
package struct HTTPClientConnection: ClientConnection {
  private let requests: [[UInt8]]
  private let answers: (any AnswerKeeper)?
  private var scanner = HTTPAnswerScanner()
  /// Of the request that is on its way.
  private var ticket: Int?
  private var isKept = false
  package private(set) var isOver = false
  /// The last one, so that a server that refuses fast is not slowed by sentences about it.
  private var refusal: (status: Int, problem: CallProblem)?

  init(_ requests: [[UInt8]], answers: (any AnswerKeeper)?) {
    self.requests = requests
    self.answers = answers
  }

  package var freeCount: Int { ticket == nil && !isOver ? 1 : 0 }

  package mutating func begin(_ outgoing: inout OutgoingBytes) {}

  package mutating func ask(_ sample: Int, ticket: Int, _ outgoing: inout OutgoingBytes) {
    self.ticket = ticket
    isKept = answers?.wants(sample) ?? false
    scanner.begin(keepingBody: isKept)
    outgoing.append(requests[sample])
  }

  package mutating func receive(
    _ bytes: UnsafeRawBufferPointer, _ outgoing: inout OutgoingBytes, _ ended: (EndedCall) -> Void
  ) {
    // What nobody asked for: a goodbye, or the rest of an answer that was longer than it said.
    guard let ticket else { return isOver = true }
    switch scanner.take(bytes) {
    case .unfinished: break
    case .finished(let count):
      isOver = scanner.closes || count < bytes.count
      end(ticket, refused, ended)
    case .nonsense(let text):
      isOver = true
      end(ticket, CallProblem(kind: "not_http", text: text), ended)
    }
  }

  package mutating func close(_ problem: CallProblem, _ ended: (EndedCall) -> Void) {
    isOver = true
    guard let ticket else { return }
    let isWhole = scanner.mayEndHere && problem == .connectionClosed
    end(ticket, isWhole ? refused : problem, ended)
  }

  private mutating func end(_ ticket: Int, _ problem: CallProblem?, _ ended: (EndedCall) -> Void) {
    self.ticket = nil
    ended(EndedCall(ticket: ticket, problem: problem, answer: isKept ? scanner.body : nil))
  }

  private var refused: CallProblem? {
    mutating get {
      let status = scanner.status
      if status / 100 == 2 { return nil }
      if let refusal, refusal.status == status { return refusal.problem }
      let problem = CallProblem(
        kind: "status_\(status)", text: "the server answered with status \(status)")
      refusal = (status, problem)
      return problem
    }
  }
}
