package import Inference
package import NIOCore
package import Serving
import Vision
package import WireFormats

/// The photos of one request on their way through a model, in the order in which they came: each is
/// prepared by a worker, one after the other, and is a request of its own to the model; what was found
/// in all of them becomes one answer.
///
/// On one event loop throughout. Its end comes once, or never after `cancel`.
package final class PhotoRun<Answer: Sendable>: SendableMetatype {
  /// Makes the answer of what was found; on a worker.
  package typealias Answering =
    @Sendable ([PhotoFindings]) -> Result<Answer, InferenceFailure>
  package typealias Completion = (Result<Answer, InferenceFailure>) -> Void

  /// Where the work is done.
  package struct Place {
    let eventLoop: any EventLoop
    let workers: WorkerPool
    let entrance: Entrance

    package init(eventLoop: any EventLoop, workers: WorkerPool, entrance: Entrance) {
      self.eventLoop = eventLoop
      self.workers = workers
      self.entrance = entrance
    }
  }

  private let work: PhotoWork
  private let place: Place
  private let lease: ModelLease
  private let context: RequestContext
  private let answering: Answering
  private var completion: Completion?
  private let photos: [PhotoRequest.Photo]
  private var begunCount = 0
  private var prepared: [PreparedPhoto] = []
  private var outputs: [[NamedTensor]?]
  private var handles: [RequestHandle] = []
  /// When the photo that was prepared last was ready.
  package private(set) var decoded: Instant
  /// Of the photo that was answered last.
  package private(set) var served = ServedPhases()

  package init(
    _ photos: [PhotoRequest.Photo], work: PhotoWork, for lease: ModelLease,
    context: RequestContext, at place: Place, answering: @escaping Answering,
    completion: @escaping Completion
  ) {
    self.photos = photos
    self.work = work
    self.lease = lease
    self.context = context
    self.place = place
    self.answering = answering
    self.completion = completion
    outputs = [[NamedTensor]?](repeating: nil, count: photos.count)
    decoded = context.arrival
  }

  package func begin() { prepareNext() }

  /// Nobody waits for the answer any more.
  package func cancel() {
    completion = nil
    for handle in handles { handle.cancel() }
    handles = []
  }

  private func prepareNext() {
    guard begunCount < photos.count else { return }
    let photo = photos[begunCount]
    begunCount += 1
    onWorker({ [work] in work.prepare(photo) }) { $0.submit($1) }
  }

  private func submit(_ result: Result<PreparedPhoto, InferenceFailure>) {
    guard completion != nil else { return }
    decoded = MonotonicClock.now()
    let photo: PreparedPhoto
    switch result {
    case .success(let ready): photo = ready
    case .failure(let failure): return finish(.failure(failure))
    }
    // The model has the pixels; the answer needs only where the photo lay.
    prepared.append(PreparedPhoto(inputs: [], letterbox: photo.letterbox))
    let waiter = PhotoWaiter(run: self, index: prepared.count - 1)
    let submitted = place.entrance.submit(
      InferenceRequest(
        context: context,
        body: .tensors(TensorRequest(inputs: photo.inputs, outputs: work.outputs))),
      to: lease, sink: LoopSink(waiter: waiter, eventLoop: place.eventLoop))
    guard completion != nil else { return }
    handles.append(submitted)
    prepareNext()
  }

  fileprivate func answered(_ index: Int, _ found: [NamedTensor], _ end: ResponseEnd) {
    guard completion != nil else { return }
    served = end.served
    if case .failed(let failure) = end.outcome { return finish(.failure(failure)) }
    outputs[index] = found
    let all = outputs.compactMap { $0 }
    guard all.count == outputs.count else { return }
    onWorker({ [work, prepared, answering] () -> Result<Answer, InferenceFailure> in
      do throws(InferenceFailure) {
        return answering(try work.findings(prepared, all))
      } catch {
        return .failure(error)
      }
    }) { $0.finish($1) }
  }

  private func finish(_ result: Result<Answer, InferenceFailure>) {
    let completion = completion
    cancel()
    completion?(result)
  }

  private func onWorker<Product: Sendable>(
    _ work: @escaping @Sendable () -> Product,
    then take: @escaping @Sendable (PhotoRun, Product) -> Void
  ) {
    let loop = place.eventLoop
    let bound = NIOLoopBound(self, eventLoop: loop)
    place.workers.run {
      let product = work()
      loop.execute { take(bound.value, product) }
    }
  }
}

/// Waits for the answer to one photo of several.
private final class PhotoWaiter<Answer: Sendable>: AnswerWaiter {
  private let run: PhotoRun<Answer>
  private let index: Int

  init(run: PhotoRun<Answer>, index: Int) {
    self.run = run
    self.index = index
  }

  func answered(_ outputs: [NamedTensor], _ end: ResponseEnd) {
    run.answered(index, outputs, end)
  }
}
