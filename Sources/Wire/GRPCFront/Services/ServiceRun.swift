import FrontSupport
import Inference
import NIOCore
import Serving
import Vision
import WireFormats

/// The call to which a run's answers go.
protocol ServiceRunOwner: AnyObject {
  /// Any number of parts has a place in the call's answer.
  var takesParts: Bool { get }
  func run(_ run: ServiceRun, made answer: FramedAnswer)
  /// The last word: why there is no answer, or not all of it.
  func run(_ run: ServiceRun, ended failure: InferenceFailure?)
}

/// One inference of another server's call: lease, decode, submit, encode. On its connection's loop
/// throughout; a worker may have it while it is decoded or encoded.
final class ServiceRun: InferSinkOwner {
  let stream: GRPCStream
  var record: RequestRecord
  private let reader: any ServiceReader
  private let owner: any ServiceRunOwner
  private(set) var sequenceID: String?
  private var lease: ModelLease?
  private var task: VisionTask?
  private var answer: (any ServiceAnswer)?
  private var handle: RequestHandle?
  private var sink: InferSink<ServiceRun>?
  private var photos: PhotoRun<FramedAnswer>?
  /// Parts that the model has given and that are not encoded yet, in order.
  private var parts: [[NamedTensor]] = []
  private var partCount = 0
  private var isEncoding = false
  private var end: ResponseEnd?
  private(set) var isOver = false
  private var held: HeldMessage

  private var front: GRPCLoop { stream.front }

  init(
    _ stream: GRPCStream, record: RequestRecord, reader: any ServiceReader,
    owner: any ServiceRunOwner
  ) {
    self.stream = stream
    self.record = record
    self.reader = reader
    self.owner = owner
    held = HeldMessage(stream.front.shared.heldBytes)
    self.record.isInference = true
  }

  /// Nobody waits for the answer any more.
  func abandon() {
    guard !isOver else { return }
    isOver = true
    let handle = handle
    let photos = photos
    forget()
    handle?.cancel()
    photos?.cancel()
  }

  private func finish(_ failure: InferenceFailure?) {
    guard !isOver else { return }
    isOver = true
    let photos = photos
    forget()
    photos?.cancel()
    owner.run(self, ended: failure)
  }

  private func forget() {
    held.letGo()
    parts = []
    handle = nil
    sink = nil
    photos = nil
  }
}

// MARK: - In

extension ServiceRun {
  func begin(_ message: CallMessage) {
    guard case .bytes(let bytes, let isPacked) = message else {
      preconditionFailure("only inferences of our own protocol are taken apart as they come")
    }
    guard held.take(bytes.readableBytes, of: stream, isOneOfMany: owner.takesParts) else {
      return finish(held.refusal)
    }
    guard isPacked else { return begin(bytes) }
    onWorker({ [held, limit = front.limits.messageBytesMax] in
      held.unpack(bytes, byteCountMax: limit)
    }) { run, result in
      run.held.letGo()
      switch result {
      case .success(let plain):
        run.held.adopt(plain.readableBytes)
        if run.isOver { run.held.letGo() } else { run.begin(plain) }
      case .failure(let failure): run.finish(failure)
      }
    }
  }

  private func begin(_ bytes: ByteBuffer) {
    guard !isOver else { return }
    do throws(InferenceFailure) {
      let head = try head(of: bytes)
      sequenceID = head.sequenceID
      do throws(InferenceFailure) {
        decode(bytes, head, with: try front.entrance.lease(head.address))
      } catch {
        guard case .modelNotReady = error else { throw error }
        try front.wake(head.address, until: record.context.deadline) { [self] result in
          switch result {
          case .success(let lease): decode(bytes, head, with: lease)
          case .failure(let failure): finish(failure)
          }
        }
      }
    } catch {
      finish(error)
    }
  }

  private func head(of bytes: ByteBuffer) throws(InferenceFailure) -> ServiceHead {
    do throws(InputProblem) {
      return try bytes.withUnsafeReadableBytes { (bytes) throws(InputProblem) in
        try reader.head(bytes)
      }
    } catch {
      throw .invalidInput(error)
    }
  }

  private func decode(_ bytes: ByteBuffer, _ head: ServiceHead, with lease: ModelLease) {
    guard !isOver else { return }
    self.lease = lease
    record.model = lease.name
    if lease.isDecoupled, !owner.takesParts {
      return finish(.unsupported(.answersInParts(got: nil)))
    }
    let task = front.shared.visionTasks.task(for: lease)
    self.task = task
    let facts = BodyFacts(
      signature: lease.signature, takesPhotos: task.takesPhotos,
      depthMax: front.limits.jsonDepthMax)
    let decoding = ServiceDecoding(reader: reader, facts: facts, bytes: bytes)
    if max(bytes.readableBytes, head.tensorByteCount) <= front.limits.loopMessageBytesMax {
      decoded(decoding.run(), bytes)
    } else {
      onWorker({ decoding.run() }) { $0.decoded($1, bytes) }
    }
  }

