package import Inference
package import Serving
package import Vision

/// A model that is open for the inputs of one command: the same door as the server's, without one.
///
/// May be asked from any number of threads. `close` ends its threads and returns its memory.
package final class OpenModel: Sendable {
  package let lease: ModelLease
  package let task: VisionTask
  /// Inputs that are worth having on their way at once.
  package let concurrency: Int
  private let server: InferenceServer
  private let entrance: Entrance

  /// Loads the model; blocks for as long as that takes.
  package init(
    _ specification: ModelSpecification, vision: VisionOptions, serving: ServingSettings
  ) throws(ServerFault) {
    server = InferenceServer(
      settings: serving, loopCount: 0, observer: NoObserver())
    try server.load(specification)
    entrance = server.makeEntrance(isEventLoop: false)
    do throws(InferenceFailure) {
      lease = try entrance.lease(ModelAddress(name: specification.name))
    } catch {
      throw .modelLoadFailed(
        model: specification.name, file: specification.source.name,
        RuntimeFault(code: .failed, message: FailureMessage.text(for: error)))
    }
    task = VisionTask.recognise(
      signature: lease.signature, labels: lease.labels, task: lease.task, options: vision)
    // One more than run at a time, so that the next photo is decoded meanwhile.
    concurrency = (server.statuses.first?.instanceCount ?? 1) + 1
  }

  /// Submits and returns at once.
  package func begin(_ tensors: TensorRequest) -> AwaitedAnswer {
    entrance.begin(tensors, of: lease)
  }

  /// Asks and blocks until the answer is there.
  func ask(_ tensors: TensorRequest) throws(InferenceFailure) -> WaitedAnswer {
    try entrance.ask(tensors, of: lease)
  }

  package func close() { server.shutDown() }
}

/// Hears nothing: a command prints what it did.
private struct NoObserver: EventObserver {
  func happened(_ event: InferenceEvent) {}
  func finished(_ record: RequestRecord) {}
}
