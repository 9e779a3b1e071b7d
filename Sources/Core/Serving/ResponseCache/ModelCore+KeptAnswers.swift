import Batching
import Inference

extension ModelCore {
  /// Takes a request at the door. One that the response cache knows is answered right here: it does
  /// not wait, takes no place in the queue and no time of the model.
  func submit(
    _ tensors: TensorRequest, context: RequestContext, sink: any ResponseSink, loopIndex: Int?
  ) -> RequestHandle {
    guard let answerKeeper else {
      return admit(tensors, context: context, sink: sink, loopIndex: loopIndex)
    }
    let start = MonotonicClock.now()
    guard let lookup = answerKeeper.lookup(tensors, context) else {
      return admit(tensors, context: context, sink: sink, loopIndex: loopIndex)
    }
    let known = answerKeeper.find(lookup)
    let end = MonotonicClock.now()
    guard let known else {
      let keeping = KeepingSink(
        sink, keeper: answerKeeper, lookup: lookup,
        lookupNanoseconds: end.nanoseconds(since: start))
      return admit(tensors, context: context, sink: keeping, loopIndex: loopIndex)
    }
    _ = sink.receive(known)
    sink.finish(
      ResponseEnd(outcome: .done, served: servedByCache(tensors, from: start, to: end)))
    return .ended
  }

  /// Neither a queue nor a run was reached.
  private func servedByCache(
    _ tensors: TensorRequest, from start: Instant, to end: Instant
  ) -> ServedPhases {
    var served = ServedPhases()
    served.version = version
    served.admitted = start
    served.computed = end
    served.rowCount = rowCount(of: tensors)
    served.cacheUse = .hit
    served.cacheNanoseconds = end.nanoseconds(since: start)
    return served
  }
}

extension ModelSpecification {
  /// Whether equal requests have equal answers for as long as the version lives, and its operator
  /// wants them kept. A model that waits asks others, which may be replaced meanwhile, and may look
  /// at who asks.
  func keepsAnswers(of model: any LoadedModel) -> Bool {
    let capabilities = model.capabilities
    return scheduling.keepsAnswers && scheduling.sequences == nil && !capabilities.isStateful
      && !isDecoupled(model) && !(model is any WaitingModel)
  }
}
