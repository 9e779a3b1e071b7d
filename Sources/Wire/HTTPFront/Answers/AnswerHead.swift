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
  private var scratch: ByteBuffer

  init() { scratch = ByteBufferAllocator().buffer(capacity: 4_096) }

  /// What a head says of the request it answers.
  struct Facts {
    var requestID: String
    var date: DateText
    var closes: Bool
    var isVersion10: Bool
    /// Of an answer whose body is left out (`HEAD`) or has none (204, 304).
    var omitsBody: Bool
    var corsOrigin: String?
  }

  /// Puts the head before the answer's body; afterwards `answer.body` is ready to be sent.
  mutating func write(to answer: inout Answer, _ facts: Facts) {
    let bodyByteCount = answer.bodyByteCount
    scratch.clear()
    writeStatusLine(answer.status)
    facts.date.write(to: &scratch)
    if let type = answer.contentType {
      scratch.writeStaticString("Content-Type: ")
      scratch.writeStaticString(type)
      scratch.writeStaticString("\r\n")
    } else if let type = answer.ownContentType {
      writeField("Content-Type", type)
    }
    scratch.writeStaticString("X-Request-Id: ")
    scratch.writeString(facts.requestID)
    if answer.status != 204 && answer.status != 304 {
      scratch.writeStaticString("\r\nContent-Length: ")
      writeDecimal(bodyByteCount)
    }
    scratch.writeStaticString("\r\n")
    writeConnection(facts)
    for (name, value) in answer.headers { writeField(name, value) }
    if let origin = facts.corsOrigin { writeCORS(origin) }
    scratch.writeStaticString("\r\n")
    if facts.omitsBody {
      answer.body.clear()
      answer.body.moveWriterIndex(to: 0)
      answer.tail = []
    }
    place(before: &answer.body)
  }

  private func place(before body: inout ByteBuffer) {
    let count = scratch.readableBytes
    if body.readerIndex >= count {
      let start = body.readerIndex - count
      body.setBuffer(scratch, at: start)
      body.moveReaderIndex(to: start)
    } else {
      var whole = ByteBufferAllocator().buffer(capacity: count + body.readableBytes)
      whole.writeImmutableBuffer(scratch)
      whole.writeImmutableBuffer(body)
      body = whole
    }
  }

  private mutating func writeStatusLine(_ status: Int) {
    if status == 200 {
      scratch.writeStaticString("HTTP/1.1 200 OK\r\n")
    } else {
      scratch.writeStaticString("HTTP/1.1 ")
      writeDecimal(status)
      scratch.writeStaticString(" ")
      scratch.writeStaticString(StatusReason.text(for: status))
      scratch.writeStaticString("\r\n")
    }
  }

  private mutating func writeConnection(_ facts: Facts) {
    if facts.closes {
      scratch.writeStaticString("Connection: close\r\n")
    } else if facts.isVersion10 {
      scratch.writeStaticString("Connection: keep-alive\r\n")
    }
  }

  private mutating func writeCORS(_ origin: String) {
    writeField("Access-Control-Allow-Origin", origin)
    scratch.writeStaticString(
      "Access-Control-Expose-Headers: Inference-Header-Content-Length, X-Request-Id\r\n")
    if origin != "*" { scratch.writeStaticString("Vary: Origin\r\n") }
  }

  private mutating func writeField(_ name: String, _ value: String) {
    scratch.writeString(name)
    scratch.writeStaticString(": ")
    scratch.writeString(value)
    scratch.writeStaticString("\r\n")
  }

  private mutating func writeDecimal(_ value: Int) {
    var digits: InlineArray<20, UInt8> = .init(repeating: 0)
    var start = 20
    var rest = value
    repeat {
      start -= 1
      digits[start] = UInt8(truncatingIfNeeded: 48 + rest % 10)
      rest /= 10
    } while rest > 0
    for index in start..<20 { scratch.writeInteger(digits[index]) }
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
