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

/// The head of an answer: what decides where it ends.
struct HTTPHead: Equatable {
  let status: Int
  private(set) var contentLength: Int?
  private(set) var isChunked = false
  private(set) var closes = false

  /// How many bytes the head has, its empty line included; `nil` while that has not come.
  static func end(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    var place = start
    while place + 3 < bytes.count {
      if bytes[place + 3] == 10, bytes[place + 2] == 13, bytes[place + 1] == 10, bytes[place] == 13
      {
        return place + 4
      }
      place += 1
    }
    return nil
  }

  /// Reads a whole head; `nil` where it is none.
  init?(_ bytes: UnsafeRawBufferPointer) {
    // `HTTP/1.1 200`, RFC 9112, 4.
    guard bytes.count >= 16, Self.isEqual(bytes, 0..<7, to: "http/1."),
      let status = Self.integer(bytes, 9..<12)
    else { return nil }
    self.status = status
    closes = bytes[7] == UInt8(ascii: "0")
    var start = bytes.firstIndex(of: 10).map { $0 + 1 } ?? bytes.count
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: 10) ?? bytes.count
      guard readField(bytes, start..<end) else { return nil }
      start = end + 1
    }
  }

  /// False where a length is no number.
  private mutating func readField(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) -> Bool {
    guard let colon = bytes[line].firstIndex(of: UInt8(ascii: ":")) else { return true }
    let name = line.lowerBound..<colon
    var value = colon + 1..<line.upperBound
    while let last = value.last, bytes[last] <= 32 { value = value.dropLast() }
    while let first = value.first, bytes[first] <= 32 { value = value.dropFirst() }
    if Self.isEqual(bytes, name, to: "content-length") {
      guard let length = Self.integer(bytes, value) else { return false }
      contentLength = length
    } else if Self.isEqual(bytes, name, to: "transfer-encoding") {
      isChunked = Self.isEqual(bytes, value.suffix(7), to: "chunked")
    } else if Self.isEqual(bytes, name, to: "connection") {
      closes = Self.isEqual(bytes, value, to: "close")
    }
    return true
  }

  /// Whether a range holds this text, in letters of any case.
  private static func isEqual(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, to text: StaticString
  ) -> Bool {
    guard range.count == text.utf8CodeUnitCount else { return false }
    for (index, place) in range.enumerated() {
      let byte = bytes[place]
      let lower = byte >= 65 && byte <= 90 ? byte + 32 : byte
      if lower != text.utf8Start[index] { return false }
    }
    return true
  }

  private static func integer(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
    guard !range.isEmpty, range.count <= 15 else { return nil }
    var value = 0
    for place in range {
      guard bytes[place] >= 48, bytes[place] <= 57 else { return nil }
      value = value * 10 + Int(bytes[place] - 48)
    }
    return value
  }
}
