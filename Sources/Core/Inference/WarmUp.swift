/// A request that a model answers before it counts as ready (`model_warmup`).
package struct WarmUp: Sendable, Equatable {
  /// What fills an input.
  package enum Content: Sendable, Equatable {
    case zero
    /// Numbers from 0 up to 1, or the integers 0 and 1, from a fixed seed.
    case random
    /// The raw bytes of a file, little-endian, of exactly the tensor's size.
    case file(path: String)
  }

  /// One input of the request.
  package struct Input: Sendable, Equatable {
    package var name: String
    package var datatype: Datatype
    /// Lengths without the row axis, none of them open.
    package var dimensions: [Int]
    package var content: Content

    package init(name: String, datatype: Datatype, dimensions: [Int], content: Content) {
      self.name = name
      self.datatype = datatype
      self.dimensions = dimensions
      self.content = content
    }
  }

  package var name: String
  /// How often each instance is asked, 1 or more.
  package var count: Int
  /// Rows of the request; 0 where the model has no row axis.
  package var batchSize: Int
  /// Empty takes zeros of the model's own shapes.
  package var inputs: [Input]

  package init(name: String, count: Int = 1, batchSize: Int = 0, inputs: [Input] = []) {
    self.name = name
    self.count = count
    self.batchSize = batchSize
    self.inputs = inputs
  }
}
