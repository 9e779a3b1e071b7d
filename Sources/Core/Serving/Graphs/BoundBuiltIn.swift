import Inference

/// A built-in step, made from its settings and tied to the tensors of a graph.
struct BoundBuiltIn {
  let work: any BuiltInWork
  let bindings: GraphPlan.Bindings
  /// One for each output that the step binds.
  let outputs: [TensorDescription]
  /// Whether the step can do without its inputs, one by one.
  let isOptional: [Bool]

  /// - Parameter types: of the tensors that are known so far, by name.
  init(
    _ kind: BuiltInStep, _ settings: [String: [String]], _ step: GraphDescription.Step,
    types: [String: TensorDescription], make: BuiltInMaker
  ) throws(GraphProblem) {
    do throws(BuiltInProblem) {
      let work = try make(kind, settings)
      let inputs = try step.inputs.map { (binding) throws(BuiltInProblem) in
        try Self.place(of: binding.port, in: work.inputNames, "input", kind)
      }
      let outputs = try step.outputs.map { (binding) throws(BuiltInProblem) in
        try Self.place(of: binding.port, in: work.outputNames, "output", kind)
      }
      var given = [TensorDescription?](repeating: nil, count: work.inputNames.count)
      for (binding, place) in zip(step.inputs, inputs) {
        let type = types[binding.tensor]
        given[place] =
          step.each.contains(binding.tensor) ? type?.element(keepingAxis: false) : type
      }
      for (name, type) in zip(work.inputNames, given)
      where type == nil && !work.optionalInputNames.contains(name) {
        throw BuiltInProblem("nothing is bound to the input \(name) of \(kind.rawValue)")
      }
      let made = try work.outputs(of: given)
      self.work = work
      bindings = GraphPlan.Bindings(
        inputs: inputs, inputCount: work.inputNames.count, outputs: outputs)
      self.outputs = outputs.map {
        step.each.isEmpty ? made[$0] : made[$0].gathered(keepingAxis: false)
      }
      isOptional = step.inputs.map { work.optionalInputNames.contains($0.port) }
    } catch {
      throw GraphProblem(error.sentence)
    }
  }

  private static func place(
    of port: String, in names: [String], _ what: String, _ kind: BuiltInStep
  ) throws(BuiltInProblem) -> Int {
    guard let place = names.firstIndex(of: port) else {
      throw BuiltInProblem("\(kind.rawValue) has no \(what) \(port); it has \(names.listed)")
    }
    return place
  }
}
