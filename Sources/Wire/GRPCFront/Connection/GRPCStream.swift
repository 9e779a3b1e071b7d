import FrontSupport
import Inference
import NIOCore
import NIOHPACK
import NIOHTTP2
import Serving
import WireFormats

/// One call on its connection: takes its messages in, writes its answers, and reports what became of
/// it. On the connection's loop throughout.
final class GRPCStream {
  let id: HTTP2StreamID
  let connection: GRPCConnection
  var record: RequestRecord
  /// Answers are packed: the client packed its messages, and takes such answers.
  private(set) var packsAnswers = false
  let endsStreamOnFailure: Bool
  /// In whose manner failures are told.
  private var dialect = Dialect.grpc
  /// Why this call may not manage the server; `nil` where it may.
  let managementRefusal: InferenceFailure?
  private var framing: MessageFraming?
  private var call: (any GRPCCall)?
  private var order = SendingOrder()
  /// The client may still send.
  private var isClientOpen = true
  private var hasSentHead = false
  /// Trailers were written, or the client has left: nothing more is sent.
  private(set) var isOver = false
  private var isReported = false
  /// How many bytes the client has promised to send, if it has.
  private let contentLength: Int?
  /// Bytes that were taken before the HTTP/2 handler and not given back to the client's window.
  private var owedWindow = 0
  /// Since when a message, or the taking of an answer, has been waited for; ticks.
  private var movedTick: Int
  private var movedByteCount = 0
  private var unsentByteCount = 0

  var front: GRPCLoop { connection.front }

  init(_ id: HTTP2StreamID, connection: GRPCConnection) {
    self.id = id
    self.connection = connection
    let head = connection.head
    movedTick = connection.front.tick
    endsStreamOnFailure = head.endsStreamOnFailure
    contentLength = head.contentLength
    // What a proxy on this machine passes on may come from anywhere.
    let isTrusted = connection.front.settings.trustedProxies.contains(connection.peer.address)
    managementRefusal = connection.front.shared.managementKey.refusal(
      authorization: head.authorization, isHere: connection.peer.isLoopback && !isTrusted)
    record = RequestRecord(context: Self.context(of: connection), model: "")
    record.isInference = false
    record.clientName = head.userAgent
  }

  private static func context(of connection: GRPCConnection) -> RequestContext {
    let head = connection.head
    let front = connection.front
    let id: String
    if let given = head.requestID, RequestIDs.isAcceptable(given) {
      id = given
    } else {
      id = front.requestIDs.make()
    }
    let arrival = MonotonicClock.now()
    var deadline = front.deadline(from: arrival)
    if case .nanoseconds(let timeout) = head.timeout {
      deadline = min(deadline, arrival.advanced(byNanoseconds: timeout))
    }
    var context = RequestContext(
      id: id, caller: head.namedCaller.map { Caller(name: $0) } ?? connection.peer.caller,
      dialect: .grpc, arrival: arrival, deadline: deadline)
    context.traceParent = head.traceParent
    return context
  }
}

// MARK: - In

extension GRPCStream {
  /// The headers have come; `isEnd` where nothing follows them.
  func begin(isEnd: Bool) {
    isClientOpen = !isEnd
    let head = connection.head
    let method = connection.methods.method(for: head.path)
    record.operation = connection.methods.operation
    dialect = method?.dialect ?? .grpc
    if let refusal = refusalOfHead(method) {
      refuse(refusal.failure, httpStatus: refusal.httpStatus)
      return
    }
    guard let method else { return }
    let limits = front.limits
    packsAnswers = head.encoding != nil && head.acceptsGzip
    framing = MessageFraming(
      areInferences: method.isInference, byteCountMax: limits.messageBytesMax(of: method),
      isPackingKnown: head.encoding != nil, budget: front.shared.heldBytes)
    call = method.makeCall(on: self)
    if isEnd { ended() }
  }

  /// What is wrong with a call before anybody looks at its messages.
  private func refusalOfHead(
    _ method: GRPCMethod?
  ) -> (failure: CallFailure, httpStatus: String)? {
    let head = connection.head
    guard head.isPost else {
      let failure = InferenceFailure.unsupported(.method("other than POST", allowed: ["POST"]))
      return (CallFailure(failure), "405")
    }
    guard head.isGRPC else {
      let failure = InferenceFailure.unsupported(.contentType(head.contentType))
      return (CallFailure(failure, status: .invalidArgument), "415")
    }
    if let failure = refusal(of: method) { return (CallFailure(failure), "200") }
    return nil
  }

