import Inference
import NIOCore
import NIOHTTP1
import Serving

/// One client's connection: takes its requests one after the other, holds it to the limits, writes
/// the answers. Everything happens on the connection's event loop.
///
/// Pipelined requests wait in line here and are taken up when the answer before them has left, so
/// that a client that does not read can make us hold one answer, never many. NIO's own pipelining
/// handler would be one more hop for each part of each message.
final class HTTPConnection: ChannelInboundHandler, ChannelOutboundHandler {
  typealias InboundIn = HTTPServerRequestPart
  typealias OutboundIn = ByteBuffer
  typealias OutboundOut = ByteBuffer

  let front: FrontLoop
  /// Which of the listeners it came through.
  let isMetricsOnly: Bool
  private(set) var peer = Peer(address: "", isLoopback: false)
  private(set) var context: ChannelHandlerContext?

  /// The request that is being answered.
  private(set) var head = RequestHead()
  var record: RequestRecord
  private(set) var exchange: (any Exchange)?
  private var bodyByteCount = 0

  private var state = ConnectionState()
  private var watch: ConnectionWatch
  private var guardMemory = OriginGuard.Memory()
  var routeMemory = Route.Memory()
  private var waitingParts = CircularBuffer<HTTPServerRequestPart>()
  private var isTakingWaitingParts = false
  private var isReadWanted = false
  private var headStarted = Instant.never
  private var corsOrigin: String?

  init(front: FrontLoop, isMetricsOnly: Bool) {
    self.front = front
    self.isMetricsOnly = isMetricsOnly
    watch = ConnectionWatch(tick: front.tick)
    record = RequestRecord(context: .unread, model: "")
  }
}

// MARK: - The channel's events

extension HTTPConnection {
  func handlerAdded(context: ChannelHandlerContext) { self.context = context }

  func channelActive(context: ChannelHandlerContext) {
    peer = Peer(context.remoteAddress)
    front.connectionOpened(self)
    context.fireChannelActive()
  }

  func channelInactive(context: ChannelHandlerContext) {
    front.connectionClosed(self)
    waitingParts.removeAll()
    if state.owesAnswer { giveUp() }
    state.closed()
    self.context = nil
    context.fireChannelInactive()
  }

  func channelRead(context: ChannelHandlerContext, data: NIOAny) {
    let part = unwrapInboundIn(data)
    if waitingParts.isEmpty && state.takesParts {
      take(part)
    } else if state.phase != .closed {
      waitingParts.append(part)
    }
  }

  func channelReadComplete(context: ChannelHandlerContext) {
    if state.isIdle && watch.waiting == .idle {
      // Bytes came, and no head with them: the first part of one.
      headStarted = MonotonicClock.now()
      watch.wait(for: .head, tick: front.tick)
    }
  }

  func read(context: ChannelHandlerContext) {
    if state.wantsBytes && waitingParts.isEmpty {
      context.read()
    } else {
      isReadWanted = true
    }
  }

  func errorCaught(context: ChannelHandlerContext, error: any Error) {
    guard let problem = error as? HTTPParserError, state.phase != .closed else {
      context.close(promise: nil)
      return
    }
    refuseUnreadable(problem)
  }
}

// MARK: - Taking a request

extension HTTPConnection {
  private func take(_ part: HTTPServerRequestPart) {
    switch part {
    case .head(let head): takeHead(head)
    case .body(let bytes): takeBody(bytes)
    case .end: takeEnd()
    }
  }

  private func takeHead(_ received: HTTPRequestHead) {
    guard state.phase == .awaitingHead else { return }
    head = RequestHead(received, callerHeader: peer.isTrusted(by: front) ? front.callerHeader : nil)
    bodyByteCount = 0
    corsOrigin = nil
    startRecord()
    state.headTaken(
      keepsAlive: head.keepsAlive && !front.isDraining,
      discardableBytes: front.limits.discardedBytesMax)
    watch.wait(for: .body, tick: front.tick)
    if let refusal = refusalOfHead() {
      refuse(refusal.failure, status: refusal.status)
      return
    }
    front.router.begin(on: self)
    if head.expectation == .hundredContinue && state.deliversBody { writeContinue() }
  }

  /// Hands the request to what will answer it.
  func hand(to exchange: any Exchange) { self.exchange = exchange }

