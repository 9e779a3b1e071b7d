import FrontSupport
import Inference
import NIOCore
import Serving
import Vision
import WireFormats

/// The call to which a run's answers go.
protocol InferRunOwner: AnyObject {
  /// Any number of parts has a place in the call's answer.
  var takesParts: Bool { get }
  /// A part of the answer has come.
  func run(_ run: InferRun, gave outputs: [NamedTensor])
  /// The last word; nothing follows.
  func run(_ run: InferRun, ended outcome: ResponseEnd.Outcome)
}

/// One inference of a call: lease, decode, submit. On its connection's loop throughout; a worker may
/// have it while it is decoded.
final class InferRun: InferSinkOwner {
  let stream: GRPCStream
  private let owner: any InferRunOwner
  var record: RequestRecord
  private(set) var lease: ModelLease?
  /// What the answer is to look like; set when the request was decoded.
  private(set) var plan = OpenInferenceResponsePlan(standard: .init(isBinary: true))
  private(set) var clientID: String?
  /// The client wants to hear of the end by an answer of its own, if a model gives many.
  private(set) var wantsEmptyFinal = false
  private var handle: RequestHandle?
  private(set) var isOver = false
  private var sink: InferSink<InferRun>?
  /// Memory of the client that this request reads or writes, held until it is over.
  private(set) var regions = HeldRegions()
  private var held: HeldMessage

  var front: GRPCLoop { stream.front }

  init(_ stream: GRPCStream, record: RequestRecord, owner: any InferRunOwner) {
    self.stream = stream
    self.record = record
    self.owner = owner
    held = HeldMessage(stream.front.shared.heldBytes)
    self.record.isInference = true
  }

  func begin(_ message: CallMessage) {
    guard held.take(message.byteCount, of: stream, isOneOfMany: owner.takesParts) else {
      return fail(held.refusal)
    }
    switch message {
    case .bytes(let packed, isPacked: true): unpack(packed)
    case .bytes(let bytes, isPacked: false): begin(InferSource(bytes: bytes, parts: nil))
    case .infer(let parts): begin(InferSource(bytes: ByteBuffer(), parts: parts))
    case .unreadable(let problem): fail(.invalidInput(problem))
    }
  }

  private func unpack(_ packed: ByteBuffer) {
    onWorker({ [held, limit = front.limits.messageBytesMax] in
      held.unpack(packed, byteCountMax: limit)
    }) { run, result in
      run.held.letGo()
      switch result {
      case .success(let plain):
        run.held.adopt(plain.readableBytes)
        if run.isOver {
          run.held.letGo()
        } else {
          run.begin(InferSource(bytes: plain, parts: nil))
        }
      case .failure(let failure): run.fail(failure)
      }
    }
  }

  private func begin(_ source: InferSource) {
    do throws(InferenceFailure) {
      let address = try source.address(&front.layout, id: &clientID)
      do throws(InferenceFailure) {
        decode(source, with: try front.entrance.lease(address))
      } catch {
        guard case .modelNotReady = error else { throw error }
        try wake(address, source)
      }
    } catch {
      fail(error)
    }
  }

  /// Has a model loaded that is loaded on demand, and goes on when it is there.
  private func wake(_ address: ModelAddress, _ source: InferSource) throws(InferenceFailure) {
    try front.wake(address, until: record.context.deadline) { [self] result in
      switch result {
      case .success(let lease): decode(source, with: lease)
      case .failure(let failure): fail(failure)
      }
    }
  }

  private func decode(_ source: InferSource, with lease: ModelLease) {
    guard !isOver else { return }
    self.lease = lease
    record.model = lease.name
    if lease.isDecoupled, !owner.takesParts {
      fail(.unsupported(.answersInParts(got: nil)))
      return
    }
    if source.copiedByteCount <= front.limits.loopMessageBytesMax {
      decoded(source.decode(&front.layout, lease.signature))
      return
    }
    onWorker({ [signature = lease.signature] in
      var layout = InferMessageLayout()
      return source.decode(&layout, signature)
    }) { $0.decoded($1) }
  }

  private func decoded(_ result: Result<OpenInferenceRequest, InputProblem>) {
    guard !isOver, let lease else { return }
    held.letGo()
    switch result {
    case .failure(let problem): fail(.invalidInput(problem))
    case .success(let request):
      if request.usesRegions { fill(request) } else { filled(request, lease) }
    }
  }

