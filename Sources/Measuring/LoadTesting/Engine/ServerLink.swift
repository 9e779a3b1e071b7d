import Glibc
import Inference
import Transport

/// One connection of a pool with its socket. One thread's.
///
///     connecting ──> securing ──> open ──> closed
///          └────────────────────────^
///
/// Without TLS nothing is secured. From each state it may become closed, where it has no socket and
/// its place waits for another.
struct ServerLink<Connection: ClientConnection> {
  enum Phase { case connecting, securing, open, closed }

  var connection: Connection
  var phase = Phase.connecting
  private(set) var socket: Int32
  /// Distinguishes it from those that had its place before.
  let mark: UInt64
  /// The address that is tried, among those of the server.
  let addressIndex: Int
  let opened: Instant
  /// Calls on their way.
  var callCount = 0
  /// A call took too long: it gets no further one.
  var isRetiring = false
  /// It waits for calls.
  var isListed = false
  /// What is to be sent has grown.
  var isDirty = false
  /// The socket took no more, and tells when it does.
  var isBlocked = false
  private var outgoing = OutgoingBytes()
  private var session: TLSClientSession?
  /// What TLS has made of `outgoing`.
  private var sealed = OutgoingBytes()

  init(
    _ connection: Connection, socket: Int32, mark: UInt64, addressIndex: Int, opened: Instant
  ) {
    self.connection = connection
    self.socket = socket
    self.mark = mark
    self.addressIndex = addressIndex
    self.opened = opened
  }

  /// It may be asked now.
  var hasRoom: Bool {
    phase == .open && !isRetiring && !connection.isOver && connection.freeCount > 0
  }

  /// It may be asked, now or later.
  var isUseful: Bool { phase != .closed && !isRetiring && !connection.isOver }

  /// Nothing will come of it any more.
  var isSpent: Bool { callCount == 0 && phase == .open && (isRetiring || connection.isOver) }

  mutating func close() {
    if socket >= 0 { Glibc.close(socket) }
    socket = -1
    phase = .closed
    session = nil
    outgoing = OutgoingBytes()
    sealed = OutgoingBytes()
  }

  /// The socket is connected.
  mutating func begin(_ place: ServerPlace) throws(TLSClientSession.Problem) {
    guard let security = place.security else { return beginInside() }
    session = try TLSClientSession(security, host: place.host)
    phase = .securing
    isDirty = true
  }

  private mutating func beginInside() {
    phase = .open
    connection.begin(&outgoing)
    isDirty = true
  }

  mutating func ask(_ sample: Int, ticket: Int) {
    connection.ask(sample, ticket: ticket, &outgoing)
    callCount += 1
    isDirty = true
  }

  /// Takes what came over the socket.
  mutating func receive(
    _ bytes: UnsafeRawBufferPointer, _ ended: (EndedCall) -> Void
  ) throws(TLSClientSession.Problem) {
    guard let session else { return receivePlain(bytes, ended) }
    // The handshake's end may bring the first bytes of what is inside: those wait until it has begun.
    var pieces: [[UInt8]] = []
    try session.receive(bytes) { pieces.append(Array($0)) }
    if phase == .securing, session.isOpen { beginInside() }
    for piece in pieces { piece.withUnsafeBytes { receivePlain($0, ended) } }
    isDirty = true
  }

  private mutating func receivePlain(_ bytes: UnsafeRawBufferPointer, _ ended: (EndedCall) -> Void)
  {
    connection.receive(bytes, &outgoing, ended)
    if !outgoing.isEmpty { isDirty = true }
  }

  /// Sends what the socket takes: 0 when all is sent, `EAGAIN` where it takes no more now, or why it
  /// does not.
  ///
  /// - Parameter byteCount: grows by what was sent.
  mutating func flush(
    _ staging: UnsafeMutableRawBufferPointer, _ byteCount: inout Int
  ) -> Int32 {
    isDirty = false
    guard let session else { return outgoing.send(over: socket, staging, &byteCount) }
    if session.isOpen { outgoing.takeAll { session.send($0) } }
    while let bytes = session.nextOutgoing() { sealed.append(bytes) }
    return sealed.send(over: socket, staging, &byteCount)
  }
}

extension OutgoingBytes {
  /// Parts that are larger are sent by themselves, smaller ones together.
  private static var largePartByteCount: Int { 16 << 10 }

  /// Sends what the socket takes: 0 when all is sent, else the error's number.
  fileprivate mutating func send(
    over socket: Int32, _ staging: UnsafeMutableRawBufferPointer, _ byteCount: inout Int
  ) -> Int32 {
    while !isEmpty {
      let isAlone = parts.count == 1 || parts[0].range.count >= Self.largePartByteCount
      let count = isAlone ? sendFirst(socket) : sendSeveral(socket, staging)
      if count >= 0 {
        sent(count)
        byteCount += count
      } else if errno != EINTR {
        return errno
      }
    }
    return 0
  }

  private func sendFirst(_ socket: Int32) -> Int {
    let flags = Int32(MSG_NOSIGNAL) | (parts.count > 1 ? Int32(MSG_MORE) : 0)
    let range = parts[0].range
    return parts[0].bytes.withUnsafeBytes {
      Glibc.send(socket, $0.baseAddress.map { $0 + range.lowerBound }, range.count, flags)
    }
  }

  private func sendSeveral(_ socket: Int32, _ staging: UnsafeMutableRawBufferPointer) -> Int {
    var filled = 0
    for part in parts where filled < staging.count {
      let count = min(part.range.count, staging.count - filled)
      part.bytes.withUnsafeBytes { bytes in
        let taken = bytes[part.range.lowerBound..<part.range.lowerBound + count]
        staging[filled..<filled + count].copyBytes(from: taken)
      }
      filled += count
    }
    return Glibc.send(socket, staging.baseAddress, filled, Int32(MSG_NOSIGNAL))
  }

  /// Gives all that waits to somebody else.
  fileprivate mutating func takeAll(_ take: (ArraySlice<UInt8>) -> Void) {
    for part in parts { take(part.bytes[part.range]) }
    self = OutgoingBytes()
  }
}
