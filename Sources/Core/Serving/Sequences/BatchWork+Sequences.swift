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
    if shares.count == 1 { batch.context = shares.first.request.context }
    return batch
  }

  /// What each share got, and what its sequence keeps; `nil` where each deserves a run of its own.
  func results(of attempt: RunAttempt, _ plan: SequencePlan) -> OneOrMore<RunResult>? {
    if let fault = attempt.fault {
      guard shares.count == 1 || fault.code == .stopped || !plan.mayRepeat else { return nil }
      return shares.mapped { result($0, attempt, parts: [], fault: fault) }
    }
    var results: [RunResult] = []
    for (place, share) in shares.enumerated() {
      let own =
        batch.rowCount == 1
        ? attempt.parts : cut(attempt.parts, at: rows[place], place: place, share)
      guard let own else { return nil }
      results.append(split(own, share, attempt, plan))
    }
    return OneOrMore(listing: results)
  }

  /// Parts the states from what the request asked for.
  private func split(
    _ parts: [RunPart], _ share: RunOrder.Share, _ attempt: RunAttempt, _ plan: SequencePlan
  ) -> RunResult {
    let wanted = share.request.tensors.outputs
    let answeredCount = wanted.isEmpty ? plan.signature.outputs.count : wanted.count
    var states: [Tensor] = []
    var answered: [RunPart] = []
    for part in parts {
      guard case .outputs(let rows, let tensors) = part else {
        answered.append(part)
        continue
      }
      states = plan.states(in: tensors, of: batch.outputs)
      answered.append(.outputs(rows: rows, Array(tensors.prefix(answeredCount))))
    }
    var result = result(share, attempt, parts: answered, fault: nil)
    if !result.hasFailed, states.count == plan.states.count { result.states = states }
    return result
  }
}
