/// A range of memory that a client shares with us, by the name under which it registered it.
package struct RegionSpan: Sendable, Equatable {
  package var region: String
  /// From the region's beginning.
  package var byteOffset: Int
  package var byteCount: Int

  package init(region: String, byteOffset: Int = 0, byteCount: Int) {
    self.region = region
    self.byteOffset = byteOffset
    self.byteCount = byteCount
  }
}

/// An input whose bytes lie in such a range: what was declared of it, already checked against the
/// signature, until the bytes are there.
package struct RegionInput: Sendable {
  package let inputIndex: Int
  package let name: String
  package let datatype: Datatype
  package let shape: TensorShape
  package let span: RegionSpan
  /// The input itself, where the bytes are to be converted to its datatype.
  package let target: TensorDescription?

  package init(
    inputIndex: Int, name: String, datatype: Datatype, shape: TensorShape, span: RegionSpan,
    target: TensorDescription? = nil
  ) {
    self.target = target
    self.inputIndex = inputIndex
    self.name = name
    self.datatype = datatype
    self.shape = shape
    self.span = span
  }
}
