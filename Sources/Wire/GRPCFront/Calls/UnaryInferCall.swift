import FrontSupport
import Inference
import NIOCore
import Serving
import WireFormats

/// `ModelInfer`: one request, one answer.
final class UnaryInferCall: GRPCCall, InferRunOwner {
  private let stream: GRPCStream
  private var message: CallMessage?
  private var run: InferRun?
  private var outputs: [NamedTensor]?
  private var partCount = 0
  let takesParts = false

  init(_ stream: GRPCStream) {
    self.stream = stream
    stream.record.isInference = true
  }

  func receive(_ message: CallMessage) {
    guard self.message == nil else {
      stream.refuse(.invalidInput(.framing("this call takes one message, and a second one came")))
      return
    }
    self.message = message
  }

  func end() {
    guard let message else {
      stream.refuse(.invalidInput(.framing("this call takes one message, and none came")))
      return
    }
    self.message = nil
    let run = InferRun(stream, record: stream.record, owner: self)
    self.run = run
    run.begin(message)
  }

  func run(_ run: InferRun, gave outputs: [NamedTensor]) {
    partCount += 1
    if partCount == 1 { self.outputs = outputs } else { self.outputs = nil }
    run.partLeft()
  }

  func run(_ run: InferRun, ended outcome: ResponseEnd.Outcome) {
    self.run = nil
    stream.record = run.record
    switch outcome {
    case .failed(let failure): stream.refuse(failure)
    case .done: answer(run)
    }
  }

  private func answer(_ run: InferRun) {
    guard let lease = run.lease, let outputs else {
      stream.refuse(.unsupported(.answersInParts(got: partCount)))
      return
    }
    do throws(InferenceFailure) {
      let message = try InferAnswerMessage(
        model: lease.name, version: lease.version, id: run.clientID, outputs: outputs,
        labels: run.labels, plan: run.plan)
      InferAnswers.send(message, run.regions, on: stream) { stream in stream.finish() }
    } catch {
      stream.refuse(error)
    }
  }

  func abandon() {
    message = nil
    run?.abandon()
    run = nil
  }
}

/// Sends answers of inference.
enum InferAnswers {
  /// Sends one message, then does what follows it; refuses the call where that cannot be.
  static func send(
    _ message: InferAnswerMessage, _ regions: HeldRegions, on stream: GRPCStream,
    onSent: (() -> Void)? = nil, then follow: @escaping (GRPCStream) -> Void
  ) {
    guard message.regionTensors.isEmpty else {
      write(message, regions, on: stream, onSent: onSent, then: follow)
      return
    }
    send(message, on: stream, onSent: onSent, then: follow)
  }

  /// Puts outputs where the client wants them, on a worker where they are large; then sends the rest.
  private static func write(
    _ message: InferAnswerMessage, _ regions: HeldRegions, on stream: GRPCStream,
    onSent: (() -> Void)?, then follow: @escaping (GRPCStream) -> Void
  ) {
    let loop = stream.front.eventLoop
    let bound = NIOLoopBound((stream, onSent, follow), eventLoop: loop)
    @Sendable func write() -> InferenceFailure? {
      do throws(InferenceFailure) {
        try regions.write(message.regionTensors)
        return nil
      } catch {
        return error
      }
    }
    @Sendable func goOn(_ failure: InferenceFailure?) {
      let (stream, onSent, follow) = bound.value
      guard let failure else {
        send(message, on: stream, onSent: onSent, then: follow)
        return
      }
      stream.refuse(failure)
      onSent?()
    }
    guard message.regionByteCount > stream.front.limits.loopMessageBytesMax else {
      goOn(write())
      return
    }
    stream.front.shared.workers.run {
      let failure = write()
      loop.execute { goOn(failure) }
    }
  }

  private static func send(
    _ message: InferAnswerMessage, on stream: GRPCStream, onSent: (() -> Void)?,
    then follow: @escaping (GRPCStream) -> Void
  ) {
    let front = stream.front
    guard message.byteCount <= Int(UInt32.max), let parts = AnswerBytes.parts(of: message) else {
      stream.refuse(.unsupported(.other("outputs in device memory, or of more than 4 GiB")))
      onSent?()
      return
    }
    guard stream.packsAnswers, message.byteCount >= front.limits.compressedBytesMin else {
      deliver(parts, message.byteCount, on: stream, onSent)
      follow(stream)
      return
    }
    if message.byteCount <= front.limits.loopMessageBytesMax {
      deliver(AnswerBytes.packed(parts), message.byteCount, on: stream, onSent)
      follow(stream)
      return
    }
    let loop = front.eventLoop
    let bound = NIOLoopBound((stream, onSent, follow), eventLoop: loop)
    front.shared.workers.run {
      let packed = AnswerBytes.packed(parts)
      loop.execute {
        let (stream, onSent, follow) = bound.value
        deliver(packed, message.byteCount, on: stream, onSent)
        follow(stream)
      }
    }
  }

  /// Large answers count against what all calls may hold until they have left.
  static func deliver(
    _ parts: [ByteBuffer], _ byteCount: Int, on stream: GRPCStream, _ onSent: (() -> Void)?
  ) {
    stream.record.encoded = MonotonicClock.now()
    let budget = stream.front.shared.heldBytes
    guard byteCount > freeBytes else {
      stream.send(parts, onSent: onSent)
      return
    }
    guard budget.take(byteCount) else {
      stream.refuse(
        .overloaded(limit: .waitingBytes(budget.byteCountMax), retryAfter: .seconds(1)))
      onSent?()
      return
    }
    stream.send(parts) {
      budget.giveBack(byteCount)
      onSent?()
    }
  }

  private static let freeBytes = 64 << 10
}
