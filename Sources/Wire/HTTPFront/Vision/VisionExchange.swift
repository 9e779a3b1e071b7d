import Inference
import NIOCore
import Serving
import Vision

/// One `/detect` or `/classify` request: lease, body, photo, submit, answer.
///
/// Between its steps it is on its loop; the photo is decoded, and the answer made, by a worker.
final class VisionExchange: Exchange, AnswerWaiter {
  private let connection: HTTPConnection
  private let shared: FrontShared
  private let lease: ModelLease
  private let work: VisionWork
  private let wish: VisionWish
  private var body: CollectedBody
  private var ready: VisionWork.Ready?
  private var handle: RequestHandle?
  private var isOver = false

  static func begin(on connection: HTTPConnection, route: Route, _ shared: FrontShared) {
    connection.record.isInference = true
    connection.record.context.dialect = .vision
    do throws(InferenceFailure) {
      let lease = try connection.front.entrance.lease(route.address)
      connection.record.model = lease.name
      connection.hand(to: try VisionExchange(connection, route, lease, shared))
    } catch {
      WakingExchange.begin(after: error, on: connection, address: route.address, shared) {
        (lease) throws(InferenceFailure) in try VisionExchange(connection, route, lease, shared)
      }
    }
  }

  private init(
    _ connection: HTTPConnection, _ route: Route, _ lease: ModelLease, _ shared: FrontShared
  ) throws(InferenceFailure) {
    let head = connection.head
    self.connection = connection
    self.shared = shared
    self.lease = lease
    do throws(InputProblem) {
      wish = try VisionWish(route.endpoint, query: route.query, accept: head.accept)
    } catch {
      throw .invalidInput(error)
    }
    work = VisionWork(
      task: shared.visionTasks.task(for: lease), modelName: lease.name,
      modelVersion: lease.version, contentType: head.contentType, coding: head.contentCoding,
      limits: shared.settings.limits)
    body = CollectedBody(expectedByteCount: head.contentLength, budget: shared.collectedBytes)
    try work.task.require(wish.kind)
  }

  func receive(_ part: ByteBuffer) {
    do throws(InferenceFailure) {
      try body.append(part)
    } catch {
      connection.refuse(error)
    }
  }

  func end() {
    var times = StageTimes()
    times.arrival = connection.record.context.arrival
    times.bodyRead = connection.record.bodyRead
    let (work, wish, bytes) = (work, wish, body.bytes)
    let loop = connection.front.eventLoop
    let bound = NIOLoopBound(self, eventLoop: loop)
    shared.workers.run { [times] in
      let result = work.prepare(bytes, wish, times)
      loop.execute { bound.value.prepared(result) }
    }
  }

  private func prepared(_ result: Result<VisionWork.Ready, InferenceFailure>) {
    guard !isOver else { return }
    connection.record.decoded = MonotonicClock.now()
    switch result {
    case .failure(let failure): connection.refuse(failure)
    case .success(let ready):
      self.ready = ready
      body.giveBack()
      submit(ready)
    }
  }

  private func submit(_ ready: VisionWork.Ready) {
    let tensors = TensorRequest(inputs: ready.photo.inputs, outputs: work.task.outputs)
    let submitted = connection.front.entrance.submit(
      InferenceRequest(context: connection.record.context, body: .tensors(tensors)), to: lease,
      sink: LoopSink(waiter: self, eventLoop: connection.front.eventLoop))
    if !isOver { handle = submitted }
  }

  func answered(_ outputs: [NamedTensor], _ end: ResponseEnd) {
    guard !isOver, let ready else { return }
    handle = nil
    connection.record.served = end.served
    if case .failed(let failure) = end.outcome {
      connection.refuse(failure)
      return
    }
    let work = work
    let loop = connection.front.eventLoop
    let bound = NIOLoopBound(self, eventLoop: loop)
    shared.workers.run {
      let answer = work.answer(outputs, ready, end.served)
      loop.execute { bound.value.finished(answer) }
    }
  }

  private func finished(_ answer: Result<Answer, InferenceFailure>) {
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
    ready = nil
  }
}
