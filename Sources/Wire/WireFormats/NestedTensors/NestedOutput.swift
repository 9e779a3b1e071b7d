import Inference

/// An output that is to be written as nested JSON arrays.
struct NestedOutput: Sendable {
  let name: String
  let tensor: Tensor
  /// Room for all of it, brackets included.
  let byteCountMax: Int
  /// Where each string of a `BYTES` tensor lies.
  private let strings: [Range<Int>]
  private let isBase64: Bool
  private let isDocument: Bool

  /// Strings are written as text; as base64 where the name ends with `_bytes`, as TensorFlow Serving
  /// has it, or where one of them is no text.
  ///
  /// - Parameter isDocument: they are JSON, and written as they are.
  init(_ output: NamedTensor, isDocument: Bool = false) throws(InferenceFailure) {
    guard !output.tensor.shape.hasTooManyEmptyRows else {
      throw .unsupported(
        .other("output `\(output.name)` as nested JSON: its rows without elements are too many"))
    }
    name = output.name
    tensor = output.tensor
    let lengths = output.tensor.shape.array
    var places: [Range<Int>] = []
    var isText = !output.name.hasSuffix("_bytes")
    var byteCount = NestedBrackets.byteCountMax(lengths)
    if output.tensor.datatype == .bytes {
      guard let bytes = output.tensor.hostBytes, let base = bytes.baseAddress else {
        throw .unsupported(.other("output `\(output.name)` as JSON: it is in a device's memory"))
      }
      _ = output.tensor.forEachByteString { element in
        let start = element.baseAddress.map { $0 - base } ?? 0
        places.append(start..<start + element.count)
        isText = isText && UTF8Text.isWellFormed(element)
        byteCount += max(
          JSONEscaping.escapedByteCount(of: element) + 3,
          Base64.encodedByteCount(of: element.count) + 12)
      }
      guard places.count == output.tensor.elementCount else {
        throw .runtimeFailed(
          RuntimeFault(code: .failed, message: "output \(output.name) has a wrong length"))
      }
    } else {
      byteCount += try TensorText.byteCountMax(of: output.tensor, output: output.name)
    }
    strings = places
    isBase64 = !isText
    self.isDocument = isDocument && isText
    byteCountMax = byteCount
  }

  /// Whether axis 0 counts this many rows.
  func hasRows(_ count: Int) -> Bool { tensor.shape.rank > 0 && tensor.shape[0] == count }

  func write(to output: inout JSONOutput) {
    write(0..<tensor.elementCount, tensor.shape.array[...], to: &output)
  }

  /// Writes one step along axis 0, which there is.
  func write(row: Int, to output: inout JSONOutput) {
    let lengths = tensor.shape.array
    let count = lengths[0] == 0 ? 0 : tensor.elementCount / lengths[0]
    write(row * count..<(row + 1) * count, lengths.dropFirst(), to: &output)
  }

  private func write(
    _ elements: Range<Int>, _ lengths: ArraySlice<Int>, to output: inout JSONOutput
  ) {
    let brackets = NestedBrackets(lengths)
    for row in 0..<brackets.rowCount {
      brackets.open(row, &output)
      let start = elements.lowerBound + row * brackets.rowLength
      write(flat: start..<start + brackets.rowLength, to: &output)
      brackets.close(row, &output)
    }
  }

  private func write(flat elements: Range<Int>, to output: inout JSONOutput) {
    guard let bytes = tensor.hostBytes, !elements.isEmpty else { return }
    if let size = tensor.datatype.elementByteCount {
      let range = elements.lowerBound * size..<elements.upperBound * size
      output.writeElements(of: UnsafeRawBufferPointer(rebasing: bytes[range]), tensor.datatype)
      return
    }
    for index in elements {
      if index > elements.lowerBound { output.write(raw: ",") }
      let element = UnsafeRawBufferPointer(rebasing: bytes[strings[index]])
      if isDocument {
        output.write(raw: element)
      } else if isBase64 {
        output.write(base64: element)
      } else {
        output.write(utf8: element)
      }
    }
  }
}

/// Where the brackets of nested arrays stand between innermost rows.
struct NestedBrackets {
  /// Innermost arrays, and the elements of each; one row of one element where there are no axes.
  let rowCount: Int
  let rowLength: Int
  /// How many innermost rows an array of each level has, outermost first.
  private let spans: [Int]

  init(_ lengths: ArraySlice<Int>) {
    // Nothing is inside an array without elements, so that the levels end there.
    let levels = lengths.firstIndex(of: 0).map { lengths[...$0] } ?? lengths
    guard let last = levels.last else {
      (rowCount, rowLength, spans) = (1, 1, [])
      return
    }
    rowLength = last
    var spans = [1]
    for length in levels.dropLast().reversed() { spans.append(spans[spans.count - 1] * length) }
    rowCount = spans[spans.count - 1]
    self.spans = spans.reversed()
  }

  func open(_ row: Int, _ output: inout JSONOutput) {
    if row > 0 { output.write(raw: ",") }
    for span in spans where row % span == 0 { output.write(raw: "[") }
  }

  func close(_ row: Int, _ output: inout JSONOutput) {
    for span in spans where (row + 1) % span == 0 { output.write(raw: "]") }
  }

  /// Two brackets and a comma for each array.
  static func byteCountMax(_ lengths: [Int]) -> Int {
    var arrays = 1
    var count = 3
    for length in lengths {
      count += 3 * arrays
      arrays *= length
    }
    return count
  }
}
