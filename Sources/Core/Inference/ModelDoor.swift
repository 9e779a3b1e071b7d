/// A request that a model makes of another one while it answers its own.
package struct ModelCall: Sendable {
  /// How long a way of models asking models may be.
  package static let depthMax = 8

  package let model: String
  package let inputs: [NamedTensor]
  /// The models through which it came, the one that asks last.
  package let askedThrough: [String]
  package let deadline: Instant

  package init(
    model: String, inputs: [NamedTensor], askedThrough: [String], deadline: Instant
  ) {
    self.model = model
    self.inputs = inputs
    self.askedThrough = askedThrough
    self.deadline = deadline
  }
}

/// The way from a runtime back to the server's models, for models that ask others.
package protocol ModelDoor: Sendable {
  /// Asks; returns at once. `completion` is called once, on any thread, possibly before this returns.
  func ask(
    _ call: ModelCall,
    completion: @escaping @Sendable (Result<[NamedTensor], RuntimeFault>) -> Void)
}
