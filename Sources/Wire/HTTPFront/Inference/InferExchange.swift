import FrontSupport
import Inference
import NIOCore
import Serving
import Vision
import WireFormats

/// One `/infer` request: lease, body, decode, submit, encode.
///
/// Small JSON is decoded and encoded right here on the loop; large JSON, and every packed body, by a
/// worker. Tensors in binary go from each read straight to where the model will find them.
final class InferExchange: ModelExchange {
  let connection: HTTPConnection
  let shared: FrontShared
  let lease: ModelLease
  /// The length of the JSON before binary tensors, where the client named one.
  private let jsonByteCount: Int?
  var body: CollectedBody
  private var binary: OpenInferenceBinaryBody?
  /// What came of a binary body while its JSON is not complete, where that may turn out to be about
  /// photos.
  private var partsOfHead: [ByteBuffer]?
  var handle: RequestHandle?
  private var plan: OpenInferenceResponsePlan?
  private var clientID: String?
  /// Memory of the client that this request reads or writes, held until it is over.
  private var regions = HeldRegions()
  var isOver = false

  static func begin(on connection: HTTPConnection, address: ModelAddress, _ shared: FrontShared) {
    connection.record.isInference = true
    do throws(InferenceFailure) {
      let lease = try connection.front.entrance.lease(address)
      connection.record.model = lease.name
      connection.hand(to: try InferExchange(connection, lease, shared))
    } catch {
      WakingExchange.begin(after: error, on: connection, address: address, shared) {
        (lease) throws(InferenceFailure) in try InferExchange(connection, lease, shared)
      }
    }
  }

  private init(
    _ connection: HTTPConnection, _ lease: ModelLease, _ shared: FrontShared
  ) throws(InferenceFailure) {
    guard !lease.isDecoupled else { throw .unsupported(.answersInParts(got: nil)) }
    self.connection = connection
    self.lease = lease
    self.shared = shared
    let contentLength = connection.head.contentLength
    body = CollectedBody(expectedByteCount: contentLength, budget: shared.collectedBytes)
    jsonByteCount = try connection.head.binaryHeaderLength.map { text throws(InferenceFailure) in
      try Self.jsonByteCount(text, bodyBytesMax: shared.settings.limits.bodyBytesMax)
    }
    if let jsonByteCount, connection.head.contentCoding == .identity {
      binary = try Self.binaryBody(jsonByteCount, contentLength, lease, shared)
      if PhotoTensorReader.mayTakePhotos(lease.signature) { partsOfHead = [] }
    }
  }

  private static func jsonByteCount(
    _ text: String, bodyBytesMax: Int
  ) throws(InferenceFailure) -> Int {
    guard let count = Int(text), count >= 0, count <= bodyBytesMax else {
      throw .invalidInput(
        .parameter(
          "Inference-Header-Content-Length", expected: "the byte count of the JSON", got: text))
    }
    return count
  }

  private static func binaryBody(
    _ jsonByteCount: Int, _ bodyByteCount: Int?, _ lease: ModelLease, _ shared: FrontShared
  ) throws(InferenceFailure) -> OpenInferenceBinaryBody {
    let limits = shared.settings.limits
    do throws(InputProblem) {
      return try OpenInferenceBinaryBody(
        signature: lease.signature, jsonByteCount: jsonByteCount, bodyByteCount: bodyByteCount,
        bodyBytesMax: limits.bodyBytesMax, depthMax: limits.jsonDepthMax)
    } catch {
      throw .invalidInput(error)
    }
  }
}

// MARK: - In

extension InferExchange {
  func receive(_ part: ByteBuffer) {
    guard binary != nil else {
      collect(part)
      return
    }
    do throws(InputProblem) {
      partsOfHead?.append(part)
      try part.withUnsafeReadableBytes { bytes throws(InputProblem) in
        try binary?.receive(bytes)
      }
      if binary?.hasHead == true { partsOfHead = nil }
    } catch {
      let parts = partsOfHead ?? []
      guard let exchange = otherExchange(after: .invalidInput(error)) else {
        connection.refuse(.invalidInput(error))
        return
      }
      for part in parts { exchange.receive(part) }
    }
  }

  /// What answers instead where the model takes photos and was sent bytes in place of its numbers.
  private func otherExchange(after failure: InferenceFailure) -> DialectExchange? {
    guard let reader = otherReader(after: failure) else { return nil }
    isOver = true
    binary = nil
    partsOfHead = nil
    let exchange = DialectExchange(connection, lease, reader, shared)
    connection.hand(to: exchange)
    return exchange
  }

