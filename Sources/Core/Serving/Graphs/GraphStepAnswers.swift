import Inference

/// What the models of one step answered, until it is all there and becomes the step's outputs.
struct GraphStepAnswers: Sendable {
  private let work: GraphStepWork
  private var answers: [[[Tensor]?]]
  private var fallbackAnswers: [Int: [Tensor]] = [:]
  private(set) var byteCount = 0

  init(_ work: GraphStepWork) {
    self.work = work
    answers = Array(
      repeating: Array(repeating: nil, count: work.memberCount), count: work.elementCount)
  }

  mutating func keep(_ tensors: [Tensor], of ask: GraphRunState.Ask) {
    byteCount += tensors.reduce(0) { $0 + $1.byteCount }
    if ask.member == GraphRunState.Ask.fallback {
      fallbackAnswers[ask.element] = tensors
    } else {
      answers[ask.element][ask.member] = tensors
    }
  }

  /// One answer, which is the step's as it stands.
  var isTrivial: Bool {
    !work.step.takesElements && (work.memberCount <= 1 || !fallbackAnswers.isEmpty)
  }

  /// The step's outputs, in the order in which they are bound.
  func assembled(_ plan: GraphPlan) throws(InferenceFailure) -> [Tensor] {
    let step = work.step
    var elements: [[Tensor]] = []
    for element in 0..<work.elementCount { elements.append(try combined(element)) }
    guard step.takesElements else { return elements.first ?? [] }
    return try step.outputs.enumerated().map { (index, tensor) throws(InferenceFailure) in
      let description = plan.tensors[tensor]
      if elements.isEmpty { return description.empty }
      // The plan's rank says whether the elements' own axis 0 was kept.
      let first = elements[0][index]
      let keeps = !description.isShapeless && description.dimensions.count == first.shape.rank
      guard let gathered = TensorCombination.gather(elements.map { $0[index] }, keepingAxis: keeps)
      else { throw step.failure("its elements' answers differ in shape and cannot be gathered") }
      return gathered
    }
  }

  private func combined(_ element: Int) throws(InferenceFailure) -> [Tensor] {
    if let answer = fallbackAnswers[element] { return answer }
    let members = answers[element].compactMap { $0 }
    guard members.count > 1, case .all(_, let combination, let weights) = work.step.work else {
      return members.first ?? []
    }
    return try work.step.outputs.indices.map { (index) throws(InferenceFailure) in
      let tensors = members.map { $0[index] }
      guard let made = TensorCombination.combine(tensors, combination, weights: weights) else {
        throw work.step.failure(
          "its models' answers differ and cannot be combined: "
            + tensors.map { "\($0.datatype.name) \($0.shape)" }.listed)
      }
      return made
    }
  }
}
