import Testing

@testable import LoadTesting

@Suite struct HTTPAnswerScannerTests {
  /// An answer, and what it carries.
  struct Case: Sendable, CustomTestStringConvertible {
    let testDescription: String
    let text: String
    var status = 200
    var body = ""
    var closes = false
    /// It ends with the connection.
    var isOpen = false
  }

  static let answers = [
    Case(
      testDescription: "a length", text: "HTTP/1.1 200 OK\r\nContent-Length: 5\r\n\r\nhello",
      body: "hello"),
    Case(
      testDescription: "names of any case, blanks around values",
      text: "HTTP/1.1 200 OK\r\ncOnTeNt-LeNgTh:\t 5 \r\nServer: x\r\n\r\nhello", body: "hello"),
    Case(
      testDescription: "lines that end with a line feed alone",
      text: "HTTP/1.1 200 OK\nContent-Length: 5\n\nhello", body: "hello"),
    Case(testDescription: "no body", text: "HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    Case(testDescription: "204", text: "HTTP/1.1 204 No Content\r\n\r\n", status: 204),
    Case(
      testDescription: "304 with the length of what it leaves out",
      text: "HTTP/1.1 304 Not Modified\r\nContent-Length: 5\r\n\r\n", status: 304),
    Case(
      testDescription: "what comes before",
      text: "HTTP/1.1 100 Continue\r\n\r\nHTTP/1.1 103 Early\r\nLink: a\r\n\r\n"
        + "HTTP/1.1 503 Full\r\nContent-Length: 2\r\n\r\nno",
      status: 503, body: "no"),
    Case(
      testDescription: "chunks",
      text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + "3\r\nabc\r\n0C;name=value\r\ndefghijklmno\r\n0\r\n\r\n",
      body: "abcdefghijklmno"),
    Case(
      testDescription: "chunks with trailers",
      text: "HTTP/1.1 200 OK\r\nTransfer-Encoding: gzip, chunked\r\n\r\n"
        + "1 \r\na\r\n0\r\nA: b\r\nC: d\r\n\r\n",
      body: "a"),
    Case(
      testDescription: "a server that closes",
      text: "HTTP/1.1 200 OK\r\nConnection: close\r\nContent-Length: 1\r\n\r\na", body: "a",
      closes: true),
    Case(
      testDescription: "several words about the connection",
      text: "HTTP/1.1 200 OK\r\nConnection: foo , CLOSE\r\nContent-Length: 1\r\n\r\na", body: "a",
      closes: true),
    Case(
      testDescription: "HTTP/1.0", text: "HTTP/1.0 200 OK\r\nContent-Length: 1\r\n\r\na",
      body: "a", closes: true),
    Case(
      testDescription: "HTTP/1.0 that goes on",
      text: "HTTP/1.0 200 OK\r\nConnection: keep-alive\r\nContent-Length: 1\r\n\r\na", body: "a"),
    Case(
      testDescription: "until the connection's end", text: "HTTP/1.1 200 OK\r\n\r\nall of it",
      body: "all of it", closes: true, isOpen: true),
  ]

  /// Scans pieces; how many bytes of the last one were the answer's, `nil` where it goes on.
  private func scan(
    _ scanner: inout HTTPAnswerScanner, _ pieces: [ArraySlice<UInt8>]
  ) -> HTTPAnswerScanner.Progress {
    var progress = HTTPAnswerScanner.Progress.unfinished
    for piece in pieces where progress == .unfinished {
      progress = Array(piece).withUnsafeBytes { scanner.take($0) }
    }
    return progress
  }

  private func check(_ answer: Case, _ pieces: [ArraySlice<UInt8>]) {
    var scanner = HTTPAnswerScanner()
    scanner.begin(keepingBody: true)
    let progress = scan(&scanner, pieces)
    let expected: HTTPAnswerScanner.Progress =
      answer.isOpen ? .unfinished : .finished(byteCount: pieces.last?.count ?? 0)
    #expect(progress == expected)
    #expect(scanner.mayEndHere == answer.isOpen)
    #expect(scanner.status == answer.status)
    #expect(scanner.closes == answer.closes)
    #expect(String(decoding: scanner.body, as: UTF8.self) == answer.body)
  }

  @Test(arguments: answers) func `reads an answer that comes at once`(_ answer: Case) {
    check(answer, [Array(answer.text.utf8)[...]])
  }

  @Test(arguments: answers) func `reads an answer cut at any byte`(_ answer: Case) {
    let bytes = Array(answer.text.utf8)
    for cut in 1..<bytes.count { check(answer, [bytes[..<cut], bytes[cut...]]) }
  }

  @Test(arguments: answers) func `reads an answer that comes byte by byte`(_ answer: Case) {
    let bytes = Array(answer.text.utf8)
    check(answer, bytes.indices.map { bytes[$0...$0] })
  }

  @Test func `leaves what comes behind an answer`() {
    var scanner = HTTPAnswerScanner()
    scanner.begin(keepingBody: false)
    let two = Array("HTTP/1.1 200 OK\r\nContent-Length: 1\r\n\r\naHTTP".utf8)
    #expect(scan(&scanner, [two[...]]) == .finished(byteCount: two.count - 4))
    #expect(scanner.body.isEmpty)
  }

  @Test func `reads one answer after the other`() {
    var scanner = HTTPAnswerScanner()
    for answer in Self.answers where !answer.isOpen {
      scanner.begin(keepingBody: true)
      let bytes = Array(answer.text.utf8)
      let cut = bytes.count / 2
      _ = scan(&scanner, [bytes[..<cut], bytes[cut...]])
      #expect(String(decoding: scanner.body, as: UTF8.self) == answer.body)
    }
  }

  @Test(arguments: [
    ("SSH-2.0-OpenSSH_9.2\r\n\r\n", "does not begin as HTTP/1.1"),
    ("HTTP/1.1\r\n\r\n", "does not begin as HTTP/1.1"),
    ("HTTP/1.1 2x0 OK\r\n\r\n", "does not begin as HTTP/1.1"),
    ("HTTP/1.1 200 OK\r\nContent-Length: x\r\n\r\n", "does not begin as HTTP/1.1"),
    ("HTTP/1.1 200 OK\r\nContent-Length: -1\r\n\r\n", "does not begin as HTTP/1.1"),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nxyz\r\n", "no size"),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n\r\n", "no size"),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\nffffffffffffffff\r\n", "no size"),
    ("HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n1\r\nab\r\n", "no end"),
    (
      "HTTP/1.1 200 OK\r\nX: " + String(repeating: "x", count: 70_000),
      "no end within 65536 bytes"
    ),
    (
      "HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\n\r\n"
        + String(repeating: "1", count: 70_000),
      "a line has no end"
    ),
  ]) func `tells nonsense, however it is cut`(_ text: String, _ words: String) {
    let bytes = Array(text.utf8)
    for size in [bytes.count, 7, 1_000] {
      var scanner = HTTPAnswerScanner()
      scanner.begin(keepingBody: false)
      let pieces = stride(from: 0, to: bytes.count, by: size).map {
        bytes[$0..<min($0 + size, bytes.count)]
      }
      guard case .nonsense(let complaint) = scan(&scanner, pieces) else {
        Issue.record("\(text.prefix(60)) was believed")
        continue
      }
      #expect(complaint.contains(words))
    }
  }
}
