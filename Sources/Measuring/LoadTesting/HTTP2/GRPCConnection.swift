/// The client's side of gRPC over one HTTP/2 connection (RFC 9113), for calls with one message each way.
///
///     begun ──> open ──> leaving     the server wants no more calls, or the numbers of calls are used up
///       │         │
///       └─────────┴────> broken      what came is no HTTP/2; every call has ended
///
/// Until the server's settings are there it takes one call. Messages that were made before are sent as they
/// lie, within the windows that the server gives; what comes is counted and let go.
package struct GRPCConnection: ClientConnection {
  private enum State { case open, leaving, broken }

  /// What this client takes before it gives bytes back: of each call, and of all together.
  static let callWindow = 16 << 20
  static let window = 1 << 30
  /// A server that asks so much and reads no answer is no server.
  private static let partCountMax = 1 << 16

  let requests: GRPCRequests
  private let answers: (any AnswerKeeper)?
  private var state = State.open
  private var reader = FrameReader()
  var peer = GRPCPeer()
  var calls: [UInt32: GRPCCall] = [:]
  var nextStream: UInt32 = 1
  /// Calls whose message waits for a window, in the order in which they were asked.
  var waiting: [UInt32] = []
  var headers: HeaderCollection?
  private var unreturnedCount = 0

  init(_ requests: GRPCRequests, answers: (any AnswerKeeper)?) {
    self.requests = requests
    self.answers = answers
  }

  package var isOver: Bool { state != .open }

  package var freeCount: Int {
    guard state == .open else { return 0 }
    // One, so that somebody hears it where no settings come but something else.
    return max(0, (peer.callsMax ?? 1) - calls.count)
  }

  // MARK: Asking

  package mutating func begin(_ outgoing: inout OutgoingBytes) {
    // Each setting's number, and its value in four bytes: no table, no pushing, the windows.
    let settings: [(number: UInt8, value: UInt32)] = [
      (1, 0), (2, 0), (4, UInt32(Self.callWindow)), (6, UInt32(HeaderCollection.byteCountMax)),
    ]
    let payload: [UInt8] = settings.flatMap { [0, $0.number] + HTTP2Frame.bytes(of: $0.value) }
    outgoing.append(
      HTTP2Frame.preface + HTTP2Frame.frame(HTTP2Frame.Kind.settings, payload)
        + HTTP2Frame.windowUpdate(stream: 0, Self.window - HTTP2Frame.usualWindow))
  }

  package mutating func ask(_ sample: Int, ticket: Int, _ outgoing: inout OutgoingBytes) {
    precondition(freeCount > 0, "a call more than the server takes")
    let isKept = answers?.wants(sample) ?? false
    let call = GRPCCall(
      ticket: ticket, sample: sample, window: peer.callWindow,
      message: MessageReader(isKept: isKept))
    send(call, takeStream(), &outgoing)
  }

  /// Asks a call again that the server has refused without looking at it (RFC 9113, 8.7); once, as
  /// gRPC's clients do, and on this connection only.
  mutating func askAgain(_ refused: GRPCCall, _ outgoing: inout OutgoingBytes) {
    var call = refused
    call.isRepeated = true
    call.window = peer.callWindow
    call.sentCount = 0
    call.unreturnedCount = 0
    call.status = nil
    call.message = MessageReader(isKept: refused.message.kept != nil)
    send(call, takeStream(), &outgoing)
  }

  private mutating func takeStream() -> UInt32 {
    defer { nextStream += 2 }
    // 2^31 - 1 is the last.
    if nextStream + 2 > HTTP2Frame.windowMax { state = .leaving }
    return nextStream
  }

  // MARK: Receiving

  package mutating func receive(
    _ bytes: UnsafeRawBufferPointer, _ outgoing: inout OutgoingBytes,
    _ ended: (EndedCall) -> Void
  ) {
    var rest = bytes
    while state != .broken, let piece = reader.next(&rest) {
      switch piece {
      case .data(let stream, let content, let byteCount, let isEnd):
        giveBack(byteCount, &outgoing)
        takeData(stream, content, byteCount, isEnd, &outgoing, ended)
      case .frame(let head, let payload): take(head, payload, &outgoing, ended)
      case .collected(let head, let payload):
        payload.withUnsafeBytes { take(head, $0, &outgoing, ended) }
      case .problem(let code, let fact): fail(code, fact, &outgoing, ended)
      }
    }
  }

  /// Whether a frame may be about a call that has ended; otherwise nobody has begun it.
  func wasAsked(_ stream: UInt32) -> Bool { stream & 1 == 1 && stream < nextStream }

  private mutating func giveBack(_ byteCount: Int, _ outgoing: inout OutgoingBytes) {
    unreturnedCount += byteCount
    guard unreturnedCount >= Self.window / 2 else { return }
    outgoing.append(HTTP2Frame.windowUpdate(stream: 0, unreturnedCount))
    unreturnedCount = 0
  }

  /// Answers a question of the server's; false where it asks too many.
  mutating func acknowledge(
    _ kind: UInt8, _ payload: [UInt8], _ outgoing: inout OutgoingBytes
  ) -> Bool {
    guard outgoing.parts.count < Self.partCountMax else { return false }
    outgoing.append(
      HTTP2Frame.frame(kind, flags: HTTP2Frame.Flag.acknowledgement, payload))
    return true
  }

  // MARK: Ending

  /// A call has all that it will get.
  mutating func finish(
    _ stream: UInt32, _ fields: ResponseFields?, _ outgoing: inout OutgoingBytes,
    _ ended: (EndedCall) -> Void
  ) {
    guard let call = calls[stream] else { return }
    end(stream, call.problem(fields), &outgoing, ended)
  }

  /// A call ends; where the server does not know that, it is told.
  mutating func end(
    _ stream: UInt32, _ problem: CallProblem?, telling code: HTTP2Frame.ErrorCode? = nil,
    _ outgoing: inout OutgoingBytes, _ ended: (EndedCall) -> Void
  ) {
    guard let call = calls.removeValue(forKey: stream) else { return }
    var code = code
    if call.sentCount < requests.messages[call.sample].count {
      waiting.removeAll { $0 == stream }
      code = code ?? .cancel
    }
    if let code { outgoing.append(HTTP2Frame.reset(stream: stream, code)) }
    ended(
      EndedCall(
        ticket: call.ticket, problem: problem, answer: problem == nil ? call.message.kept : nil))
  }

  /// The server takes no further calls, and has not taken those behind `last`.
  mutating func leave(
    last: UInt32, code: UInt32, _ outgoing: inout OutgoingBytes, _ ended: (EndedCall) -> Void
  ) {
    state = .leaving
    for stream in calls.keys.filter({ $0 > last }).sorted() {
      // It is not to be told anything more about them.
      guard let call = calls.removeValue(forKey: stream) else { continue }
      waiting.removeAll { $0 == stream }
      ended(
        EndedCall(ticket: call.ticket, problem: GRPCProblems.goingAway(code), isUntaken: true))
    }
  }

  /// What came is no HTTP/2: the server is told so, and every call ends.
  mutating func fail(
    _ code: HTTP2Frame.ErrorCode, _ fact: String, _ outgoing: inout OutgoingBytes,
    _ ended: (EndedCall) -> Void
  ) {
    outgoing.append(
      HTTP2Frame.frame(
        HTTP2Frame.Kind.goAway, HTTP2Frame.bytes(of: 0) + HTTP2Frame.bytes(of: code.rawValue)))
    close(GRPCProblems.notHTTP2(fact), ended)
  }

  package mutating func close(_ problem: CallProblem, _ ended: (EndedCall) -> Void) {
    state = .broken
    waiting = []
    let unanswered = calls
    calls = [:]
    for call in unanswered.sorted(by: { $0.key < $1.key }).map(\.value) {
      ended(EndedCall(ticket: call.ticket, problem: problem))
    }
  }
}
