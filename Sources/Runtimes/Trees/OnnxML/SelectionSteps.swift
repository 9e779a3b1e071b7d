/// Some elements of each row, in an order of their own: `Gather`, `ArrayFeatureExtractor`, `Slice`.
struct PickStep<Element: BitwiseCopyable>: PipelineStep {
  let source: Int
  let sourceWidth: Int
  let picks: [Int]
  let result: Int

  @_specialize(where Element == UInt32)
  @_specialize(where Element == UInt64)
  @_specialize(where Element == TextSlot)
  func run(_ memory: ColumnMemory, rowCount: Int) {
    let source = memory.elements(source, as: Element.self)
    let result = memory.elements(result, as: Element.self)
    picks.withUnsafeBufferPointer { picks in
      for row in 0..<rowCount {
        for (place, pick) in picks.enumerated() {
          result[row * picks.count + place] = source[row * sourceWidth + pick]
        }
      }
    }
  }
}

/// Rows of several values as one: `Concat`.
struct JoinStep: PipelineStep {
  struct Part: Sendable {
    let place: Int
    /// 0 for a constant.
    let rowByteStride: Int
    /// Bytes that lie together, and how many such runs a row has.
    let runByteCount: Int
    /// Where in the result's row the first of them goes.
    let offset: Int
  }

  let parts: [Part]
  let runCount: Int
  /// Bytes from one run of a part to its next in the result.
  let runByteStride: Int
  let result: Int

  func run(_ memory: ColumnMemory, rowCount: Int) {
    let result = memory.base(result)
    let rowByteCount = runCount * runByteStride
    for part in parts {
      let source = memory.base(part.place)
      for row in 0..<rowCount {
        for run in 0..<runCount {
          (result + row * rowByteCount + run * runByteStride + part.offset).copyMemory(
            from: source + row * part.rowByteStride + run * part.runByteCount,
            byteCount: part.runByteCount)
        }
      }
    }
  }
}

/// An element of a constant by its number, which a column holds: class labels by `ArgMax`'s answer.
struct LookupStep<Element: BitwiseCopyable>: PipelineStep {
  let constant: Int
  let constantCount: Int
  let indices: Int
  let width: Int
  let result: Int

  @_specialize(where Element == UInt32)
  @_specialize(where Element == UInt64)
  @_specialize(where Element == TextSlot)
  func run(_ memory: ColumnMemory, rowCount: Int) {
    let constant = memory.elements(constant, as: Element.self)
    let indices = memory.elements(indices, as: Int64.self)
    let result = memory.elements(result, as: Element.self)
    for place in 0..<rowCount * width {
      let index = indices[place] < 0 ? indices[place] &+ Int64(constantCount) : indices[place]
      if index >= 0 && index < constantCount {
        result[place] = constant[Int(index)]
      } else {
        result[place] = constant[0]
        memory.fail(place / max(width, 1), "element \(index) of \(constantCount) was asked for")
      }
    }
  }
}
