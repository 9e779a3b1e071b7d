import NIOCore

/// Writes an answer's status line and headers, straight in front of its body.
///
/// NIO's own encoder would make a second buffer, a second write, and pairs of strings for every
/// header; measured, that is a tenth of a small request.
struct AnswerHead {
  /// Bytes kept free before a body, enough for every head we write but those with many headers of
  /// their own, which get a buffer of their own.
  static let room = 640

  /// An empty buffer with room for a head before what is written to it.
  static func buffer(capacity: Int) -> ByteBuffer {
    var buffer = ByteBufferAllocator().buffer(capacity: room + capacity)
    buffer.moveWriterIndex(to: room)
    buffer.moveReaderIndex(to: room)
    return buffer
  }

  /// Where the head is put together; belongs to one loop and is used again for every answer.
  private var scratch: [UInt8] = []

  init() { scratch.reserveCapacity(4_096) }

  /// What a head says of the request it answers.
  struct Facts {
    var requestID: String
    var date: DateText
    var closes: Bool
    var isVersion10: Bool
    /// Of an answer whose body is left out (`HEAD`) or has none (204, 304).
    var omitsBody: Bool
    /// Of an answer whose length nobody knows yet.
    var isStream = false
    var corsOrigin: String?
  }

  /// Puts the head before the answer's body; afterwards `answer.body` is ready to be sent.
  mutating func write(to answer: inout Answer, _ facts: borrowing Facts) {
    let bodyByteCount = answer.bodyByteCount
    scratch.removeAll(keepingCapacity: true)
    writeStatusLine(answer.status)
    scratch.append(contentsOf: facts.date.line)
    if let type = answer.contentType {
      write("Content-Type: ")
      write(type)
      write("\r\n")
    } else if let type = answer.ownContentType {
      writeField("Content-Type", type)
    }
    write("X-Request-Id: ")
    scratch.append(contentsOf: facts.requestID.utf8)
    if facts.isStream {
      // HTTP/1.0 knows no chunks: there the end of the connection is the end of the body.
      if !facts.isVersion10 { write("\r\nTransfer-Encoding: chunked") }
      write("\r\nCache-Control: no-store")
    } else if answer.status != 204 && answer.status != 304 {
      write("\r\nContent-Length: ")
      writeDecimal(bodyByteCount)
    }
    write("\r\n")
    writeConnection(closes: facts.closes, isVersion10: facts.isVersion10)
    for (name, value) in answer.headers { writeField(name, value) }
    if let origin = facts.corsOrigin { writeCORS(origin) }
    write("\r\n")
    if facts.omitsBody {
      answer.body.clear()
      answer.tail = []
    }
    place(before: &answer.body)
  }

  private func place(before body: inout ByteBuffer) {
    if body.readerIndex >= scratch.count {
      let start = body.readerIndex - scratch.count
      body.setBytes(scratch, at: start)
      body.moveReaderIndex(to: start)
    } else {
      var whole = ByteBufferAllocator().buffer(capacity: scratch.count + body.readableBytes)
      whole.writeBytes(scratch)
      whole.writeImmutableBuffer(body)
      body = whole
    }
  }

  private mutating func write(_ text: StaticString) {
    scratch.append(
      contentsOf: UnsafeBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  private mutating func writeStatusLine(_ status: Int) {
    if status == 200 {
      write("HTTP/1.1 200 OK\r\n")
    } else {
      write("HTTP/1.1 ")
      writeDecimal(status)
      write(" ")
      write(StatusReason.text(for: status))
      write("\r\n")
    }
  }

  private mutating func writeConnection(closes: Bool, isVersion10: Bool) {
    if closes {
      write("Connection: close\r\n")
    } else if isVersion10 {
      write("Connection: keep-alive\r\n")
    }
  }

  private mutating func writeCORS(_ origin: String) {
    writeField("Access-Control-Allow-Origin", origin)
    write("Access-Control-Expose-Headers: Inference-Header-Content-Length, X-Request-Id\r\n")
    if origin != "*" { write("Vary: Origin\r\n") }
  }

  private mutating func writeField(_ name: String, _ value: String) {
    scratch.append(contentsOf: name.utf8)
    write(": ")
    scratch.append(contentsOf: value.utf8)
    write("\r\n")
  }

  private mutating func writeDecimal(_ value: Int) {
    var divisor = 1
    while value / divisor >= 10 { divisor *= 10 }
    while divisor > 0 {
      scratch.append(UInt8(truncatingIfNeeded: 48 + value / divisor % 10))
      divisor /= 10
    }
  }
}

/// The phrase beside each status that the front can send.
enum StatusReason {
  static func text(for status: Int) -> StaticString {
    switch status {
    case 200: "OK"
    case 204: "No Content"
    case 304: "Not Modified"
    case 400: "Bad Request"
    case 401: "Unauthorized"
    case 403: "Forbidden"
    case 404: "Not Found"
    case 405: "Method Not Allowed"
    case 406: "Not Acceptable"
    case 408: "Request Timeout"
    case 409: "Conflict"
    case 413: "Content Too Large"
    case 415: "Unsupported Media Type"
    case 417: "Expectation Failed"
    case 421: "Misdirected Request"
    case 422: "Unprocessable Content"
    case 429: "Too Many Requests"
    case 431: "Request Header Fields Too Large"
    case 499: "Client Closed Request"
    case 500: "Internal Server Error"
    case 501: "Not Implemented"
    case 502: "Bad Gateway"
    case 503: "Service Unavailable"
    case 504: "Gateway Timeout"
    case 505: "HTTP Version Not Supported"
    default: "Unknown"
    }
  }
}
