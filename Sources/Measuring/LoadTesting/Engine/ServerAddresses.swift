import Glibc

/// The addresses of a server, looked up once, and how sockets to them are opened.
struct ServerAddresses: Sendable {
  private struct Address: Sendable {
    let family: Int32
    let kind: Int32
    let transport: Int32
    /// A `sockaddr` of the family.
    let bytes: [UInt8]
  }

  private let addresses: [Address]
  private let text: String

  /// Asks the system for the name. Blocks.
  init(_ place: ServerPlace) throws(CallProblem) {
    text = place.text
    if let path = place.socketPath {
      addresses = [try Self.address(of: path)]
      return
    }
    var hints = addrinfo()
    hints.ai_socktype = Int32(SOCK_STREAM.rawValue)
    var found: UnsafeMutablePointer<addrinfo>?
    let status = getaddrinfo(place.host, String(place.port), &hints, &found)
    guard status == 0 else {
      let reason = String(cString: gai_strerror(status))
      throw CallProblem(kind: "unknown_host", text: "\(place.host): \(reason)")
    }
    defer { freeaddrinfo(found) }
    var all: [Address] = []
    var next = found
    while let each = next?.pointee {
      let bytes = UnsafeRawBufferPointer(start: each.ai_addr, count: Int(each.ai_addrlen))
      all.append(
        Address(
          family: each.ai_family, kind: each.ai_socktype, transport: each.ai_protocol,
          bytes: Array(bytes)))
      next = each.ai_next
    }
    addresses = all
  }

  /// unix(7): the family and a path of at most 107 bytes, then a 0.
  private static func address(of path: String) throws(CallProblem) -> Address {
    var address = sockaddr_un()
    let room = MemoryLayout.size(ofValue: address.sun_path)
    guard path.utf8.count < room else {
      throw CallProblem(
        kind: "connection_failed",
        text: "\(path): the path of a socket has at most \(room - 1) bytes")
    }
    address.sun_family = sa_family_t(AF_UNIX)
    var bytes = withUnsafeBytes(of: &address) { Array($0) }
    let start = MemoryLayout<sockaddr_un>.offset(of: \.sun_path) ?? 2
    bytes.replaceSubrange(start..<start + path.utf8.count, with: Array(path.utf8))
    return Address(
      family: AF_UNIX, kind: Int32(SOCK_STREAM.rawValue), transport: 0, bytes: bytes)
  }

  var count: Int { addresses.count }

  /// A socket on its way to one of the addresses: connected, or told by epoll when it is.
  func open(_ index: Int) throws(CallProblem) -> Int32 {
    let address = addresses[index]
    let opened = socket(
      address.family,
      address.kind | Int32(SOCK_CLOEXEC.rawValue) | Int32(SOCK_NONBLOCK.rawValue),
      address.transport)
    guard opened >= 0 else { throw problem(errno) }
    var on: Int32 = 1
    setsockopt(opened, Int32(IPPROTO_TCP), TCP_NODELAY, &on, socklen_t(MemoryLayout<Int32>.size))
    let status = address.bytes.withUnsafeBytes {
      connect(
        opened, $0.baseAddress?.assumingMemoryBound(to: sockaddr.self), socklen_t($0.count))
    }
    guard status == 0 || errno == EINPROGRESS else {
      let reason = errno
      close(opened)
      throw problem(reason)
    }
    return opened
  }

  /// What keeps a socket from being connected, or broke it.
  func problem(_ number: Int32) -> CallProblem {
    switch number {
    case ECONNREFUSED, ENOENT:
      return CallProblem(kind: "connection_refused", text: "nothing listens at \(text)")
    case ETIMEDOUT: return .timeout
    case ECONNRESET, EPIPE: return .connectionClosed
    default:
      return CallProblem(
        kind: "connection_failed", text: "\(text): \(SystemText.ofError(number))")
    }
  }
}

extension ServerPlace {
  /// As people write it.
  var text: String {
    if let socketPath { return socketPath }
    return host.contains(":") ? "[\(host)]:\(port)" : "\(host):\(port)"
  }
}

extension CallProblem {
  /// How long an answer may take.
  static let timeoutSeconds: UInt64 = 60

  static let timeout = CallProblem(
    kind: "timeout", text: "no answer within \(timeoutSeconds) s")
  static let connectionClosed = CallProblem(
    kind: "connection_closed", text: "the server closed the connection before its answer's end")
}