  private func refusal(of method: GRPCMethod?) -> InferenceFailure? {
    let head = connection.head
    // Pages of browsers have no business here: none of ours calls this port.
    if let origin = head.origin { return .forbidden(.origin(origin)) }
    guard let method else { return .unsupported(.path(String(head.path.prefix(256)))) }
    if let encoding = head.encoding, encoding != "gzip" {
      return .unsupported(.contentEncoding(encoding))
    }
    switch head.timeout {
    case .none: break
    case .unreadable(let text):
      return .invalidInput(
        .parameter("grpc-timeout", expected: "at most 8 digits and a unit, as 250m", got: text))
    case .nanoseconds(let timeout):
      if timeout == 0 { return .deadlineExceeded(.zero) }
    }
    if let lock = method.group.flatMap(front.settings.restricted.lock),
      !lock.isOpened(by: head.keys[lock.header])
    {
      return .forbidden(.restricted(header: lock.header))
    }
    return method.isManagement ? managementRefusal : nil
  }

  func receive(_ bytes: ByteBuffer, isEnd: Bool) {
    if isEnd { isClientOpen = false }
    guard !isOver else { return }
    movedByteCount += bytes.readableBytes
    record.requestByteCount += bytes.readableBytes
    var bytes = bytes
    do throws(CallFailure) {
      while !isOver, let message = try framing?.next(&bytes) {
        movedTick = front.tick
        movedByteCount = 0
        call?.receive(message)
      }
    } catch {
      refuse(error)
      return
    }
    if isEnd, !isOver { ended() }
  }

  private func ended() {
    if let contentLength, contentLength != record.requestByteCount {
      refuse(CallFailure(.invalidInput(.framing("content-length is not what came"))))
      return
    }
    if framing?.isInsideMessage ?? false {
      refuse(
        CallFailure(.invalidInput(.framing("the call ended inside a message"))))
      return
    }
    record.bodyRead = MonotonicClock.now()
    call?.end()
  }

  /// What is to be taken of a frame that begins before the HTTP/2 handler gets it.
  var wish: FrameDiversion.Wish {
    isOver || !isClientOpen ? .nothing : framing?.wish ?? .nothing
  }

  /// Where the next bytes of its tensor belong, where much of it is missing.
  var openMemory: BodyMemory? { isOver ? nil : framing?.openMemory }

  /// Takes bytes of a tensor; gives how much the client's window is to be opened by.
  func take(_ bytes: ByteBuffer) -> Int {
    owedWindow += bytes.readableBytes
    receive(bytes, isEnd: false)
    guard wantsBytes, owedWindow >= front.limits.windowBytes / 4 else { return 0 }
    defer { owedWindow = 0 }
    return owedWindow
  }

  /// The message that came last has become something else.
  func messageWasTaken() { framing?.giveBack() }

  /// Whether the client's receiving window is worth opening.
  var wantsBytes: Bool { isClientOpen && !isOver }
}

// MARK: - Out

extension GRPCStream {
  /// Writes one message, the parts of its bytes as they lie.
  ///
  /// - Parameter onSent: called once, when it has left or never will.
  func send(_ parts: [ByteBuffer], onSent: (() -> Void)? = nil) {
    guard !isOver else {
      onSent?()
      return
    }
    sendHead()
    let byteCount = parts.reduce(0) { $0 + $1.readableBytes }
    record.responseByteCount += byteCount
    unsentByteCount += byteCount
    movedTick = front.tick
    guard connection.wrote(byteCount) else { return }
    for part in parts.dropLast() {
      connection.write(.data(.init(data: .byteBuffer(part))), on: id)
    }
    let promise = front.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { _ in
      self.left(byteCount)
      onSent?()
    }
    connection.write(
      .data(.init(data: .byteBuffer(parts[parts.count - 1]))), on: id, promise: promise)
    connection.flushSoon()
  }

  /// Takes a step of the answer, or of its end, after those that were given before.
  func inOrder(_ step: @escaping SendingOrder.Step) {
    if order.isEmpty { step() } else { order.add(step) }
  }

  /// Keeps a place in that order for what a worker makes ready.
  func keepPlace() -> Int { order.keepPlace() }

  /// Gives the step for a place, and takes all whose turn it is.
  func fill(_ place: Int, _ step: @escaping SendingOrder.Step) {
    order.fill(place, step)
    while let due = order.next() { due() }
  }

  private func left(_ byteCount: Int) {
    unsentByteCount -= byteCount
    movedTick = front.tick
    connection.sent(byteCount)
  }