  private func takeBody(_ bytes: ByteBuffer) {
    watch.byteCount += bytes.readableBytes
    guard state.deliversBody else {
      carryOut(state.discarded(bytes.readableBytes))
      return
    }
    bodyByteCount += bytes.readableBytes
    if bodyByteCount > front.limits.bodyBytesMax {
      refuse(.tooLarge(.body(bytesMax: front.limits.bodyBytesMax)))
    } else {
      exchange?.receive(bytes)
    }
  }

  private func takeEnd() {
    let wasDelivering = state.deliversBody
    let next = state.requestEnded()
    if wasDelivering {
      record.bodyRead = bodyByteCount == 0 ? record.context.arrival : MonotonicClock.now()
      record.requestByteCount = bodyByteCount
      watch.wait(for: .computing, tick: front.tick)
      exchange?.end()
    }
    carryOut(next)
  }

  private func startRecord() {
    let id: String
    if let given = head.requestID, RequestIDs.isAcceptable(given) {
      id = given
    } else {
      id = front.requestIDs.make()
    }
    let arrival = headStarted == .never ? MonotonicClock.now() : headStarted
    headStarted = .never
    let caller = head.namedCaller.map { Caller(name: $0) } ?? peer.caller
    var context = RequestContext(
      id: id, caller: caller, dialect: .openInference, arrival: arrival,
      deadline: front.deadline(from: arrival))
    context.traceParent = head.traceParent
    record = RequestRecord(context: context, model: "")
    record.isInference = false
    record.clientName = head.userAgent
  }

  /// What is wrong with a head before anybody asks where it leads.
  private func refusalOfHead() -> (failure: InferenceFailure, status: Int?)? {
    let limit = front.limits.bodyBytesMax
    if let length = head.contentLength, length > limit {
      return (.tooLarge(.body(bytesMax: limit)), nil)
    }
    if head.expectation == .unknown {
      return (.unsupported(.other("this expectation; only 100-continue is met")), 417)
    }
    if case .unknown(let name) = head.contentCoding {
      return (.unsupported(.contentEncoding(name)), nil)
    }
    switch front.originGuard.verdict(on: head, memory: &guardMemory) {
    case .refused(let failure): return (failure, nil)
    case .sameOrigin: return nil
    case .corsOrigin(let origin):
      corsOrigin = origin
      return nil
    }
  }
}

// MARK: - Answering

extension HTTPConnection {
  /// Writes the answer to the request in hand, packed where the client would like that. Its record is
  /// reported when the last byte has left.
  func answer(_ answer: Answer) {
    guard state.owesAnswer else { return }
    exchange = nil
    guard let coding = coding(for: answer) else {
      send(answer)
      return
    }
    if answer.bodyByteCount <= front.limits.loopBodyBytesMax {
      send(Packing.pack(answer, coding))
    } else {
      packOnWorker(answer, coding)
    }
  }

  private func coding(for answer: Answer) -> ContentCoding? {
    guard !head.acceptEncoding.isEmpty, answer.isCompressible, head.method != .HEAD,
      answer.bodyByteCount >= front.limits.compressedBytesMin
    else { return nil }
    return AcceptedCoding.choice(from: head.acceptEncoding)
  }

  private func packOnWorker(_ answer: Answer, _ coding: ContentCoding) {
    let loop = front.eventLoop
    let bound = NIOLoopBound(self, eventLoop: loop)
    front.workers.run {
      let packed = Packing.pack(answer, coding)
      // Should the client have gone meanwhile, nothing is owed any more, and `send` does nothing.
      loop.execute { bound.value.send(packed) }
    }
  }

  private func send(_ answer: Answer) {
    guard state.owesAnswer, let context else { return }
    var answer = answer
    if front.isDraining { state.closeAfterAnswer() }
    state.answerBegan(bodyBytesLeft: head.contentLength.map { $0 - bodyByteCount })
    record.statusCode = answer.status
    watch.wait(for: .writing, tick: front.tick)
    front.headWriter.write(to: &answer, facts(for: answer))
    record.responseByteCount = answer.bodyByteCount
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { result in self.answerLeft(result) }
    write(answer, context, promise)
  }

  /// Answers a failure, and says in the record what it was.
  func refuse(_ failure: InferenceFailure, status: Int? = nil) {
    guard state.owesAnswer else { return }
    record.outcome = failure.outcome
    record.failure = failure
    exchange?.abandon()
    // A client that waits for our word before it sends a body may send it or not after a refusal;
    // only a closed connection tells both sides what comes next.
    if head.expectation != .none { state.closeAfterAnswer() }
    if case .clientTooSlow = failure { state.closeAfterAnswer() }
    answer(FailureAnswer.make(for: failure, status: status))
  }

