import FrontSupport
import Inference
import NIOCore
import Serving

/// A request that a model answers: what such requests have in common, whatever their bodies are.
///
/// On its connection's loop throughout; between its steps a worker may have it.
protocol ModelExchange: Exchange, AnswerWaiter, SendableMetatype {
  var connection: HTTPConnection { get }
  var shared: FrontShared { get }
  var lease: ModelLease { get }
  var body: CollectedBody { get set }
  /// Of the request in the model's hands.
  var handle: RequestHandle? { get set }
  /// Answered, refused or abandoned: whatever still comes is of no use.
  var isOver: Bool { get set }
  /// The model has computed.
  func encode(_ outputs: [NamedTensor], _ end: ResponseEnd)
  /// Lets go of what was kept beside the body.
  func forget()
}

extension ModelExchange {
  func collect(_ part: ByteBuffer) {
    do throws(InferenceFailure) {
      try body.append(part)
    } catch {
      connection.refuse(error)
    }
  }

  /// Runs `work` on a worker, and `then` back on the loop.
  func onWorker<Product: Sendable>(
    _ work: @escaping @Sendable () -> Product,
    then take: @escaping @Sendable (Self, Product) -> Void
  ) {
    let loop = connection.front.eventLoop
    let bound = NIOLoopBound(self, eventLoop: loop)
    shared.workers.run {
      let product = work()
      loop.execute { take(bound.value, product) }
    }
  }

  /// Hands the request to the door.
  func submit(_ tensors: TensorRequest, _ context: RequestContext) {
    connection.front.computingCount += 1
    trace(tensors)
    let submitted = connection.front.entrance.submit(
      InferenceRequest(context: context, body: .tensors(tensors)), to: lease,
      sink: LoopSink(waiter: self, eventLoop: connection.front.eventLoop))
    if !isOver { handle = submitted }
  }

  /// Keeps what is to be traced with its tensors.
  func trace(_ tensors: TensorRequest) {
    guard connection.front.observer.wantsTensors(ofModel: lease.name) else { return }
    connection.record.traced = TracedTensors(
      inputs: tensors.inputs, signature: lease.signature.ofMethod(tensors.method))
  }

  func answered(_ outputs: [NamedTensor], _ end: ResponseEnd) {
    connection.front.computingCount -= 1
    guard !isOver else { return }
    handle = nil
    connection.record.served = end.served
    connection.record.traced?.add(outputs)
    switch end.outcome {
    case .failed(let failure): connection.refuse(failure)
    case .done: encode(outputs, end)
    }
  }

  func encoded(_ answer: Result<Answer, InferenceFailure>) {
    guard !isOver else { return }
    connection.record.encoded = MonotonicClock.now()
    switch answer {
    case .success(let answer):
      isOver = true
      connection.answer(answer)
    case .failure(let failure): connection.refuse(failure)
    }
  }

  func abandon() {
    guard !isOver else { return }
    isOver = true
    handle?.cancel()
    handle = nil
    body.giveBack()
    forget()
  }
}