  private func sendHead() {
    guard !hasSentHead else { return }
    hasSentHead = true
    connection.write(
      .headers(.init(headers: packsAnswers ? Self.packedHead : Self.plainHead)), on: id)
  }

  private static let plainHead: HPACKHeaders = [
    ":status": "200", "content-type": "application/grpc",
  ]
  private static let packedHead: HPACKHeaders = [
    ":status": "200", "content-type": "application/grpc", "grpc-encoding": "gzip",
    "grpc-accept-encoding": "identity, gzip",
  ]
  private static let goodTrailers: HPACKHeaders = ["grpc-status": "0"]

  /// Ends the call with success.
  func finish() {
    guard !isOver else { return }
    sendHead()
    close(with: Self.goodTrailers)
  }

  /// Answers a failure, and says in the record what it was.
  func refuse(_ failure: CallFailure, httpStatus: String = "200") {
    guard !isOver else { return }
    record.outcome = failure.failure.outcome
    record.failure = failure.failure
    record.statusCode = failure.status.rawValue
    var trailers: HPACKHeaders
    if hasSentHead {
      trailers = [:]
    } else {
      hasSentHead = true
      trailers = [":status": httpStatus, "content-type": "application/grpc"]
    }
    trailers.add(name: "grpc-status", value: String(failure.status.rawValue))
    trailers.add(
      name: "grpc-message",
      value: StatusText.encode(GRPCFailures.text(for: failure.failure, in: dialect)),
      indexing: .nonIndexable)
    trailers.add(name: "x-request-id", value: record.context.id, indexing: .nonIndexable)
    if case .unsupported(.contentEncoding) = failure.failure {
      trailers.add(name: "grpc-accept-encoding", value: "identity, gzip")
    }
    if let wait = GRPCFailures.retryAfterMilliseconds(for: failure.failure) {
      trailers.add(name: "grpc-retry-pushback-ms", value: String(wait))
    }
    close(with: trailers)
  }

  func refuse(_ failure: InferenceFailure) { refuse(CallFailure(failure)) }

  private func close(with trailers: HPACKHeaders) {
    isOver = true
    let call = call
    self.call = nil
    call?.abandon()
    framing?.giveBack()
    connection.answerIsLeaving()
    let promise = front.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { result in self.trailersLeft(result) }
    connection.write(
      .headers(.init(headers: trailers, endStream: true)), on: id, promise: promise)
    // What the client still has to say nobody will hear; see `secondPassed`.
    movedTick = front.tick
    connection.flushSoon()
  }

  private func trailersLeft(_ result: Result<Void, any Error>) {
    if case .failure = result, record.outcome == .success { record.outcome = .cancelled }
    report()
    connection.answerHasLeft()
  }
}

// MARK: - Time and end

extension GRPCStream {
  /// The stream is no more: its last frame has gone both ways, or one side has reset it.
  func closed() {
    if !isOver { clientLeft() }
  }

  /// The client has gone, or has taken the call back.
  func clientLeft() {
    guard !isOver else { return }
    isOver = true
    let call = call
    self.call = nil
    call?.abandon()
    framing?.giveBack()
    record.outcome = .cancelled
    record.failure = .cancelled
    record.statusCode = GRPCStatus.cancelled.rawValue
    report()
  }

  private func report() {
    guard !isReported else { return }
    isReported = true
    record.written = MonotonicClock.now()
    front.observer.finished(record)
  }

  func secondPassed() {
    call?.secondPassed()
    let seconds = front.tick - movedTick
    if isOver, isClientOpen, seconds > front.limits.lingerSeconds {
      // It had time to read why; RFC 9113, 8.1, has this for a client that goes on all the same. At
      // once it would be too early: some clients then forget the answer before it.
      isClientOpen = false
      connection.write(.rstStream(.noError), on: id)
      connection.flushSoon()
      return
    }
    guard seconds > front.limits.graceSeconds else { return }
    let isReceiving = !isOver && isClientOpen && (framing?.isInsideMessage ?? false)
    if isReceiving, movedByteCount < seconds * front.limits.bytesPerSecondMin {
      refuse(.clientTooSlow(.moving(bytesPerSecondMin: front.limits.bytesPerSecondMin)))
    } else if front.limits.isTooSlow(seconds: seconds, unsentByteCount: unsentByteCount) {
      // What is written cannot be taken back but so.
      connection.write(.rstStream(.cancel), on: id)
      connection.flushSoon()
    }
  }
}