  /// Brings inputs from where the client put them, on a worker where they are large.
  private func fill(_ request: OpenInferenceRequest) {
    do throws(InferenceFailure) {
      // Whoever may not register memory has no business in that of others.
      if let refusal = stream.managementRefusal { throw refusal }
      regions = try HeldRegions(of: request, in: front.shared.extensions.memory)
    } catch {
      fail(error)
      return
    }
    if request.regionByteCount <= front.limits.loopMessageBytesMax {
      filled(regions.fill(request))
    } else {
      onWorker({ [regions] in regions.fill(request) }) { $0.filled($1) }
    }
  }

  private func filled(_ result: Result<OpenInferenceRequest, InferenceFailure>) {
    guard !isOver, let lease else { return }
    switch result {
    case .failure(let failure): fail(failure)
    case .success(let request): filled(request, lease)
    }
  }

  private func filled(_ request: OpenInferenceRequest, _ lease: ModelLease) {
    record.decoded = MonotonicClock.now()
    guard record.decoded < record.context.deadline else {
      let waited = record.decoded.nanoseconds(since: record.context.arrival)
      fail(.deadlineExceeded(.nanoseconds(Int64(clamping: waited))))
      return
    }
    plan = request.responsePlan
    clientID = request.id
    wantsEmptyFinal = request.body.parameters.contains {
      $0.name == "triton_enable_empty_final_response" && $0.value == .bool(true)
    }
    let context = record.context.asked(
      priority: request.priority, sequence: request.sequence,
      timeoutMicroseconds: request.timeoutMicroseconds)
    submit(request.body, context, lease)
  }

  private func submit(
    _ tensors: TensorRequest, _ context: RequestContext, _ lease: ModelLease
  ) {
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

  // MARK: Answers

  func gave(_ outputs: [NamedTensor]) {
    guard !isOver else { return }
    record.traced?.add(outputs)
    owner.run(self, gave: outputs)
  }

  func ended(_ end: ResponseEnd) {
    guard !isOver else { return }
    record.served = end.served
    finish(end.outcome)
  }

  private func fail(_ failure: InferenceFailure) {
    guard !isOver else { return }
    finish(.failed(failure))
  }

  private func finish(_ outcome: ResponseEnd.Outcome) {
    isOver = true
    held.letGo()
    handle = nil
    owner.run(self, ended: outcome)
    sink = nil
  }

  /// A part has left, or never will.
  func partLeft() {
    guard let sink, sink.partLeft() else { return }
    if let handle { handle.resume() } else { sink.keepResume() }
  }

  /// Nobody waits for the answer any more.
  func abandon() {
    guard !isOver else { return }
    isOver = true
    held.letGo()
    sink = nil
    handle?.cancel()
    handle = nil
  }

  /// Names of classes, for answers that name classes.
  var labels: [String] {
    guard let lease, plan.forms.contains(where: { $0.classCount > 0 }) else { return [] }
    return lease.labels.isEmpty ? front.shared.visionTasks.task(for: lease).labels : lease.labels
  }
}

/// The bytes of one inference, whole or with its tensors taken out.
struct InferSource: Sendable {
  let bytes: ByteBuffer
  let parts: InferMessageBody.Parts?

  /// Bytes that decoding has to go through.
  var copiedByteCount: Int { parts?.head.count ?? bytes.readableBytes }

  private func withBytes<Product>(
    _ body: (UnsafeRawBufferPointer) throws(InputProblem) -> Product
  ) throws(InputProblem) -> Product {
    guard let parts else {
      return try bytes.withUnsafeReadableBytes { (bytes) throws(InputProblem) in try body(bytes) }
    }
    let result = parts.head.withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in try body(bytes) }
    }
    return try result.get()
  }

  /// Which model it is for; leaves its layout behind.
  func address(
    _ layout: inout InferMessageLayout, id: inout String?
  ) throws(InferenceFailure) -> ModelAddress {
    do throws(InputProblem) {
      return try withBytes { (bytes) throws(InputProblem) in
        try layout.read(bytes)
        id = try layout.clientID(in: bytes)
        return try layout.address(in: bytes)
      }
    } catch {
      throw .invalidInput(error)
    }
  }

  func decode(
    _ layout: inout InferMessageLayout, _ signature: ModelSignature
  ) -> Result<OpenInferenceRequest, InputProblem> {
    do throws(InputProblem) {
      return .success(
        try withBytes { (bytes) throws(InputProblem) in
          try layout.read(bytes)
          return try InferMessage.decode(
            bytes, layout, rawInputs: parts?.rawInputs ?? [], signature: signature)
        })
    } catch {
      return .failure(error)
    }
  }
}
