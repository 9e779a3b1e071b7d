import Inference
import NIOCore
import NIOHTTP1
import Serving

// Answers whose body comes in parts, of which nobody knows how many (RFC 9112, section 7.1). The
// exchange stays the connection's until the last of them, so that it hears when the client leaves or
// falls behind.

extension HTTPConnection {
  /// Whether more may be written now; otherwise the exchange hears of it (`writabilityChanged`).
  var isWritable: Bool { context?.channel.isWritable ?? false }

  /// Begins such an answer; nothing leaves before its first part or its end.
  func beginStream(status: Int, contentType: StaticString) {
    guard state.owesAnswer else { return }
    if front.isDraining || head.isVersion10 { state.closeAfterAnswer() }
    state.answerBegan(bodyBytesLeft: head.contentLength.map { $0 - bodyByteCount })
    isStreaming = true
    record.statusCode = status
    record.responseByteCount = 0
    var answer = Answer(
      status: status, contentType: contentType, body: AnswerHead.buffer(capacity: 0))
    front.headWriter.write(to: &answer, facts(for: answer, isStream: true))
    streamHead = answer.body
  }

  /// Sends a part, which must not be empty.
  func stream(_ part: ByteBuffer) {
    guard isStreaming, let context else { return }
    record.encoded = MonotonicClock.now()
    record.responseByteCount += part.readableBytes
    context.write(wrapOutboundOut(framed(part)), promise: nil)
    front.flushSoon(self)
    watchStream()
  }

  /// The stream is complete, or has told of its failure.
  func endStream(after failure: InferenceFailure? = nil) {
    guard isStreaming, let context else { return }
    note(failure)
    isStreaming = false
    exchange = nil
    var last = streamHead ?? ByteBuffer()
    streamHead = nil
    if !head.isVersion10 { last.writeStaticString("0\r\n\r\n") }
    record.encoded = MonotonicClock.now()
    waitForWriting()
    let promise = context.eventLoop.makePromise(of: Void.self)
    promise.futureResult.assumeIsolated().whenComplete { result in self.answerLeft(result) }
    context.write(wrapOutboundOut(last), promise: promise)
    front.flushSoon(self)
  }

  /// Ends the stream without its end, for a client that does not take it.
  func breakStream(after failure: InferenceFailure) {
    guard isStreaming else { return }
    note(failure)
    isStreaming = false
    exchange = nil
    record.written = MonotonicClock.now()
    front.observer.finished(record)
    close()
  }

  private func note(_ failure: InferenceFailure?) {
    guard let failure else { return }
    record.outcome = failure.outcome
    record.failure = failure
  }

  /// The part as one chunk, the head before the first.
  private func framed(_ part: ByteBuffer) -> ByteBuffer {
    var chunk = streamHead ?? ByteBufferAllocator().buffer(capacity: part.readableBytes + 16)
    streamHead = nil
    if !head.isVersion10 {
      chunk.writeString(String(part.readableBytes, radix: 16))
      chunk.writeStaticString("\r\n")
    }
    chunk.writeImmutableBuffer(part)
    if !head.isVersion10 { chunk.writeStaticString("\r\n") }
    return chunk
  }

  /// While the socket takes what it is given, it is the model that is waited for.
  func watchStream() {
    guard isStreaming else { return }
    if isWritable {
      watch.wait(for: .computing, tick: front.tick)
    } else if watch.waiting != .writing {
      waitForWriting()
    }
  }

  private func waitForWriting() {
    watch.wait(for: .writing, tick: front.tick)
    writtenBefore = writtenByteCount
  }
}
