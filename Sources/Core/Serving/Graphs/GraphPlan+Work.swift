import Inference

extension GraphPlan.Work {
  /// What a step does with the models that it asks, in the order of its description.
  ///
  /// - Parameter places: of the graph's tensors, by name.
  init(of step: GraphDescription.Step, _ targets: [GraphTarget], places: [String: Int]) {
    switch step.work {
    case .model, .builtIn: self = .all(targets, .mean, weights: [1])
    case .ensemble(let members, let combination):
      self = .all(
        targets, combination,
        weights: combination == .weighted ? members.map(\.weight) : members.map { _ in 1 })
    case .switched(let selector, let cases, let otherwise):
      let byValue = Dictionary(
        cases.enumerated().map { ($1.value, $0) }, uniquingKeysWith: { first, _ in first })
      self = .switched(
        GraphPlan.Selector(selector, places: places), cases: byValue,
        otherwise: otherwise.map { _ in cases.count }, targets)
    case .split(let members):
      let total = members.reduce(0) { $0 + $1.weight }
      var sum = 0.0
      let shares = members.map { member -> Double in
        sum += member.weight / total
        return sum
      }
      self = .split(shares: shares, targets)
    }
  }
}

extension GraphPlan.Selector {
  fileprivate init(_ selector: GraphDescription.Selector, places: [String: Int]) {
    switch selector {
    case .tensor(let name): self = .tensor(places[name] ?? 0)
    case .parameter(let name): self = .parameter(name)
    }
  }
}
