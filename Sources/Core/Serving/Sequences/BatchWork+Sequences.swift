import Batching
import Inference

extension BatchWork {
  /// One call of the runtime for requests of sequences.
  static func batch(
    of shares: OneOrMore<RunOrder.Share>, _ prepared: SequenceInputs, _ plan: SequencePlan
  ) -> RunBatch {
    let tensors = shares.first.request.tensors
    var batch = RunBatch(
      inputs: prepared.inputs, rowCount: prepared.rowCount,
      outputs: plan.runOutputs(tensors.outputs), parameters: tensors.parameters)
    if plan.policy.isIterative { batch.carried = prepared.carried }
    if shares.count == 1 { batch.context = shares.first.request.context }
    return batch
  }

  /// What each share got, and what its sequence keeps; `nil` where each deserves a run of its own.
  func results(of attempt: RunAttempt, _ plan: SequencePlan) -> OneOrMore<RunResult>? {
    if let fault = attempt.fault {
      guard shares.count == 1 || fault.code == .stopped || !plan.mayRepeat || attempt.hasStreamed
      else { return nil }
      return shares.mapped { result($0, attempt, parts: [], fault: fault) }
    }
    var results: [RunResult] = []
    for (place, share) in shares.enumerated() {
      guard let own = own(attempt.parts, place: place) else { return nil }
      results.append(split(own, share, attempt, plan))
    }
    return OneOrMore(listing: results)
  }

  /// Parts the states from what the request asked for.
  private func split(
    _ parts: [RunPart], _ share: RunOrder.Share, _ attempt: RunAttempt, _ plan: SequencePlan
  ) -> RunResult {
    var states: [Tensor] = []
    var carried: [Tensor]?
    var answered: [RunPart] = []
    for part in parts {
      switch part {
      case .outputs(let rows, let tensors):
        states = plan.states(in: tensors, of: batch.outputs)
        // What a decoupled model gave has left already.
        if share.request.stream != nil { continue }
        answered.append(
          .outputs(rows: rows, self.answered(tensors, of: share.request)))
      case .failed, .done: answered.append(part)
      case .again(_, let tensors):
        if plan.policy.isIterative { carried = tensors } else { answered.append(part) }
      }
    }
    var result = result(share, attempt, parts: answered, fault: nil)
    guard !result.hasFailed else { return result }
    if states.count != plan.states.count { states = plan.states(before: share.turn) }
    result.isUnfinished = carried != nil
    result.states = states + (carried ?? [])
    return result
  }
}
