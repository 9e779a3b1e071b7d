import Inference

/// A model that is made of others.
extension TritonDialect {
  mutating func takeEnsemble() {
    let isNamed = ["platform", "backend"].contains { root.text($0) == "ensemble" }
    guard let group = root.group("ensemble_scheduling") else {
      if isNamed { stop("an ensemble needs ensemble_scheduling", root, "platform") }
      return
    }
    if root.has("platform") || root.has("backend"), !isNamed {
      stop("ensemble_scheduling goes with platform: \"ensemble\"", root, "platform")
    }
    if root.has("instance_group") {
      warn("an ensemble has no instances of its own", root, "instance_group")
    }
    guard let declared = model.declared, !declared.inputs.isEmpty, !declared.outputs.isEmpty else {
      return stop("an ensemble needs input and output", root, "ensemble_scheduling")
    }
    guard group.groups("step").count <= GraphDescription.stepCountMax else {
      return stop("more than \(GraphDescription.stepCountMax) steps", group, "step")
    }
    var steps: [GraphDescription.Step] = []
    for step in group.groups("step") {
      if let step = self.step(step, after: steps) { steps.append(step) }
    }
    let graph = GraphDescription(
      inputs: declared.inputs, outputs: declared.outputs, steps: steps,
      inFlightRequestsMax: group.integer("max_inflight_requests") ?? 0)
    model.graph = graph
    do throws(GraphDescription.Problem) {
      try graph.check()
    } catch {
      let place =
        error.line > 0
        ? ConfigurationTree.Place(line: error.line, column: 1)
        : root.place(of: "ensemble_scheduling")
      model.notes.stop(error.sentence, in: file, at: place)
    }
  }

  /// Triton's steps have no names, and one model may be asked twice.
  private mutating func step(
    _ group: ConfigurationGroup, after steps: [GraphDescription.Step]
  ) -> GraphDescription.Step? {
    guard let model = group.word("model_name") else {
      self.model.notes.stop("\(group.path): expected model_name", in: file, at: group.place)
      return nil
    }
    let version = group.integer("model_version") ?? -1
    if version < -1 { stop("expected a version, or -1 for the latest", group, "model_version") }
    let times = steps.count { $0.name == model || $0.name.hasPrefix("\(model)#") }
    return GraphDescription.Step(
      name: times == 0 ? model : "\(model)#\(times + 1)",
      work: .model(
        ModelAddress(name: model, version: version > 0 ? .number(Int64(version)) : .any)),
      inputs: bindings(group, "input_map"), outputs: bindings(group, "output_map"),
      line: group.place.line)
  }

  private mutating func bindings(
    _ group: ConfigurationGroup, _ key: String
  ) -> [GraphDescription.Binding] {
    let pairs = group.keyedTexts(key)
    if pairs.isEmpty { stop("expected at least one tensor", group, key) }
    return pairs.map { .init(port: $0.key, tensor: $0.text) }
  }
}
