import Inference
import ModelStore
import Serving
import Synchronization
import Vision

/// Makes of each plan what the server loads: with the runtime that it needs, or as a graph of others.
struct ModelSpecifications: Sendable {
  let loaders: Loaders
  let graphs: GraphWorkshop
  let visionOptions: VisionOptionsByModel

  /// Models before the graphs that ask them; throws where graphs ask each other in a circle.
  func of(_ plans: [ModelPlan]) throws(ServerFault) -> [ModelSpecification] {
    let entries = plans.map { LoadOrder.Entry(name: $0.name, needs: $0.needs) }
    return try LoadOrder.places(of: entries).map { specification(of: plans[$0]) }
  }

  private func specification(of plan: ModelPlan) -> ModelSpecification {
    visionOptions.set(plan.vision, for: plan.name)
    guard let graph = plan.graph else {
      return plan.specification(loader: loaders.loader(for: plan))
    }
    let loader = graphs.loader(of: graph, named: plan.name, rowsMax: plan.declared?.rowsMax)
    var specification = plan.specification(loader: loader)
    // What a graph's operator declares is the graph itself.
    specification.declared = nil
    specification.needs = plan.needs
    return specification
  }
}

extension ModelPlan {
  /// Names of the models that it asks itself.
  var needs: Set<String> { Set(graph?.models.map(\.name) ?? []) }
}

/// How photos are made inputs of each model, as the plan that was loaded last says.
final class VisionOptionsByModel: Sendable {
  private let options = Guarded<[String: VisionOptions]>([:])

  func set(_ value: VisionOptions, for name: String) { options.withLock { $0[name] = value } }

  func options(for name: String) -> VisionOptions {
    options.withLock { $0[name] } ?? VisionOptions()
  }
}
