import FrontSupport
import Inference
import NIOCore
import NIOHTTP1
import Serving

// How a request is answered, refused or given up.

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
    writtenBefore = 0
    answer.joinSmallTail()
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
    answer(FailureAnswer.make(for: failure, in: record.context.dialect, status: status))
  }

  private func write(
    _ answer: Answer, _ context: ChannelHandlerContext, _ promise: EventLoopPromise<Void>
  ) {
    guard !answer.tail.isEmpty else {
      context.write(wrapOutboundOut(answer.body), promise: promise)
      front.flushSoon(self)
      return
    }
    context.write(wrapOutboundOut(answer.body), promise: nil)
    for part in answer.tail.dropLast() { context.write(wrapOutboundOut(part), promise: nil) }
    context.writeAndFlush(wrapOutboundOut(answer.tail[answer.tail.count - 1]), promise: promise)
  }

  func facts(for answer: Answer, isStream: Bool = false) -> AnswerHead.Facts {
    AnswerHead.Facts(
      requestID: record.context.id, date: front.date, closes: state.closesAfterAnswer,
      isVersion10: head.isVersion10,
      omitsBody: head.method == .HEAD || answer.status == 204 || answer.status == 304,
      isStream: isStream, corsOrigin: corsOrigin)
  }

  func answerLeft(_ result: Result<Void, any Error>) {
    record.written = MonotonicClock.now()
    if case .failure = result, record.outcome == .success { record.outcome = .cancelled }
    front.observer.finished(record)
    record.traced = nil
    guard state.phase != .closed else { return }
    carryOut(state.answerLeft())
  }

  func writeContinue() {
    var line = ByteBufferAllocator().buffer(capacity: 32)
    line.writeStaticString("HTTP/1.1 100 Continue\r\n\r\n")
    context?.writeAndFlush(wrapOutboundOut(line), promise: nil)
  }

  /// The client has gone before its answer.
  func giveUp() {
    exchange?.abandon()
    exchange = nil
    isStreaming = false
    streamHead = nil
    record.outcome = .cancelled
    record.failure = .cancelled
    front.observer.finished(record)
  }

  /// Bytes that are no HTTP: there is no request to answer, and no place where the next one begins.
  func refuseUnreadable(_ problem: HTTPParserError) {
    if state.phase == .awaitingHead {
      head.clear()
      startRecord()
      record.operation = "unreadable"
      state.headTaken(keepsAlive: false, discardableBytes: front.limits.discardedBytesMax)
    }
    let next = state.requestBroke()
    if state.owesAnswer {
      let refusal = UnreadableRequest.failure(for: problem, limits: front.limits)
      refuse(refusal.failure, status: refusal.status)
    }
    carryOut(next)
  }
}
