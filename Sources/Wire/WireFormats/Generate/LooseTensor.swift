import Inference

/// Reads a tensor of which the client says no shape: one element, a flat list, or arrays nested as deep
/// as the tensor or, where requests have rows, as one of its rows.
struct LooseTensor {
  let input: TensorDescription
  let hasRowAxis: Bool

  func read(_ scanner: inout JSONScanner) throws(InputProblem) -> Tensor {
    if input.holdsDocuments { return try NestedInput.readOne(&scanner, input) }
    var ahead = scanner
    guard scanner.peek() == UInt8(ascii: "[") else {
      try ahead.skipValue()
      let tensor = try readElement(&scanner)
      scanner.cursor = ahead.cursor
      return tensor
    }
    let lengths = try Self.lengths(&ahead)
    let shape = try shape(of: lengths)
    guard lengths.count > 1, let nested = TensorShape(lengths) else {
      return try elements(of: shape).read(&scanner)
    }
    // A row that came without its axis: the same elements under the shape with it.
    let tensor = try elements(of: nested).read(&scanner)
    return Tensor(datatype: tensor.datatype, shape: shape, storage: tensor.storage)
  }

  /// One element is read as a list of it, so that elements are read in one place.
  private func readElement(_ scanner: inout JSONScanner) throws(InputProblem) -> Tensor {
    let begin = scanner.cursor
    let shape = try shape(of: [1])
    try scanner.skipValue()
    let text =
      [UInt8(ascii: "[")] + UnsafeBufferPointer(start: begin, count: scanner.cursor - begin)
      + [UInt8(ascii: "]")]
    let depthMax = scanner.depthMax
    // Not by a throwing closure of the array's own: that would lose the error's type.
    return try text.span.withUnsafeBytes { (bytes) throws(InputProblem) in
      try JSONScanner.scanning(bytes, depthMax: depthMax) { (inner) throws(InputProblem) in
        try elements(of: shape).read(&inner)
      }
    }
  }

  private func elements(of shape: TensorShape) -> TensorElements {
    TensorElements(input: input.name, datatype: input.datatype, shape: shape)
  }

  /// The lengths of nested arrays, by the first array on each axis. The elements are checked against
  /// them when they are read.
  private static func lengths(_ scanner: inout JSONScanner) throws(InputProblem) -> [Int] {
    var count = 0
    var inner: [Int] = []
    try scanner.readArray { (scanner) throws(InputProblem) in
      if count == 0, scanner.peek() == UInt8(ascii: "[") {
        inner = try lengths(&scanner)
      } else {
        try scanner.skipValue()
      }
      count += 1
    }
    return [count] + inner
  }

  /// The shape that the input takes for arrays of these lengths.
  private func shape(of lengths: [Int]) throws(InputProblem) -> TensorShape {
    let row = hasRowAxis ? [1] + lengths : lengths
    for candidate in [lengths, row, fitted(lengths)] {
      if let candidate, let shape = TensorShape(candidate), input.admits(shape),
        shape.elementCount != nil
      {
        return shape
      }
    }
    throw .wrongShape(input: input.name, expected: input.metadataShape, got: lengths)
  }

  /// A flat list takes the shape of the input, whose one open length it decides; rows are 1.
  private func fitted(_ lengths: [Int]) -> [Int]? {
    guard lengths.count == 1, let count = lengths.first, !input.isShapeless else { return nil }
    var shape = input.metadataShape
    if hasRowAxis, shape.first == -1 { shape[0] = 1 }
    let open = shape.indices.filter { shape[$0] < 0 }
    guard open.count <= 1, let place = open.first else { return shape }
    let known = shape.reduce(1) {
      $1 < 0 ? $0 : $0.multipliedReportingOverflow(by: $1).partialValue
    }
    guard known > 0, count % known == 0 else { return nil }
    shape[place] = count / known
    return shape
  }
}