  private func decoded(_ result: Result<ServiceRequest, InferenceFailure>, _ bytes: ByteBuffer) {
    guard !isOver, let lease else { return }
    record.decoded = MonotonicClock.now()
    let request: ServiceRequest
    switch result {
    case .success(let read): request = read
    case .failure(let failure): return finish(failure)
    }
    guard record.decoded < record.context.deadline else {
      let waited = record.decoded.nanoseconds(since: record.context.arrival)
      return finish(.deadlineExceeded(.nanoseconds(Int64(clamping: waited))))
    }
    answer = request.answer
    let context = record.context.asked(
      priority: request.priority, sequence: request.sequence,
      timeoutMicroseconds: request.timeoutMicroseconds)
    switch request.content {
    case .tensors(let tensors):
      held.letGo()
      submit(tensors, context, lease)
    // Which lie in the message.
    case .photos(let photos, let parameters): begin(photos, parameters, bytes, context, lease)
    }
  }

  private func submit(_ tensors: TensorRequest, _ context: RequestContext, _ lease: ModelLease) {
    let sink = InferSink(run: self, eventLoop: front.eventLoop)
    self.sink = sink
    if front.observer.wantsTensors(ofModel: lease.name) {
      record.traced = TracedTensors(inputs: tensors.inputs, signature: lease.signature)
    }
    let submitted = front.entrance.submit(
      InferenceRequest(context: context, body: .tensors(tensors)), to: lease, sink: sink)
    guard !isOver else { return }
    handle = submitted
    if sink.takeDueResume() { submitted.resume() }
  }

  private func begin(
    _ photos: [PhotoRequest.Photo], _ parameters: [Parameter], _ bytes: ByteBuffer,
    _ context: RequestContext, _ lease: ModelLease
  ) {
    guard let task, let answer else { return }
    do throws(InferenceFailure) {
      let work = try PhotoWork(
        task: task, parameters: parameters, body: bytes, model: answering(lease),
        pixelsMax: front.limits.imagePixelsMax)
      let run = PhotoRun<FramedAnswer>(
        photos, work: work, for: lease, context: context,
        at: .init(
          eventLoop: front.eventLoop, workers: front.shared.workers, entrance: front.entrance),
        answering: { [encoding = encoding(answer, lease)] in encoding.run($0) },
        completion: { [self] in answered($0) })
      self.photos = run
      run.begin()
    } catch {
      finish(error)
    }
  }

  private func answering(_ lease: ModelLease) -> AnsweringModel {
    AnsweringModel(
      name: lease.name, version: lease.version,
      labels: lease.labels.isEmpty ? task?.labels ?? [] : lease.labels,
      requestID: record.context.id)
  }
}

/// A message to be decoded; a value, so that it can go to a worker.
private struct ServiceDecoding: Sendable {
  let reader: any ServiceReader
  let facts: BodyFacts
  let bytes: ByteBuffer

  func run() -> Result<ServiceRequest, InferenceFailure> {
    do throws(InferenceFailure) {
      return .success(
        try bytes.withUnsafeReadableBytes { (bytes) throws(InferenceFailure) in
          try reader.read(bytes, facts)
        })
    } catch {
      return .failure(error)
    }
  }
}

// MARK: - Out

extension ServiceRun {
  func gave(_ outputs: [NamedTensor]) {
    guard !isOver else { return }
    record.traced?.add(outputs)
    partCount += 1
    parts.append(outputs)
    if !owner.takesParts { partLeft() }
    encodeNext()
  }

  func ended(_ end: ResponseEnd) {
    guard !isOver else { return }
    record.served = end.served
    self.end = end
    // Parts that came before a failure are the client's.
    if case .failed(let failure) = end.outcome, !owner.takesParts { return finish(failure) }
    encodeNext()
  }

  /// Encodes the parts in their order, those of some size on a worker; then comes the end.
  private func encodeNext() {
    while !isOver, !isEncoding, let lease, let answer {
      // A call with one answer waits for the end: it may turn out that there are several.
      guard owner.takesParts || end != nil else { return }
      guard !parts.isEmpty, owner.takesParts || partCount == 1 else {
        if let end { finish(failure(of: end)) }
        return
      }
      let outputs = parts.removeFirst()
      let encoding = encoding(answer, lease)
      let byteCount = outputs.reduce(0) { $0 + $1.tensor.byteCount }
      guard byteCount > front.limits.loopMessageBytesMax else {
        made(encoding.run(outputs))
        continue
      }
      isEncoding = true
      onWorker({ encoding.run(outputs) }) { run, result in
        run.isEncoding = false
        run.made(result)
        run.encodeNext()
      }
    }
  }

  private func failure(of end: ResponseEnd) -> InferenceFailure? {
    if case .failed(let failure) = end.outcome { return failure }
    return owner.takesParts || partCount == 1 ? nil : .unsupported(.answersInParts(got: partCount))
  }

  private func encoding(_ answer: any ServiceAnswer, _ lease: ModelLease) -> ServiceEncoding {
    ServiceEncoding(
      answer: answer, model: answering(lease),
      packedByteCountMin: stream.packsAnswers ? front.limits.compressedBytesMin : .max)
  }

  private func made(_ result: Result<FramedAnswer, InferenceFailure>) {
    guard !isOver else { return }
    record.encoded = MonotonicClock.now()
    switch result {
    case .success(let answer): owner.run(self, made: answer)
    case .failure(let failure):
      handle?.cancel()
      finish(failure)
    }
  }

  private func answered(_ result: Result<FramedAnswer, InferenceFailure>) {
    guard !isOver else { return }
    if let photos {
      record.decoded = photos.decoded
      record.served = photos.served
    }
    made(result)
    finish(nil)
  }

  /// A part has left, or never will.
  func partLeft() {
    guard let sink, sink.partLeft() else { return }
    if let handle { handle.resume() } else { sink.keepResume() }
  }
}
