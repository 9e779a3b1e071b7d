import Batching
import Inference

/// How many instances a model gets.
enum InstancePlan {
  /// What its instance groups say, else what the specification asks for, else what fits: never more
  /// compute threads than cores. Throws where a group wants a device that is not to be had.
  static func count(
    for specification: ModelSpecification, model: any LoadedModel, settings: ServingSettings
  ) throws(RuntimeFault) -> Int {
    if let runsMax = (model as? any WaitingModel)?.runsMax { return max(1, runsMax) }
    let wantsGPU = specification.scheduling.instances.contains {
      if case .gpu = $0.kind { true } else { false }
    }
    guard !wantsGPU || model.capabilities.hasGPU else {
      throw RuntimeFault(
        code: .runtimeMissing,
        message: "its instance group asks for a GPU, and the runtime \(model.platformName) has "
          + "none here; ask for KIND_CPU or KIND_AUTO")
    }
    let runsPerInstance = (model as? any WaitingModel)?.runsPerInstance ?? 1
    return wanted(for: specification, settings: settings) * max(1, runsPerInstance)
  }

  /// The same before the model is there, for runtimes that plan by it. Groups that ask for more than
  /// the specification allows get less.
  static func wanted(for specification: ModelSpecification, settings: ServingSettings) -> Int {
    let count = specification.scheduling.instances.reduce(0) { $0 + $1.instanceCount }
    if count > 0 { return min(count, specification.instanceCount ?? count) }
    let fitting = max(1, settings.coreCount / max(1, specification.options.threadCount))
    return max(1, specification.instanceCount ?? min(settings.instanceCount, fitting))
  }
}
