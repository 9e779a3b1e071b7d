import Inference

/// A model that is made of others.
extension OwnDialect {
  mutating func takeGraph() {
    guard let group = root.group("graph") else { return }
    guard group.groups("steps").count <= GraphDescription.stepCountMax else {
      return stop("more than \(GraphDescription.stepCountMax) steps", group, "steps")
    }
    var steps: [GraphDescription.Step] = []
    for step in group.groups("steps") {
      if let made = self.step(step) { steps.append(made) }
    }
    let graph = GraphDescription(
      inputs: group.groups("inputs").compactMap { tensor($0) },
      outputs: group.groups("outputs").compactMap { tensor($0) }, steps: steps,
      inFlightRequestsMax: group.integer("max-in-flight") ?? 0)
    model.graph = graph
    if graph.inputs.isEmpty { stop("expected inputs", group, "inputs") }
    if graph.outputs.isEmpty { stop("expected outputs", group, "outputs") }
    // What is wrong with single steps is said; the whole is looked at where each of them is right.
    guard steps.count == group.groups("steps").count else { return }
    do throws(GraphDescription.Problem) {
      try graph.check()
    } catch {
      let place =
        error.line > 0
        ? ConfigurationTree.Place(line: error.line, column: 1) : root.place(of: "graph")
      model.notes.stop(error.sentence, in: file, at: place)
    }
  }

  private mutating func step(_ group: ConfigurationGroup) -> GraphDescription.Step? {
    guard let work = work(group) else { return nil }
    let usual = group.word("model") ?? group.word("built-in")
    guard let name = group.word("name") ?? usual else {
      wrong("a name", group, "name")
      return nil
    }
    var step = GraphDescription.Step(
      name: name, work: work, inputs: bindings(group, "inputs"),
      outputs: bindings(group, "outputs"), line: group.place.line)
    step.each = group.texts("each")
    for tensor in step.each where !step.inputs.contains(where: { $0.tensor == tensor }) {
      stop("\(tensor) is no tensor among the step's inputs", group, "each")
    }
    step.fallback = group.word("fallback").map { ModelAddress(name: $0[...]) }
    step.isSoft = group.isTrue("soft") ?? false
    step.timeoutNanoseconds = group.nanoseconds("timeout") ?? 0
    step.retryCount = group.integer("retries") ?? 0
    return step
  }

  private func bindings(
    _ group: ConfigurationGroup, _ key: String
  ) -> [GraphDescription.Binding] {
    group.keyedTexts(key).map { .init(port: $0.key, tensor: $0.text) }
  }

  private mutating func work(_ group: ConfigurationGroup) -> GraphDescription.Work? {
    if group.has("settings"), !group.has("built-in") {
      stop("they go with built-in", group, "settings")
    }
    if let model = group.word("model") { return .model(ModelAddress(name: model[...])) }
    if let step = group.text("built-in").flatMap(BuiltInStep.init) {
      return .builtIn(step, settings: settings(group))
    }
    if let ensemble = group.group("ensemble") { return self.ensemble(ensemble) }
    if let choice = group.group("switch") { return switched(choice) }
    if group.has("split") { return split(group) }
    model.notes.stop(
      "\(group.path): expected model, built-in, ensemble, switch or split", in: file,
      at: group.place)
    return nil
  }

  private mutating func settings(_ group: ConfigurationGroup) -> [String: [String]] {
    guard let tree = group.tree("settings") else { return [:] }
    guard case .group(let entries) = tree.content else {
      wrong("keys with plain values or lists", group, "settings")
      return [:]
    }
    var settings: [String: [String]] = [:]
    for entry in entries {
      guard let texts = entry.value.plainTexts else {
        wrong("keys with plain values or lists", group, "settings")
        continue
      }
      settings[entry.key] = texts
    }
    return settings
  }

  private mutating func ensemble(_ group: ConfigurationGroup) -> GraphDescription.Work? {
    let models = group.texts("models")
    let weights = group.numbers("weights")
    let combination = group.text("combine").flatMap(GraphDescription.Combination.init) ?? .mean
    guard !models.isEmpty else {
      stop("expected models", group, "models")
      return nil
    }
    let isWeighted = combination == .weighted
    guard weights.count == (isWeighted ? models.count : 0) else {
      stop(
        isWeighted
          ? "expected \(models.count) weights, one for each model"
          : "weights go with combine: weighted", group, "weights")
      return nil
    }
    guard weights.allSatisfy({ $0 > 0 && $0.isFinite }) else {
      stop("weights are above 0", group, "weights")
      return nil
    }
    let members = models.enumerated().map { place, name in
      GraphDescription.Member(
        model: ModelAddress(name: name[...]), weight: isWeighted ? weights[place] : 1)
    }
    return .ensemble(members, combination)
  }

  private mutating func switched(_ group: ConfigurationGroup) -> GraphDescription.Work? {
    let selector: GraphDescription.Selector
    if let tensor = group.word("tensor") {
      selector = .tensor(tensor)
    } else if let parameter = group.word("parameter") {
      selector = .parameter(parameter)
    } else {
      stop("expected tensor or parameter, and what it is called", group, "tensor")
      return nil
    }
    let cases = group.keyedTexts("cases").map {
      GraphDescription.Case(value: $0.key, model: ModelAddress(name: $0.text[...]))
    }
    guard !cases.isEmpty else {
      stop("expected cases", group, "cases")
      return nil
    }
    return .switched(
      on: selector, cases: cases,
      otherwise: group.word("otherwise").map { ModelAddress(name: $0[...]) })
  }

  private mutating func split(_ group: ConfigurationGroup) -> GraphDescription.Work? {
    let members = (group["split"]?.elements ?? []).compactMap {
      element -> GraphDescription.Member? in
      guard case .number(let weight) = element.value else { return nil }
      return .init(model: ModelAddress(name: element.key[...]), weight: weight)
    }
    guard !members.isEmpty, members.allSatisfy({ $0.weight > 0 && $0.weight.isFinite }) else {
      stop("expected models with weights above 0", group, "split")
      return nil
    }
    return .split(members)
  }
}
