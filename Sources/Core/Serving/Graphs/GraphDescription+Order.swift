import Inference

extension GraphDescription {
  /// Steps by their places, each after those whose tensors it takes; without those of a circle.
  var stepOrder: [Int] {
    let needs = steps.map(self.needs)
    var ordered: [Int] = []
    var left = Array(steps.indices)
    while !left.isEmpty {
      let free = left.filter { place in needs[place].allSatisfy { ordered.contains($0) } }
      if free.isEmpty { break }
      ordered += free
      left.removeAll { free.contains($0) }
    }
    return ordered
  }

  /// Places of the steps whose outputs a step takes.
  func needs(of step: Step) -> [Int] {
    steps.indices.filter { place in
      steps[place].outputs.contains { step.tensorsNeeded.contains($0.tensor) }
    }
  }
}
