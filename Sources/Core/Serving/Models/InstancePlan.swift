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
    let groups = specification.scheduling.instances
    var count = 0
    for group in groups {
      switch group.kind {
      case .automatic, .cpu: count += max(1, group.count)
      case .gpu(let devices):
        guard model.capabilities.hasGPU else {
          throw RuntimeFault(
            code: .runtimeMissing,
            message: "its instance group asks for a GPU, and the runtime \(model.platformName) has "
              + "none here; ask for KIND_CPU or KIND_AUTO")
        }
        count += max(1, group.count) * max(1, devices.count)
      }
    }
    if count > 0 { return count }
    let fitting = max(1, settings.coreCount / max(1, specification.options.threadCount))
    return max(1, specification.instanceCount ?? min(settings.instanceCount, fitting))
  }
}
