import FrontSupport
import Inference
import NIOCore
import Serving
import Vision
import WireFormats

/// One request in a dialect that is read and written by a codec: lease, body, decode, submit, encode.
///
/// Small bodies are decoded and small answers encoded right here on the loop, others by a worker.
/// Photos are decoded by a worker, one after the other, and each is a request of its own to the model.
final class DialectExchange: ModelExchange {
  let connection: HTTPConnection
  let shared: FrontShared
  let lease: ModelLease
  let reader: any DialectReader
  let task: VisionTask
  /// Which of the model's methods is asked.
  private let method: Int
  var body: CollectedBody
  var handle: RequestHandle?
  private var answer: (any DialectAnswer)?
  private var photos: PhotoRun<Answer>?
  var isOver = false

  static func begin(
    on connection: HTTPConnection, address: ModelAddress, reader: any DialectReader,
    _ shared: FrontShared
  ) {
    connection.record.isInference = true
    do throws(InferenceFailure) {
      let lease = try connection.front.entrance.lease(address)
      connection.record.model = lease.name
      connection.hand(to: try make(connection, lease, reader, shared))
    } catch {
      WakingExchange.begin(after: error, on: connection, address: address, shared) {
        (lease) throws(InferenceFailure) in try make(connection, lease, reader, shared)
      }
    }
  }

  private static func make(
    _ connection: HTTPConnection, _ lease: ModelLease, _ reader: any DialectReader,
    _ shared: FrontShared
  ) throws(InferenceFailure) -> DialectExchange {
    guard !lease.isDecoupled else { throw .unsupported(.answersInParts(got: nil)) }
    return DialectExchange(connection, lease, reader, shared)
  }

  init(
    _ connection: HTTPConnection, _ lease: ModelLease, _ reader: any DialectReader,
    _ shared: FrontShared, method: Int = 0
  ) {
    self.method = method
    self.connection = connection
    self.lease = lease
    self.reader = reader
    self.shared = shared
    task = shared.visionTasks.task(for: lease)
    body = CollectedBody(
      expectedByteCount: connection.head.contentLength, budget: shared.collectedBytes)
  }

  var answering: AnsweringModel {
    AnsweringModel(
      name: lease.name, version: lease.version,
      labels: lease.labels.isEmpty ? task.labels : lease.labels,
      requestID: connection.record.context.id)
  }
}

// MARK: - In

extension DialectExchange {
  func receive(_ part: ByteBuffer) { collect(part) }

  func end() {
    let decoding = DialectDecoding(
      reader: reader,
      facts: BodyFacts(
        signature: lease.signature.ofMethod(method), takesPhotos: method == 0 && task.takesPhotos,
        contentType: connection.head.contentType, depthMax: shared.settings.limits.jsonDepthMax),
      coding: connection.head.contentCoding, bodyBytesMax: shared.settings.limits.bodyBytesMax)
    if decoding.coding == .identity && body.byteCount <= shared.settings.limits.loopBodyBytesMax {
      decoded(decoding.run(body.bytes))
    } else {
      onWorker({ [bytes = body.bytes] in decoding.run(bytes) }) { $0.decoded($1) }
    }
  }

  private func decoded(_ result: Result<DialectDecoding.Product, InferenceFailure>) {
    guard !isOver else { return }
    switch result {
    case .failure(let failure): connection.refuse(failure)
    case .success(let product): take(product)
    }
  }

  private func take(_ product: DialectDecoding.Product) {
    let request = product.request
    answer = request.answer
    if let dialect = request.dialect { connection.record.context.dialect = dialect }
    switch request.content {
    case .tensors(var tensors):
      tensors.method = method
      connection.record.decoded = MonotonicClock.now()
      body.giveBack()
      submit(tensors, context(for: request))
    case .photos(let photos, let parameters):
      begin(photos, parameters, in: product.plainBody)
    }
  }

  private func context(for request: DialectRequest) -> RequestContext {
    connection.record.context.asked(
      priority: request.priority, sequence: request.sequence,
      timeoutMicroseconds: request.timeoutMicroseconds)
  }
}

// MARK: - Photos

extension DialectExchange {
  private func begin(
    _ photos: [PhotoRequest.Photo], _ parameters: [Parameter], in plainBody: ByteBuffer
  ) {
    guard let answer else { return }
    do throws(InferenceFailure) {
      try body.become(plainBody)
      let work = try PhotoWork(
        task: task, parameters: parameters, body: plainBody, model: answering,
        pixelsMax: shared.settings.limits.imagePixelsMax)
      let run = PhotoRun<Answer>(
        photos, work: work, for: lease, context: connection.record.context,
        at: .init(
          eventLoop: connection.front.eventLoop, workers: shared.workers,
          entrance: connection.front.entrance),
        answering: { [model = answering] findings in Self.answer(findings, answer, model) },
        completion: { [self] in answered($0) })
      self.photos = run
      run.begin()
    } catch {
      connection.refuse(error)
    }
  }

  private static func answer(
    _ findings: [PhotoFindings], _ answer: any DialectAnswer, _ model: AnsweringModel
  ) -> Result<Answer, InferenceFailure> {
    do throws(InferenceFailure) {
      return DialectEncoding.answer(try answer.text(for: findings, of: model))
    } catch {
      return .failure(error)
    }
  }

  private func answered(_ result: Result<Answer, InferenceFailure>) {
    guard !isOver else { return }
    if let photos {
      connection.record.decoded = photos.decoded
      connection.record.served = photos.served
    }
    encoded(result)
  }

  func forget() {
    photos?.cancel()
    photos = nil
  }
}

// MARK: - Out

extension DialectExchange {
  func encode(_ outputs: [NamedTensor], _ end: ResponseEnd) {
    guard let answer else { preconditionFailure("answered before it was submitted") }
    do throws(InferenceFailure) {
      let text = try answer.text(for: outputs, of: answering)
      if text.byteCountMax <= shared.settings.limits.loopBodyBytesMax {
        encoded(DialectEncoding.answer(text))
      } else {
        onWorker({ DialectEncoding.answer(text) }) { $0.encoded($1) }
      }
    } catch {
      encoded(.failure(error))
    }
  }
}