  private func write(
    _ answer: Answer, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>
  ) {
    guard !answer.tail.isEmpty else {
      context.writeAndFlush(wrapOutboundOut(answer.body), promise: promise)
      return
    }
    context.write(wrapOutboundOut(answer.body), promise: nil)
    for part in answer.tail.dropLast() { context.write(wrapOutboundOut(part), promise: nil) }
    context.writeAndFlush(wrapOutboundOut(answer.tail[answer.tail.count - 1]), promise: promise)
  }

  private func facts(for answer: Answer) -> AnswerHead.Facts {
    AnswerHead.Facts(
      requestID: record.context.id, date: front.date, closes: state.closesAfterAnswer,
      isVersion10: head.isVersion10,
      omitsBody: head.method == .HEAD || answer.status == 204 || answer.status == 304,
      corsOrigin: corsOrigin)
  }

  private func answerLeft(_ result: Result<Void, any Error>) {
    record.written = MonotonicClock.now()
    if case .failure = result, record.outcome == .success { record.outcome = .cancelled }
    front.observer.finished(record)
    guard state.phase != .closed else { return }
    carryOut(state.answerLeft())
  }

  private func writeContinue() {
    var line = ByteBufferAllocator().buffer(capacity: 32)
    line.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
    context?.writeAndFlush(wrapOutboundOut(line), promise: nil)
  }

  /// The client has gone before its answer.
  private func giveUp() {
    exchange?.abandon()
    exchange = nil
    record.outcome = .cancelled
    record.failure = .cancelled
    front.observer.finished(record)
  }

  /// Bytes that are no HTTP: there is no request to answer, and no place where the next one begins.
  private func refuseUnreadable(_ problem: HTTPParserError) {
    if state.phase == .awaitingHead {
      head = RequestHead()
      startRecord()
      record.operation = "unreadable"
      state.headTaken(keepsAlive: false, discardableBytes: front.limits.discardedBytesMax)
    }
    state.closeAfterAnswer()
    if state.owesAnswer {
      let refusal = UnreadableRequest.failure(for: problem, limits: front.limits)
      refuse(refusal.failure, status: refusal.status)
    }
  }
}

// MARK: - Between requests

extension HTTPConnection {
  private func carryOut(_ next: ConnectionState.Next) {
    switch next {
    case .wait: break
    case .takeNextRequest:
      watch.wait(for: .idle, tick: front.tick)
      if front.isDraining && waitingParts.isEmpty {
        close()
      } else {
        takeWaitingParts()
      }
    case .linger:
      watch.wait(for: .lingering, tick: front.tick)
      waitingParts.removeAll()
      context?.close(mode: .output, promise: nil)
      resumeReading()
    case .close: close()
    }
  }

  private func takeWaitingParts() {
    // An answer given at once calls back in here: the loop below goes on by itself.
    guard !isTakingWaitingParts else { return }
    isTakingWaitingParts = true
    while state.takesParts, let part = waitingParts.popFirst() { take(part) }
    isTakingWaitingParts = false
    if waitingParts.isEmpty && state.wantsBytes { resumeReading() }
  }

  private func resumeReading() {
    guard isReadWanted else { return }
    isReadWanted = false
    context?.read()
  }

  func close() {
    state.closed()
    context?.close(promise: nil)
  }

  /// The server is going: idle connections close, others after the answer they wait for.
  func beginDraining() {
    if state.isIdle && watch.waiting == .idle {
      close()
    } else {
      state.closeAfterAnswer()
    }
  }

  /// A second has passed.
  func timePassed() {
    if watch.waiting == .writing { noteProgressOfWriting() }
    switch watch.verdict(tick: front.tick, limits: front.limits) {
    case nil: break
    case .closeIdle, .cut: close()
    case .refuseSlowHead: refuseSlowHead()
    case .refuseSlowBody: refuse(.clientTooSlow(bytesPerSecondMin: front.limits.bytesPerSecondMin))
    }
  }

  private func noteProgressOfWriting() {
    guard let options = context?.channel.syncOptions,
      let left = try? options.getOption(.bufferedWritableBytes)
      // A channel without that option (none of ours) is held to its time alone.
    else { return }
    watch.byteCount = record.responseByteCount - left
  }

  private func refuseSlowHead() {
    head = RequestHead()
    startRecord()
    record.operation = "unreadable"
    state.headTaken(keepsAlive: false, discardableBytes: 0)
    refuse(.clientTooSlow(bytesPerSecondMin: front.limits.bytesPerSecondMin))
  }
}
