import Glibc

/// Takes HTTP requests and answers with a fixed number of bytes: the least that a request of that
/// size can cost.
///
///     EchoPeer ANSWER-BYTES
///
/// Blocking calls, one connection at a time, the body read straight to where it stays, nothing
/// parsed but the length. Writes its port to standard output.
@main
struct EchoPeer {
  static func main() {
    signal(SIGPIPE, SIG_IGN)
    guard CommandLine.arguments.count == 2, let count = Int(CommandLine.arguments[1]) else {
      fatalError("usage: EchoPeer ANSWER-BYTES")
    }
    let listener = Listener()
    print(listener.port)
    fflush(nil)
    var echo = Echo(answerByteCount: count)
    while true { echo.serve(listener.accept()) }
  }
}

/// A listening socket on the loopback.
struct Listener {
  private let socket = Glibc.socket(AF_INET, Int32(SOCK_STREAM.rawValue), 0)
  let port: Int

  init() {
    var address = sockaddr_in()
    address.sin_family = sa_family_t(AF_INET)
    address.sin_addr.s_addr = UInt32(0x7f00_0001).bigEndian
    var length = socklen_t(MemoryLayout<sockaddr_in>.size)
    let code = withUnsafeMutablePointer(to: &address) { [socket] place in
      place.withMemoryRebound(to: sockaddr.self, capacity: 1) {
        bind(socket, $0, length) | listen(socket, 16) | getsockname(socket, $0, &length)
      }
    }
    precondition(code == 0, "cannot listen on the loopback")
    port = Int(UInt16(bigEndian: address.sin_port))
  }

  func accept() -> Int32 {
    let connection = Glibc.accept(socket, nil, nil)
    precondition(connection >= 0, "cannot accept")
    return connection
  }
}

/// The memory that requests are read to, and the answer.
struct Echo {
  private let room = UnsafeMutableRawBufferPointer.allocate(byteCount: 64 << 20, alignment: 64)
  private let answer: [UInt8]

  init(answerByteCount: Int) {
    answer =
      Array("HTTP/1.1 200 OK\r\nContent-Length: \(answerByteCount)\r\n\r\n".utf8)
      + [UInt8](repeating: 0x41, count: answerByteCount)
  }

  /// Answers the requests of one connection until the peer closes it.
  mutating func serve(_ connection: Int32) {
    defer { close(connection) }
    var one: Int32 = 1
    setsockopt(connection, Int32(IPPROTO_TCP), TCP_NODELAY, &one, 4)
    while readRequest(connection), writeAnswer(connection) {}
  }

  private func readRequest(_ connection: Int32) -> Bool {
    var filled = 0
    var expected = Int.max
    while filled < expected {
      let count = read(connection, room.baseAddress! + filled, room.count - filled)
      guard count > 0 else { return false }
      filled += count
      if expected == .max { expected = requestByteCount(filled) ?? .max }
    }
    return true
  }

  /// Bytes of head and body together; `nil` until the head is whole.
  private func requestByteCount(_ filled: Int) -> Int? {
    let head = String(decoding: room[..<min(filled, 4_096)], as: UTF8.self).lowercased()
    let lines = head.split(separator: "\r\n", omittingEmptySubsequences: false)
    guard let end = lines.firstIndex(of: "") else { return nil }
    let headByteCount = lines[...end].reduce(0) { $0 + $1.utf8.count + 2 }
    let length = lines[..<end].first { $0.hasPrefix("content-length:") }?
      .split(separator: ":").last?.split(separator: " ").first
    return headByteCount + (length.flatMap { Int($0) } ?? 0)
  }

  private func writeAnswer(_ connection: Int32) -> Bool {
    answer.withUnsafeBytes { bytes in
      var written = 0
      while written < bytes.count {
        let count = write(connection, bytes.baseAddress! + written, bytes.count - written)
        guard count > 0 else { return false }
        written += count
      }
      return true
    }
  }
}
