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
      parts, fault: fault, to: request.sink, wanted: request.tensors.outputs,
      served: answer.served(version: version))
  }

  func deliver(
    _ parts: [RunPart], fault: RuntimeFault?, to sink: any ResponseSink, wanted: [Int],
    served: ServedPhases
  ) {
    var failure = fault?.failure
    var held = HeldParts()
    for part in parts where failure == nil {
      switch part {
      case .outputs(_, let outputs):
        let response = ResponsePart(outputs: named(outputs, wanted: wanted))
        if held.isOver(sink.receive(response), after: response) {
          failure = .clientTooSlow(HeldParts.refusal)
        }
      case .failed(_, let rowFault): failure = rowFault.failure
      }
    }
    sink.finish(ResponseEnd(outcome: failure.map { .failed($0) } ?? .done, served: served))
  }

  private func named(_ outputs: [Tensor], wanted: [Int]) -> [NamedTensor] {
    let described = loaded.signature.outputs
    return outputs.indices.map { place in
      NamedTensor(
        name: described[wanted.isEmpty ? place : wanted[place]].name, tensor: outputs[place])
    }
  }

  /// Ends a request that gets no answer.
  func end(_ request: PendingRequest, with failure: InferenceFailure) {
    surroundings.waitingBytes.remove(request.byteCount)
    request.sink.finish(
      ResponseEnd(outcome: .failed(failure), served: request.served(version: version)))
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
