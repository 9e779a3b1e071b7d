import FrontSupport
import Inference
import NIOCore
import Serving
import Vision

/// One `/detect` or `/classify` request: lease, body, photo, submit, answer.
///
/// Between its steps it is on its loop; the photo is decoded, and the answer made, by a worker.
final class VisionExchange: ModelExchange {
  let connection: HTTPConnection
  let shared: FrontShared
  let lease: ModelLease
  private let work: VisionWork
  private let wish: VisionWish
  var body: CollectedBody
  private var ready: VisionWork.Ready?
  var handle: RequestHandle?
  var isOver = false

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

  func receive(_ part: ByteBuffer) { collect(part) }

  func end() {
    var times = StageTimes()
    times.arrival = connection.record.context.arrival
    times.bodyRead = connection.record.bodyRead
    onWorker({ [work, wish, times, bytes = body.bytes] in work.prepare(bytes, wish, times) }) {
      $0.prepared($1)
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
    submit(
      TensorRequest(inputs: ready.photo.inputs, outputs: work.task.outputs),
      connection.record.context)
  }

  func encode(_ outputs: [NamedTensor], _ end: ResponseEnd) {
    guard let ready else { preconditionFailure("answered before it was submitted") }
    onWorker({ [work] in work.answer(outputs, ready, end.served) }) { $0.encoded($1) }
  }

  func forget() { ready = nil }
}
