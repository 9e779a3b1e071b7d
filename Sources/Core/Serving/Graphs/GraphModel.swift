package import Inference

/// A model that is made of others: asks them at the same door through which it was asked.
///
/// Holds no thread; `runsMax` requests are under way at once. What it asks is looked up with each
/// request, so a replaced version is asked from then on.
package final class GraphModel: WaitingModel {
  let plan: GraphPlan
  private let workshop: GraphWorkshop

  init(plan: GraphPlan, workshop: GraphWorkshop) {
    self.plan = plan
    self.workshop = workshop
  }

  package var signature: ModelSignature { plan.signature }
  package var capabilities: ModelCapabilities { ModelCapabilities() }
  /// Its models count their own.
  package var footprintByteCount: Int { 0 }
  package var platformName: String { "ensemble" }
  package var runsMax: Int? { workshop.limits.runsMax }

  /// The first of its models that does not answer, and why.
  package var obstacle: String? {
    for step in plan.steps where !step.deciding.isSoft {
      for target in step.targets {
        if let reason = reason(against: target) { return "step \(step.name): \(reason)" }
      }
    }
    return nil
  }

  private func reason(against target: GraphTarget) -> String? {
    do throws(InferenceFailure) {
      let lease = try workshop.entrance.lease(target.address)
      do throws(GraphProblem) {
        _ = try target.places(in: lease)
      } catch {
        return error.sentence
      }
      return lease.loaded.obstacle
    } catch {
      return FailureMessage.text(for: error)
    }
  }

  package func start(
    _ batch: RunBatch, stop: StopFlag,
    completion: @escaping @Sendable (Result<[RunPart], RuntimeFault>) -> Void
  ) {
    GraphRun(plan, batch, workshop: workshop, stop: stop, completion: completion).begin()
  }
}
