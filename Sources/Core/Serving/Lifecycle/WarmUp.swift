package import Inference

/// A request that a version answers at its load, before anybody else's: what its runtime sets up at a
/// first run of such a shape is then done.
package struct WarmUp: Sendable {
  /// One input of the request.
  package struct Input: Sendable {
    package let name: String
    package let datatype: Datatype
    /// The whole shape, rows included.
    package let shape: [Int]
    package let content: Content

    package init(name: String, datatype: Datatype, shape: [Int], content: Content) {
      self.name = name
      self.datatype = datatype
      self.shape = shape
      self.content = content
    }
  }

  /// What an input holds.
  package enum Content: Sendable {
    case zeros
    /// The same at every load.
    case random
    /// The bytes of a file, as they lie there.
    case file(path: String)
  }

  /// Names it in messages.
  package let name: String
  package let rowCount: Int
  /// How often it is asked, 1 or more.
  package let count: Int
  package let inputs: [Input]

  package init(name: String, rowCount: Int, count: Int = 1, inputs: [Input]) {
    self.name = name
    self.rowCount = max(1, rowCount)
    self.count = max(1, count)
    self.inputs = inputs
  }
}
