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
  /// Sends one message, then does what follows it; refuses the call where that cannot be. Whatever is
  /// given later comes later, also where a worker makes this one ready.
  static func send(
    _ message: InferAnswerMessage, _ regions: HeldRegions, on stream: GRPCStream,
    onSent: (() -> Void)? = nil, then follow: @escaping (GRPCStream) -> Void
  ) {
    let front = stream.front
    let making = AnswerMaking(
      message: message, regions: regions,
      isPacked: stream.packsAnswers && message.byteCount >= front.limits.compressedBytesMin)
    guard making.workByteCount > front.limits.loopMessageBytesMax else {
      let made = making.run()
      stream.inOrder { deliver(made, message.byteCount, on: stream, onSent, then: follow) }
      return
    }
    let place = stream.keepPlace()
    let loop = front.eventLoop
    let bound = NIOLoopBound((stream, onSent, follow), eventLoop: loop)
    front.shared.workers.run {
      let made = making.run()
      loop.execute {
        let (stream, onSent, follow) = bound.value
        stream.fill(place) {
          deliver(made, message.byteCount, on: stream, onSent, then: follow)
        }
      }
    }
  }

  private static func deliver(
    _ made: Result<[ByteBuffer], InferenceFailure>, _ byteCount: Int, on stream: GRPCStream,
    _ onSent: (() -> Void)?, then follow: (GRPCStream) -> Void
  ) {
    switch made {
    case .success(let parts):
      deliver(parts, byteCount, on: stream, onSent)
      follow(stream)
    case .failure(let failure):
      stream.refuse(failure)
      onSent?()
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

/// An answer on its way to its bytes; a value, so that it can go to a worker.
private struct AnswerMaking: Sendable {
  let message: InferAnswerMessage
  let regions: HeldRegions
  let isPacked: Bool

  /// Bytes that are written elsewhere or packed; those that are sent as they lie do not count.
  var workByteCount: Int { message.regionByteCount + (isPacked ? message.byteCount : 0) }

  /// Puts outputs where the client wants them, and makes the parts of the rest.
  func run() -> Result<[ByteBuffer], InferenceFailure> {
    do throws(InferenceFailure) {
      if !message.regionTensors.isEmpty { try regions.write(message.regionTensors) }
    } catch {
      return .failure(error)
    }
    guard message.byteCount <= Int(UInt32.max), let parts = AnswerBytes.parts(of: message) else {
      return .failure(
        .unsupported(.other("outputs in device memory, or of more than 4 GiB")))
    }
    return .success(isPacked ? AnswerBytes.packed(parts) : parts)
  }
}
