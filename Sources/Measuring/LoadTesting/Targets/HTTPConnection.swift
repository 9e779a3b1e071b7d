import Glibc

/// One connection to a server, HTTP/1.1 over a blocking socket; kept open between requests.
///
/// One thread's. Writes bytes that were made before and reads the answer in place, so that a request
/// costs this machine little beside the two system calls.
final class HTTPConnection {
  /// A part of an answer's head, at most.
  private static let headByteCountMax = 64 << 10
  private static let readByteCount = 256 << 10
  /// An answer that is kept, at most.
  static let bodyByteCountMax = 64 << 20

  private let address: HTTPAddress
  private let timeoutSeconds: Int
  private var socket: Int32 = -1
  private var buffer = [UInt8](repeating: 0, count: HTTPConnection.readByteCount)
  /// Bytes of `buffer` that were read and not used.
  private var unread = 0..<0

  /// An answer's head.
  struct Answer {
    let status: Int
    /// Empty unless it was to be kept.
    var body: [UInt8] = []
  }

  init(_ address: HTTPAddress, timeoutSeconds: Int) {
    self.address = address
    self.timeoutSeconds = timeoutSeconds
  }

  deinit { close() }

  func close() {
    if socket >= 0 { Glibc.close(socket) }
    socket = -1
    unread = 0..<0
  }

  // MARK: Asking

  /// Writes a request; opens the connection where it is not open.
  func send(_ request: [UInt8]) throws(CallProblem) {
    if socket < 0 { try open() }
    var sent = 0
    while sent < request.count {
      let count = request.withUnsafeBytes {
        Glibc.send(
          socket, $0.baseAddress.map { $0 + sent }, $0.count - sent, Int32(MSG_NOSIGNAL))
      }
      if count < 0, errno == EINTR { continue }
      guard count > 0 else { throw failed(errno) }
      sent += count
    }
  }

  /// Reads one whole answer; blocks until it is there.
  func receive(keepingBody isKept: Bool = false) throws(CallProblem) -> Answer {
    var head = try receiveHead()
    // RFC 9110, 15.2: what comes before the answer proper.
    while (100..<200).contains(head.status) { head = try receiveHead() }
    var answer = Answer(status: head.status)
    let isEmpty = head.status == 204 || head.status == 304
    if !isEmpty, head.isChunked {
      try receiveChunks(isKept, into: &answer)
    } else if !isEmpty, let length = head.contentLength {
      try take(length, isKept, into: &answer)
    } else if !isEmpty {
      while try fill() { try take(unread.count, isKept, into: &answer) }
      close()
    }
    if head.closes { close() }
    return answer
  }

  private func receiveHead() throws(CallProblem) -> HTTPHead {
    var searched = 0
    while true {
      let found = buffer.withUnsafeBytes { bytes in
        HTTPHead.end(in: UnsafeRawBufferPointer(rebasing: bytes[unread]), from: searched)
      }
      if let end = found {
        let lines = unread.lowerBound..<unread.lowerBound + end
        guard
          let head = buffer.withUnsafeBytes({
            HTTPHead(UnsafeRawBufferPointer(rebasing: $0[lines]))
          })
        else { throw nonsense("the answer does not begin as HTTP/1.1 does") }
        unread = lines.upperBound..<unread.upperBound
        return head
      }
      searched = max(0, unread.count - 3)
      guard unread.count < Self.headByteCountMax else {
        throw nonsense("the answer's head has no end within \(Self.headByteCountMax) bytes")
      }
      guard try fill() else { throw closedEarly() }
    }
  }

  private func receiveChunks(_ isKept: Bool, into answer: inout Answer) throws(CallProblem) {
    while true {
      let text = try line().prefix { $0 != ";" }
      guard let size = Int(text.filter { $0 != " " }, radix: 16), size >= 0 else {
        throw nonsense("a chunk of the answer has no size")
      }
      if size > 0 { try take(size, isKept, into: &answer) }
      if size > 0 {
        guard try line().isEmpty else { throw nonsense("a chunk of the answer has no end") }
        continue
      }
      // Trailers end with an empty line.
      while try !line().isEmpty {}
      return
    }
  }

