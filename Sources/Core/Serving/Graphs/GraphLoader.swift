package import Inference

/// Loads one graph: its models must be loaded before it.
package struct GraphLoader: ModelLoader {
  package let runtimeName = "graph"
  let name: String
  let description: GraphDescription
  let rowsMax: Int?
  let workshop: GraphWorkshop

  /// The source is where the description was read, and not looked at again.
  package func load(
    _ source: ModelSource, options: RuntimeOptions
  ) throws(RuntimeFault) -> any LoadedModel {
    let entrance = workshop.entrance
    do throws(GraphProblem) {
      var planner = GraphPlanner(
        name: name, description: description, rowsMax: rowsMax, limits: workshop.limits,
        make: workshop.make
      ) { (address) throws(InferenceFailure) in try entrance.lease(address) }
      return GraphModel(plan: try planner.plan(), workshop: workshop)
    } catch {
      throw RuntimeFault(code: .invalidModel, message: "graph \(name): \(error.sentence)")
    }
  }
}