  private func otherReader(after failure: InferenceFailure) -> (any DialectReader)? {
    switch failure {
    case .invalidInput(.wrongDatatype(_, _, got: .bytes))
    where PhotoTensorReader.mayTakePhotos(lease.signature)
      && shared.visionTasks.task(for: lease).takesPhotos:
      PhotoTensorReader(jsonByteCount: jsonByteCount)
    default: nil
    }
  }

  var memoryForNextRead: BodyMemory? { binary?.memoryForNextBytes }

  func end() {
    if binary != nil {
      decoded(Self.finish(&binary))
    } else if connection.head.contentCoding == .identity
      && body.byteCount <= shared.settings.limits.loopBodyBytesMax
    {
      decoded(makeDecoding().run(body.bytes))
    } else {
      onWorker({ [decoding = makeDecoding(), bytes = body.bytes] in decoding.run(bytes) }) {
        $0.decoded($1)
      }
    }
  }

  private static func finish(
    _ binary: inout OpenInferenceBinaryBody?
  ) -> Result<OpenInferenceRequest, InferenceFailure> {
    do throws(InputProblem) {
      guard let request = try binary?.finish() else { preconditionFailure("no binary body") }
      return .success(request)
    } catch {
      return .failure(.invalidInput(error))
    }
  }

  private func makeDecoding() -> InferDecoding {
    InferDecoding(
      signature: lease.signature, coding: connection.head.contentCoding,
      jsonByteCount: jsonByteCount, limits: shared.settings.limits)
  }

  private func decoded(_ result: Result<OpenInferenceRequest, InferenceFailure>) {
    guard !isOver else { return }
    switch result {
    case .failure(let failure):
      guard let exchange = otherExchange(after: failure) else {
        connection.refuse(failure)
        return
      }
      let collected = body.bytes
      body.giveBack()
      exchange.receive(collected)
      exchange.end()
    case .success(let request):
      if request.usesRegions { fill(request) } else { submit(request) }
    }
  }

  /// Brings inputs from where the client put them, on a worker where they are large.
  private func fill(_ request: OpenInferenceRequest) {
    do throws(InferenceFailure) {
      // Whoever may not register memory has no business in that of others.
      if let refusal = ManagementGuard.refusal(of: connection, shared) { throw refusal }
      regions = try HeldRegions(of: request, in: shared.extensions.memory)
    } catch {
      connection.refuse(error)
      return
    }
    if request.regionByteCount <= shared.settings.limits.loopBodyBytesMax {
      filled(regions.fill(request))
    } else {
      onWorker({ [regions] in regions.fill(request) }) { $0.filled($1) }
    }
  }

  private func filled(_ result: Result<OpenInferenceRequest, InferenceFailure>) {
    guard !isOver else { return }
    switch result {
    case .failure(let failure): connection.refuse(failure)
    case .success(let request): submit(request)
    }
  }

  private func submit(_ request: OpenInferenceRequest) {
    connection.record.decoded = MonotonicClock.now()
    body.giveBack()
    binary = nil
    plan = request.responsePlan
    clientID = request.id
    let context = connection.record.context.asked(
      priority: request.priority, sequence: request.sequence,
      timeoutMicroseconds: request.timeoutMicroseconds)
    submit(request.body, context)
  }
}

// MARK: - Out

extension InferExchange {
  func encode(_ outputs: [NamedTensor], _ end: ResponseEnd) {
    guard let plan else { preconditionFailure("answered before it was submitted") }
    let encoding = InferEncoding(
      model: lease.name, version: lease.version, clientID: clientID, labels: labels(for: plan),
      plan: plan, regions: regions)
    if let answer = encoding.answer(
      outputs, jsonByteCountMax: shared.settings.limits.loopBodyBytesMax)
    {
      encoded(answer)
      return
    }
    onWorker({ encoding.answer(outputs) }) { $0.encoded($1) }
  }

  /// Names of classes, for answers that name classes.
  private func labels(for plan: OpenInferenceResponsePlan) -> [String] {
    guard plan.standard.classCount > 0 || plan.forms.contains(where: { $0.classCount > 0 }) else {
      return []
    }
    return lease.labels.isEmpty ? shared.visionTasks.task(for: lease).labels : lease.labels
  }

  func forget() {
    binary = nil
    regions = HeldRegions()
  }
}
