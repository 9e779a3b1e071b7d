extension GraphDescription {
  /// What is wrong with a graph, whatever its tensors' shapes, and in which line.
  package struct Problem: Error, Sendable, Equatable {
    /// 0 where it is not one step's fault.
    package let line: Int
    package let sentence: String
  }

  /// Models that the steps ask, each once, in their order.
  package var models: [ModelAddress] {
    var seen: Set<ModelAddress> = []
    return steps.flatMap(\.models).filter { seen.insert($0).inserted }
  }

  /// Throws where names clash, a tensor comes from nowhere, twice or from itself.
  package func check() throws(Problem) {
    guard !steps.isEmpty else { throw Problem(line: 0, sentence: "the graph has no step") }
    try checkNames()
    let makers = try makers()
    try checkSources(makers)
    try checkCircles(makers)
  }

  private func checkNames() throws(Problem) {
    var lines: [String: Int] = [:]
    for step in steps {
      if let first = lines.updateValue(step.line, forKey: step.name) {
        let place = first > 0 ? ", first in line \(first)" : ""
        throw Problem(line: step.line, sentence: "two steps are called \(step.name)\(place)")
      }
    }
    for (kind, tensors) in [("input", inputs), ("output", outputs)] {
      var names: Set<String> = []
      for tensor in tensors where !names.insert(tensor.name).inserted {
        throw Problem(line: 0, sentence: "the graph has two \(kind)s called \(tensor.name)")
      }
    }
  }

  /// The step that makes each tensor, by its place.
  private func makers() throws(Problem) -> [String: Int] {
    var makers: [String: Int] = [:]
    let given = Set(inputs.map(\.name))
    for (place, step) in steps.enumerated() {
      var ports: Set<String> = []
      for binding in step.inputs where !ports.insert(binding.port).inserted {
        throw Problem(
          line: step.line, sentence: "step \(step.name) binds its input \(binding.port) twice")
      }
      for binding in step.outputs {
        if given.contains(binding.tensor) {
          throw Problem(
            line: step.line,
            sentence: "step \(step.name) makes \(binding.tensor), which is an input of the graph")
        }
        if let other = makers.updateValue(place, forKey: binding.tensor) {
          throw Problem(
            line: step.line,
            sentence: "the tensor \(binding.tensor) is made twice: by step \(steps[other].name) "
              + "and by step \(step.name)")
        }
      }
    }
    return makers
  }

  private func checkSources(_ makers: [String: Int]) throws(Problem) {
    let given = Set(inputs.map(\.name))
    for step in steps {
      for tensor in step.tensorsNeeded where makers[tensor] == nil && !given.contains(tensor) {
        throw Problem(
          line: step.line,
          sentence: "step \(step.name) needs the tensor \(tensor), which is neither an input of "
            + "the graph nor made by a step")
      }
    }
    for output in outputs where makers[output.name] == nil && !given.contains(output.name) {
      throw Problem(
        line: 0, sentence: "the output \(output.name) of the graph is made by no step")
    }
  }

  /// Steps are taken away whose needs are met; what remains waits for itself.
  private func checkCircles(_ makers: [String: Int]) throws(Problem) {
    let needs = steps.map { step in Set(step.tensorsNeeded.compactMap { makers[$0] }) }
    var left = Set(steps.indices)
    var isMoving = true
    while isMoving {
      let free = left.filter { needs[$0].isDisjoint(with: left) }
      isMoving = !free.isEmpty
      left.subtract(free)
    }
    guard let start = left.min() else { return }
    var path = [start]
    // Every step that is left needs another one that is left, so the walk must meet itself.
    while true {
      guard let last = path.last, let next = needs[last].intersection(left).min() else { return }
      if let meeting = path.firstIndex(of: next) {
        let circle = (path[meeting...] + [next]).reversed().map { steps[$0].name }
        throw Problem(
          line: steps[next].line,
          sentence: "steps wait for each other in a circle: "
            + circle.joined(separator: " -> "))
      }
      path.append(next)
    }
  }
}

extension GraphDescription.Step {
  /// Tensors of the graph that the step cannot begin without, each once.
  package var tensorsNeeded: [String] {
    var names = inputs.map(\.tensor)
    if case .switched(.tensor(let selector), _, _) = work { names.append(selector) }
    var seen: Set<String> = []
    return names.filter { seen.insert($0).inserted }
  }

  /// Models that it may ask, the fallback last.
  package var models: [ModelAddress] {
    let asked: [ModelAddress] =
      switch work {
      case .model(let model): [model]
      case .builtIn: []
      case .ensemble(let members, _), .split(let members): members.map(\.model)
      case .switched(_, let cases, let otherwise):
        cases.map(\.model) + (otherwise.map { [$0] } ?? [])
      }
    return asked + (fallback.map { [$0] } ?? [])
  }
}
