import FrontSupport
import Inference
import NIOCore
import Serving
import WireFormats

/// One request of Triton's generate extension: `generate` answers with one document,
/// `generate_stream` with an event for each part of the model's answer, as it comes.
///
/// On its loop throughout; large bodies are decoded, and large parts encoded, by a worker.
final class GenerateExchange: ModelExchange, PartWaiter {
  let connection: HTTPConnection
  let shared: FrontShared
  let lease: ModelLease
  private let isStream: Bool
  /// Which of the model's methods is asked.
  private let method: Int
  var body: CollectedBody
  var handle: RequestHandle?
  private var clientID: String?
  /// Where the parts of a stream come in.
  private var sink: StreamSink?
  private var hasBegun = false
  /// A worker has parts; those that follow wait.
  private var isEncoding = false
  var isOver = false

  static func begin(on connection: HTTPConnection, route: Route, _ shared: FrontShared) {
    connection.record.isInference = true
    let isStream = route.endpoint == .generateStream
    do throws(InferenceFailure) {
      let lease = try connection.front.entrance.lease(route.address)
      connection.record.model = lease.name
      connection.hand(to: GenerateExchange(connection, lease, shared, isStream: isStream))
    } catch {
      WakingExchange.begin(after: error, on: connection, address: route.address, shared) {
        (lease) throws(InferenceFailure) in
        GenerateExchange(connection, lease, shared, isStream: isStream)
      }
    }
  }

  init(
    _ connection: HTTPConnection, _ lease: ModelLease, _ shared: FrontShared, isStream: Bool,
    method: Int = 0
  ) {
    self.method = method
    self.connection = connection
    self.lease = lease
    self.shared = shared
    self.isStream = isStream
    body = CollectedBody(
      expectedByteCount: connection.head.contentLength, budget: shared.collectedBytes)
  }
}

// MARK: - In

extension GenerateExchange {
  func receive(_ part: ByteBuffer) { collect(part) }

  func end() {
    let decoding = GenerateDecoding(
      signature: lease.signature.ofMethod(method), coding: connection.head.contentCoding,
      limits: shared.settings.limits)
    if decoding.coding == .identity, body.byteCount <= shared.settings.limits.loopBodyBytesMax {
      decoded(decoding.run(body.bytes))
    } else {
      onWorker({ [bytes = body.bytes] in decoding.run(bytes) }) { $0.decoded($1) }
    }
  }

  private func decoded(_ result: Result<GenerateRequest, InferenceFailure>) {
    guard !isOver else { return }
    switch result {
    case .failure(let failure): connection.refuse(failure)
    case .success(var request):
      request.body.method = method
      submit(request)
    }
  }

  private func submit(_ request: GenerateRequest) {
    connection.record.decoded = MonotonicClock.now()
    body.giveBack()
    clientID = request.id
    let context = connection.record.context.asked(
      priority: request.priority, sequence: request.sequence,
      timeoutMicroseconds: request.timeoutMicroseconds)
    guard isStream else { return submit(request.body, context) }
    let sink = StreamSink(waiter: self, eventLoop: connection.front.eventLoop)
    self.sink = sink
    trace(request.body)
    let submitted = connection.front.entrance.submit(
      InferenceRequest(context: context, body: .tensors(request.body)), to: lease, sink: sink)
    if !isOver { handle = submitted }
  }
}

// MARK: - One answer

extension GenerateExchange {
  private var encoding: GenerateEncoding {
    GenerateEncoding(model: lease.name, version: lease.version, clientID: clientID)
  }

  func encode(_ outputs: [NamedTensor], _ end: ResponseEnd) {
    let encoding = encoding
    if let answer = encoding.answer(
      outputs, byteCountMax: shared.settings.limits.loopBodyBytesMax)
    {
      encoded(answer)
    } else {
      onWorker({ encoding.answer(outputs) }) { $0.encoded($1) }
    }
  }

  func forget() {
    // Of a request that was just cancelled, the end came to the sink and will not be taken.
    if let end = sink?.take().end { connection.record.served = end.served }
    sink = nil
  }
}

// MARK: - Parts

extension GenerateExchange {
  func partsCame() {
    guard !isOver, !isEncoding, let sink else { return }
    let arrived = sink.take()
    for part in arrived.parts { connection.record.traced?.add(part.outputs) }
    let encoding = encoding
    if let events = encoding.events(
      arrived.parts, byteCountMax: shared.settings.limits.loopBodyBytesMax)
    {
      send(events, arrived.end)
      return
    }
    isEncoding = true
    sink.pause()
    onWorker({ encoding.events(arrived.parts) }) { exchange, events in
      exchange.isEncoding = false
      exchange.send(events, arrived.end)
      // What came meanwhile has called in vain.
      exchange.partsCame()
    }
  }

  private func send(_ events: Result<ByteBuffer, InferenceFailure>, _ end: ResponseEnd?) {
    guard !isOver else { return }
    switch events {
    case .failure(let failure):
      handle?.cancel()
      fail(failure)
    case .success(let events):
      if events.readableBytes > 0 {
        begin()
        connection.stream(events)
      }
      if let end { finish(end) } else { goOn() }
    }
  }

  private func begin() {
    guard !hasBegun else { return }
    hasBegun = true
    connection.beginStream(status: 200, contentType: Self.eventStream)
  }

  private static let eventStream: StaticString = "text/event-stream; charset=utf-8"

  private func goOn() {
    guard let sink else { return }
    if !connection.isWritable {
      sink.pause()
    } else if sink.goOn() {
      handle?.resume()
    }
  }

  func writabilityChanged(to isWritable: Bool) {
    if isWritable, !isOver, !isEncoding { goOn() }
  }

  private func finish(_ end: ResponseEnd) {
    connection.record.served = end.served
    handle = nil
    switch end.outcome {
    case .failed(let failure): fail(failure)
    case .done:
      begin()
      close { connection.endStream() }
    }
  }

  private func fail(_ failure: InferenceFailure) {
    guard hasBegun else { return failFirst(failure) }
    if case .clientTooSlow = failure {
      close { connection.breakStream(after: failure) }
      return
    }
    connection.stream(ByteBuffer(bytes: Self.event(of: failure)))
    close { connection.endStream(after: failure) }
  }

  /// Nothing was sent: the failure has a status of its own. One of the model's is an event, as Triton
  /// has it, where a refusal is a document like everywhere else.
  private func failFirst(_ failure: InferenceFailure) {
    guard case .runtimeFailed = failure else { return connection.refuse(failure) }
    connection.record.outcome = failure.outcome
    connection.record.failure = failure
    close {
      connection.answer(
        Answer(
          status: OpenInferenceFailures.statusCode(for: failure), contentType: Self.eventStream,
          bytes: Self.event(of: failure)))
    }
  }

  private static func event(of failure: InferenceFailure) -> [UInt8] {
    GenerateResponse.errorEvent(FailureMessage.text(for: failure))
  }

  /// Lets go of everything, and then gives the last word.
  private func close(_ lastWord: () -> Void) {
    isOver = true
    handle = nil
    forget()
    lastWord()
  }
}
