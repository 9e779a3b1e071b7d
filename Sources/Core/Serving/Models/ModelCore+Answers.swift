import Batching
import Inference
import Synchronization

extension ModelCore {
  func deliver(_ answer: Answer) {
    let request = answer.request
    surroundings.waitingBytes.remove(request.byteCount)
    var parts: [RunPart] = []
    var fault: RuntimeFault?
    do throws(RuntimeFault) {
      parts = try answer.parts()
    } catch {
      fault = error
    }
    deliver(
      parts, fault: fault, to: request.stream ?? request.sink, wanted: request.tensors.wanted,
      served: answer.served(version: version))
  }

  func deliver(
    _ parts: [RunPart], fault: RuntimeFault?, to sink: any ResponseSink, wanted: WantedOutputs,
    served: ServedPhases
  ) {
    var failure = fault?.failure
    for part in parts where failure == nil {
      switch part {
      case .outputs(_, let outputs):
        _ = sink.receive(ResponsePart(outputs: named(outputs, wanted: wanted)))
      case .failed(_, let rowFault): failure = rowFault.failure
      case .again: failure = .runtimeFailed(.runsOnce)
      case .done: break
      }
    }
    sink.finish(ResponseEnd(outcome: failure.map { .failed($0) } ?? .done, served: served))
  }

  func named(_ outputs: [Tensor], wanted: WantedOutputs) -> [NamedTensor] {
    let described = methods[wanted.method].outputs
    return outputs.indices.map { place in
      NamedTensor(
        name: described[wanted.places.isEmpty ? place : wanted.places[place]].name,
        tensor: outputs[place])
    }
  }

  /// Ends a request that gets no answer.
  func end(_ request: PendingRequest, with failure: InferenceFailure) {
    surroundings.waitingBytes.remove(request.byteCount)
    let end = ResponseEnd(
      outcome: .failed(failure), served: request.served(version: version))
    if let stream = request.stream { stream.cut(end) } else { request.sink.finish(end) }
  }

  func failure(for reason: QueueFailure, of request: PendingRequest) -> InferenceFailure {
    switch reason {
    case .full(let limit):
      .overloaded(limit: .waitingRequests(limit), retryAfter: retryAfter)
    case .deadlinePassed:
      .deadlineExceeded(
        .nanoseconds(Int64(clamping: request.deadline.nanoseconds(since: request.arrival))))
    case .waitedTooLong(let nanoseconds):
      .deadlineExceeded(.nanoseconds(Int64(clamping: nanoseconds)))
    case .cancelled: .cancelled
    case .clientTooSlow: .clientTooSlow(PartStream.refusal)
    case .draining: .draining
    case .sequenceNotStarted(let id):
      .invalidInput(.sequenceNotStarted(model: name, id: id.text))
    case .givenUp(let reason): .modelNotReady(name: name, state: .failed(reason: reason))
    }
  }

  /// How long the queue needs, by what a row costs, to empty itself; a second at least.
  var retryAfter: Duration {
    shelf.withLock { shelf in
      let rowNanoseconds = shelf.queue.cost.nanosecondsPerRow ?? 0
      let total = rowNanoseconds * Double(shelf.queue.waitingCount) / Double(instanceCount)
      return .seconds(min(60, max(1, Int(total / 1e9) + 1)))
    }
  }
}

/// Which outputs a request asked for, and of which method.
struct WantedOutputs: Sendable {
  let method: Int
  /// Empty means all.
  let places: [Int]
}

extension TensorRequest {
  var wanted: WantedOutputs { WantedOutputs(method: method, places: outputs) }
}

extension RuntimeFault {
  static let runsOnce = RuntimeFault(
    code: .failed,
    message: "it asks to run a request again, for which its configuration needs "
      + "sequence_batching { iterative_sequence: true }")
}
