import Reports
import WireFormats

/// An address of a server that is asked over HTTP/1.1 with bodies made before; whole requests are ready
/// to be written.
package struct ServerTarget: SocketTarget {
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
  package init(_ address: HTTPAddress, method: String = "POST", bodies: [Body]) {
    precondition(!bodies.isEmpty, "no bodies to send")
    self.address = address
    requests = bodies.map { Self.request(method, address, $0) }
  }

  /// An address that is asked without a body.
  package init(_ address: HTTPAddress, method: String) {
    self.address = address
    requests = [Self.request(method, address, nil)]
  }

  package var sampleCount: Int { requests.count }

  package var place: ServerPlace { address.place }

  package func connectionCount(forCalls callCount: Int) -> Int { callCount }

  package func makeConnection(answers: (any AnswerKeeper)?) -> HTTPClientConnection {
    HTTPClientConnection(requests, answers: answers)
  }

  /// Asks once and looks at the answer: one that is refused, or that `problem` finds fault with, is told
  /// with what the server says about it. Blocks.
  package func check(_ problem: ([UInt8]) -> CallProblem?) throws(CallProblem) {
    if let problem = problem(try answer()) { throw problem }
  }

  /// The body of an answer; one that is refused is told with what the server says about it. Blocks.
  package func answer() throws(CallProblem) -> [UInt8] {
    let call = askOnce(0)
    guard let problem = call.problem else { return call.answer ?? [] }
    let words = call.answer.map(Self.words) ?? ""
    let text = words.isEmpty ? problem.text : "\(problem.text): \(TextTable.harmless(words))"
    throw problem.kind.hasPrefix("status_") ? CallProblem(kind: problem.kind, text: text) : problem
  }

  /// What a server says in an answer that refuses.
  private static func words(_ answer: [UInt8]) -> String {
    let document = answer.withUnsafeBytes { try? JSONValue(parsing: $0) }
    var said = String(decoding: answer.prefix(200), as: UTF8.self)
    // Most servers' answer is a document with one of these.
    for key in ["error", "detail", "message"] {
      if case .string(let text)? = document?[key] { said = text }
    }
    return said
  }

  static func request(_ method: String, _ address: HTTPAddress, _ body: Body?) -> [UInt8] {
    var lines = ["\(method) \(address.path) HTTP/1.1", "Host: \(address.authority)"]
    lines += ["User-Agent: apus-bench", "Accept: */*"]
    if let body { lines += body.headers + ["Content-Length: \(body.bytes.count)"] }
    return Array((lines.joined(separator: "\r\n") + "\r\n\r\n").utf8) + (body?.bytes ?? [])
  }
}
