import Inference

/// Resolves a description into a plan: finds the models, follows the types from step to step.
///
/// Refuses, with the path in words, what could not work at any request: a model or a tensor that is
/// not there, types that contradict each other, a graph that contains itself.
struct GraphPlanner {
  private let name: String
  private let description: GraphDescription
  private let limits: GraphLimits
  private let make: BuiltInMaker
  private let lease: (ModelAddress) throws(InferenceFailure) -> ModelLease
  private let hasRows: Bool
  /// By name, with who made each of them, for messages.
  private var types: [String: (type: TensorDescription, maker: String)] = [:]
  private var places: [String: Int] = [:]
  private var depth = 1
  private var modelNames: Set<String> = []

  init(
    name: String, description: GraphDescription, rowsMax: Int?, limits: GraphLimits,
    make: @escaping BuiltInMaker,
    lease: @escaping (ModelAddress) throws(InferenceFailure) -> ModelLease
  ) {
    self.name = name
    self.description = description
    self.limits = limits
    self.make = make
    self.lease = lease
    // A model that is not there yet says nothing here; `find` says so with the step's name.
    hasRows =
      rowsMax.map { $0 > 0 } ?? Self.takesRows(description) { try? lease($0).signature }
  }

  /// Whether models that take the graph's inputs expect an axis for rows before the declared ones.
  private static func takesRows(
    _ description: GraphDescription, _ signature: (ModelAddress) -> ModelSignature?
  ) -> Bool {
    for step in description.steps {
      for binding in step.inputs where !step.each.contains(binding.tensor) {
        guard let input = description.inputs.first(where: { $0.name == binding.tensor }),
          let model = step.models.first, let signature = signature(model), signature.hasRowAxis,
          let place = signature.inputIndex(named: binding.port)
        else { continue }
        return signature.inputs[place].dimensions.count == input.dimensions.count + 1
      }
    }
    return false
  }

  /// The plan; once.
  mutating func plan() throws(GraphProblem) -> GraphPlan {
    do throws(GraphDescription.Problem) {
      try description.check()
    } catch {
      throw GraphProblem(error.sentence)
    }
    for input in description.inputs {
      types[input.name] = (declared(input), "an input of the graph")
      places[input.name] = places.count
    }
    for step in description.steps {
      for output in step.outputs { places[output.tensor] = places.count }
    }
    var steps = [GraphPlan.Step?](repeating: nil, count: description.steps.count)
    for place in description.stepOrder { steps[place] = try step(description.steps[place]) }
    return try finished(steps.compactMap { $0 })
  }

  private func finished(_ steps: [GraphPlan.Step]) throws(GraphProblem) -> GraphPlan {
    var outputs: [TensorDescription] = []
    for output in description.outputs {
      guard let made = types[output.name] else { continue }
      guard let common = GraphTypes.common(declared(output), made.type) else {
        throw GraphProblem(
          "\(made.maker) -> output of the graph: \(output.name) is \(made.type.typeText), and is "
            + "declared as \(declared(output).typeText)")
      }
      outputs.append(common)
    }
    var tensors = [TensorDescription?](repeating: nil, count: places.count)
    for (name, place) in places { tensors[place] = types[name]?.type.named(name) }
    return GraphPlan(
      name: name,
      signature: ModelSignature(
        inputs: description.inputs.map { input in inputDescription(input) }, outputs: outputs,
        hasRowAxis: hasRows),
      tensors: tensors.compactMap { $0 },
      outputs: description.outputs.compactMap { places[$0.name] }, steps: steps,
      inFlightRequestsMax: description.inFlightRequestsMax > 0
        ? description.inFlightRequestsMax : limits.inFlightRequestsMax,
      depth: depth, modelNames: modelNames)
  }

  private func inputDescription(_ input: DeclaredTensor) -> TensorDescription {
    let type = types[input.name]?.type ?? declared(input)
    return TensorDescription(
      name: input.name, datatype: type.datatype, dimensions: type.dimensions,
      isOptional: input.isOptional)
  }

  private func declared(_ tensor: DeclaredTensor) -> TensorDescription {
    let lengths = tensor.dimensions.map { $0 < 0 ? Dimension.any(name: nil) : .fixed($0) }
    return TensorDescription(
      name: tensor.name, datatype: tensor.datatype,
      dimensions: (hasRows ? [.any(name: nil)] : []) + lengths, isOptional: tensor.isOptional)
  }

  // MARK: One step

  private mutating func step(
    _ step: GraphDescription.Step
  ) throws(GraphProblem) -> GraphPlan.Step {
    do throws(GraphProblem) {
      let (work, fallback, isOptional) = try resolve(step)
      return GraphPlan.Step(
        name: step.name, work: work, inputs: step.inputs.compactMap { places[$0.tensor] },
        isTakenApart: step.inputs.map { step.each.contains($0.tensor) }, isOptional: isOptional,
        outputs: step.outputs.compactMap { places[$0.tensor] }, fallback: fallback,
        timeoutNanoseconds: step.timeoutNanoseconds,
        deciding: GraphRunState.Step(
          needs: description.needs(of: step), retryCount: step.retryCount,
          hasFallback: step.fallback != nil, isSoft: step.isSoft))
    } catch {
      throw GraphProblem("step \(step.name): \(error.sentence)")
    }
  }

