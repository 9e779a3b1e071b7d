import Reports
import WireFormats

/// An address of a server that is asked with bodies made before; whole requests are ready to be
/// written.
package struct ServerTarget: LoadTarget {
  /// How long an answer may take.
  package static let timeoutSeconds = 60

  private let address: HTTPAddress
  private let requests: [[UInt8]]

  /// What one request carries.
  package struct Body: Sendable, Equatable {
    package let bytes: [UInt8]
    /// `Content-Type` and others, as `Name: value`.
    package let headers: [String]

    package init(bytes: [UInt8], headers: [String]) {
      self.bytes = bytes
      self.headers = headers
    }
  }

  /// - Parameter bodies: one or more.
  package init(_ address: HTTPAddress, bodies: [Body]) {
    precondition(!bodies.isEmpty, "no bodies to send")
    self.address = address
    requests = bodies.map { Self.request("POST", address, $0) }
  }

  /// An address that is asked without a body.
  package init(_ address: HTTPAddress, method: String) {
    self.address = address
    requests = [Self.request(method, address, nil)]
  }

  package var sampleCount: Int { requests.count }

  package func makeCaller(answers: (any AnswerKeeper)?) throws(CallProblem) -> any LoadCaller {
    let caller = Caller(target: self, answers: answers)
    try caller.connect()
    return caller
  }

  /// Asks once and looks at the answer: one that is refused, or that `problem` finds fault with, is told
  /// with what the server says about it. Blocks.
  package func check(_ problem: ([UInt8]) -> CallProblem?) throws(CallProblem) {
    if let problem = problem(try answer()) { throw problem }
  }

  /// The body of an answer; one that is refused is told with what the server says about it. Blocks.
  package func answer() throws(CallProblem) -> [UInt8] {
    let connection = HTTPConnection(address, timeoutSeconds: Self.timeoutSeconds)
    try connection.send(requests[0])
    let answer = try connection.receive(keepingBody: true)
    try Self.checkStatus(answer)
    return answer.body
  }

  /// Throws what a server says in an answer that refuses.
  static func checkStatus(_ answer: HTTPConnection.Answer) throws(CallProblem) {
    guard answer.status / 100 != 2 else { return }
    let document = answer.body.withUnsafeBytes { try? JSONValue(parsing: $0) }
    var said = String(decoding: answer.body.prefix(200), as: UTF8.self)
    // Most servers' answer is a document with one of these.
    for key in ["error", "detail", "message"] {
      if case .string(let text)? = document?[key] { said = text }
    }
    let words = said.isEmpty ? "" : ": \(TextTable.harmless(said))"
    throw CallProblem(
      kind: "status_\(answer.status)",
      text: "the server answered with status \(answer.status)\(words)"
    )
  }

  static func request(_ method: String, _ address: HTTPAddress, _ body: Body?) -> [UInt8] {
    var lines = ["\(method) \(address.path) HTTP/1.1", "Host: \(address.authority)"]
    lines += ["User-Agent: apus-bench", "Accept: */*"]
    if let body { lines += body.headers + ["Content-Length: \(body.bytes.count)"] }
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (body?.bytes ?? [])
  }

  /// Has one connection for each sample of a query; all are written to before any is read.
  private final class Caller: LoadCaller {
    private let target: ServerTarget
    private let answers: (any AnswerKeeper)?
    private var connections: [HTTPConnection] = []

    init(target: ServerTarget, answers: (any AnswerKeeper)?) {
      self.target = target
      self.answers = answers
    }

    /// Opens one connection.
    func connect() throws(CallProblem) {
      let connection = HTTPConnection(
        target.address, timeoutSeconds: ServerTarget.timeoutSeconds)
      try connection.open()
      connections.append(connection)
    }

    func ask(_ samples: [Int]) throws(CallProblem) {
      while connections.count < samples.count { try connect() }
      do throws(CallProblem) {
        for (place, sample) in samples.enumerated() {
          try connections[place].send(target.requests[sample])
        }
        var refused: CallProblem?
        for place in samples.indices {
          let isWanted = answers?.wants(samples[place]) ?? false
          let answer = try connections[place].receive(keepingBody: isWanted)
          if answer.status / 100 != 2 {
            refused = refused ?? Self.refusal(answer.status)
          } else if isWanted {
            answers?.keep(.body(answer.body), of: samples[place])
          }
        }
        if let refused { throw refused }
      } catch {
        // Answers that were not read would be taken for those of the next query.
        if samples.count > 1 { for connection in connections { connection.close() } }
        throw error
      }
    }

    private static func refusal(_ status: Int) -> CallProblem {
      CallProblem(kind: "status_\(status)", text: "the server answered with status \(status)")
    }
  }
}
