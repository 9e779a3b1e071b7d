import Inference

/// A graph with its names resolved: tensors and steps by their places, types known.
///
/// Made once, at load; immutable. Models are still looked up with each request.
struct GraphPlan: Sendable {
  /// What a step asks.
  enum Work: Sendable {
    case builtIn(any BuiltInWork, Bindings)
    /// Every one of them, their outputs combined.
    case all([GraphTarget], GraphDescription.Combination, weights: [Double])
    case switched(Selector, cases: [String: Int], otherwise: Int?, [GraphTarget])
    /// One of them: the first whose running share is above the request's number from 0 to 1.
    case split(shares: [Double], [GraphTarget])
  }

  enum Selector: Sendable {
    /// The place of a tensor.
    case tensor(Int)
    case parameter(String)
  }

  /// Where a built-in step's tensors are among what it takes and gives.
  struct Bindings: Sendable {
    let inputs: [Int]
    let inputCount: Int
    let outputs: [Int]
  }

  struct Step: Sendable {
    let name: String
    let work: Work
    /// Places of the tensors that it takes, in the order in which they are bound.
    let inputs: [Int]
    /// Beside each of them: its elements are taken one by one.
    let isTakenApart: [Bool]
    /// Beside each of them: the step goes on without it.
    let isOptional: [Bool]
    /// Places of the tensors that it makes.
    let outputs: [Int]
    let fallback: GraphTarget?
    let timeoutNanoseconds: UInt64
    let deciding: GraphRunState.Step

    var takesElements: Bool { isTakenApart.contains(true) }

    /// All that it may ask.
    var targets: [GraphTarget] {
      let asked: [GraphTarget] =
        switch work {
        case .builtIn: []
        case .all(let targets, _, _), .switched(_, _, _, let targets), .split(_, let targets):
          targets
        }
      return asked + (fallback.map { [$0] } ?? [])
    }
  }

  let name: String
  let signature: ModelSignature
  /// What each tensor is, the graph's inputs first.
  let tensors: [TensorDescription]
  /// The place of the tensor that each output of the graph is.
  let outputs: [Int]
  let steps: [Step]
  let inFlightRequestsMax: Int
  /// Graphs within this one, itself counted: 1 where all steps ask plain models.
  let depth: Int
  /// All models that it asks, through other graphs too.
  let modelNames: Set<String>
}