  /// A line, without its end.
  private func line() throws(CallProblem) -> String {
    while true {
      if let end = buffer[unread].firstIndex(of: 10) {
        var text = buffer[unread.lowerBound..<end]
        if text.last == 13 { text.removeLast() }
        unread = end + 1..<unread.upperBound
        return String(decoding: text, as: UTF8.self)
      }
      guard unread.count < Self.headByteCountMax else { throw nonsense("a line has no end") }
      guard try fill() else { throw closedEarly() }
    }
  }

  /// Reads over so many bytes, or keeps them.
  private func take(
    _ wanted: Int, _ isKept: Bool, into answer: inout Answer
  ) throws(CallProblem) {
    guard !isKept || answer.body.count + wanted <= Self.bodyByteCountMax else {
      throw nonsense("the answer is larger than \(Self.bodyByteCountMax) bytes")
    }
    var rest = wanted
    while rest > 0 {
      if unread.isEmpty {
        guard try fill() else { throw closedEarly() }
      }
      let count = min(rest, unread.count)
      if isKept { answer.body += buffer[unread.prefix(count)] }
      unread = unread.dropFirst(count)
      rest -= count
    }
  }

  /// Reads what there is; false where the server has closed.
  private func fill() throws(CallProblem) -> Bool {
    if unread.isEmpty {
      unread = 0..<0
    } else if unread.upperBound == buffer.count {
      buffer.replaceSubrange(0..<unread.count, with: Array(buffer[unread]))
      buffer += [UInt8](repeating: 0, count: Self.readByteCount - buffer.count)
      unread = 0..<unread.count
    }
    let start = unread.upperBound
    while true {
      let count = buffer.withUnsafeMutableBytes {
        recv(socket, $0.baseAddress.map { $0 + start }, $0.count - start, 0)
      }
      if count < 0, errno == EINTR { continue }
      guard count >= 0 else { throw failed(errno) }
      unread = unread.lowerBound..<start + count
      return count > 0
    }
  }

  // MARK: Opening

  func open() throws(CallProblem) {
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(address.host, String(address.port), &hints, &found)
    guard status == 0 else {
      let reason = String(cString: gai_strerror(status))
      throw CallProblem(kind: "unknown_host", text: "\(address.host): \(reason)")
    }
    defer { freeaddrinfo(found) }
    var reason = ECONNREFUSED
    var next = found
    while let each = next?.pointee {
      reason = connect(each)
      if reason == 0 { return }
      next = each.ai_next
    }
    throw failed(reason)
  }

  /// 0, or why not.
  private func connect(_ place: addrinfo) -> Int32 {
    socket = Glibc.socket(
      place.ai_family, place.ai_socktype | Int32(SOCK_CLOEXEC.rawValue), place.ai_protocol)
    guard socket >= 0 else { return errno }
    var on: Int32 = 1
    setsockopt(socket, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    var limit = timeval(tv_sec: timeoutSeconds, tv_usec: 0)
    for option in [SO_RCVTIMEO, SO_SNDTIMEO] {
      setsockopt(socket, SOL_SOCKET, option, &limit, socklen_t(MemoryLayout<timeval>.size))
    }
    guard Glibc.connect(socket, place.ai_addr, place.ai_addrlen) == 0 else {
      let reason = errno
      close()
      return reason
    }
    return 0
  }

  // MARK: Problems

  private func failed(_ number: Int32) -> CallProblem {
    close()
    let reason = String(cString: strerror(number))
    switch number {
    case ECONNREFUSED:
      return CallProblem(
        kind: "connection_refused", text: "nothing listens at \(address.authority)")
    case EAGAIN, EINPROGRESS, ETIMEDOUT:
      return CallProblem(kind: "timeout", text: "no answer within \(timeoutSeconds) s")
    case ECONNRESET, EPIPE:
      return CallProblem(kind: "connection_closed", text: "the server closed the connection")
    default: return CallProblem(kind: "connection_failed", text: "\(address.authority): \(reason)")
    }
  }

  private func closedEarly() -> CallProblem {
    close()
    return CallProblem(
      kind: "connection_closed", text: "the server closed the connection before its answer's end")
  }

  private func nonsense(_ text: String) -> CallProblem {
    close()
    return CallProblem(kind: "not_http", text: text)
  }
}