  private mutating func resolve(
    _ step: GraphDescription.Step
  ) throws(GraphProblem) -> (GraphPlan.Work, GraphTarget?, [Bool]) {
    var made: [TensorDescription]?
    var isOptional = [Bool](repeating: true, count: step.inputs.count)
    var builtIn: GraphPlan.Work?
    if case .builtIn(let kind, let settings) = step.work {
      let bound = try BoundBuiltIn(kind, settings, step, types: types.mapValues(\.type), make: make)
      builtIn = .builtIn(bound.work, bound.bindings)
      made = bound.outputs
      isOptional = bound.isOptional
    }
    var targets: [GraphTarget] = []
    for address in step.models {
      let target = GraphTarget(
        address, inputPorts: step.inputs.map(\.port), outputPorts: step.outputs.map(\.port))
      let (outputs, optional) = try follow(target, step)
      made =
        try made.map { (known) throws(GraphProblem) in
          try either(known, outputs, step, address)
        } ?? outputs
      for place in isOptional.indices where !optional[place] { isOptional[place] = false }
      targets.append(target)
    }
    try checkCombination(step, made ?? [])
    for (binding, type) in zip(step.outputs, made ?? []) {
      types[binding.tensor] = (type.named(binding.tensor), "step \(step.name)")
    }
    let fallback = step.fallback == nil ? nil : targets.popLast()
    let work = builtIn ?? GraphPlan.Work(of: step, targets, places: places)
    return (work, fallback, isOptional)
  }

  private func checkCombination(
    _ step: GraphDescription.Step, _ made: [TensorDescription]
  ) throws(GraphProblem) {
    guard case .ensemble(let members, let combination) = step.work, members.count > 1 else {
      return
    }
    for (binding, type) in zip(step.outputs, made)
    where !TensorCombination.isPossible(combination, of: type.datatype) {
      throw GraphProblem(
        "\(combination.rawValue) cannot combine \(binding.port), which is \(type.typeText)")
    }
  }

  private func either(
    _ known: [TensorDescription], _ others: [TensorDescription], _ step: GraphDescription.Step,
    _ address: ModelAddress
  ) throws(GraphProblem) -> [TensorDescription] {
    var result: [TensorDescription] = []
    for place in known.indices {
      guard let either = GraphTypes.either(known[place], others[place]) else {
        throw GraphProblem(
          "\(step.outputs[place].port) of \(address) is \(others[place].typeText), and "
            + "\(known[place].typeText) where the step asks otherwise")
      }
      result.append(either)
    }
    return result
  }

  // MARK: Types through a step

  /// What a model gives for the step's inputs; narrows what is known of these.
  private mutating func follow(
    _ target: GraphTarget, _ step: GraphDescription.Step
  ) throws(GraphProblem) -> (outputs: [TensorDescription], isOptional: [Bool]) {
    let lease = try find(target.address)
    let places = try target.places(in: lease)
    var keepsAxis = false
    for (binding, port) in zip(step.inputs, places.inputDescriptions) {
      guard let (type, maker) = types[binding.tensor] else { continue }
      let isApart = step.each.contains(binding.tensor)
      let keeps = port.isShapeless || port.dimensions.count == type.dimensions.count
      if isApart, keeps { keepsAxis = true }
      let given = isApart ? type.element(keepingAxis: keeps) : type
      guard let given, let common = GraphTypes.common(given, port) else {
        throw GraphProblem(
          "\(binding.tensor), made by \(maker), is \((given ?? type).typeText), and the input "
            + "\(binding.port) of \(target.address) takes \(port.typeText)")
      }
      if !isApart { types[binding.tensor] = (common.named(binding.tensor), maker) }
    }
    let outputs = places.outputs.map { place in
      let output = lease.signature.outputs[place]
      return step.each.isEmpty ? output : output.gathered(keepingAxis: keepsAxis)
    }
    return (outputs, places.inputDescriptions.map(\.isOptional))
  }

  private mutating func find(_ address: ModelAddress) throws(GraphProblem) -> ModelLease {
    let lease: ModelLease
    do throws(InferenceFailure) {
      lease = try self.lease(address)
    } catch {
      throw GraphProblem("it asks \(address): \(FailureMessage.text(for: error))")
    }
    if address.name == name { throw GraphProblem("\(name) -> \(name): a graph cannot ask itself") }
    modelNames.insert(address.name)
    guard let graph = lease.loaded as? GraphModel else { return lease }
    if graph.plan.modelNames.contains(name) {
      throw GraphProblem("\(name) -> \(address.name) -> \(name): the graphs ask each other")
    }
    modelNames.formUnion(graph.plan.modelNames)
    depth = max(depth, graph.plan.depth + 1)
    if depth > limits.depthMax {
      throw GraphProblem("graphs within graphs are more than \(limits.depthMax) deep")
    }
    return lease
  }
}
