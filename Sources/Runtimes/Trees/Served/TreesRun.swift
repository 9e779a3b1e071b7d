import Inference

/// One run: makes the outputs of its rows out of their margins.
struct TreesRun {
  let served: TreesModel
  let engine: RowEngine
  let rowCount: Int
  /// Within those that the model has.
  let rounds: Range<Int>
  let stop: StopFlag

  private var model: TabularModel { served.model }

  /// Trees that count, of all outputs.
  var treeCount: Int {
    guard case .trees(let ensemble) = model.predictor else { return 0 }
    return rounds.count * ensemble.sum.treesPerRound
  }

  /// Turns some rows' margins into predictions where they lie; for models with a prediction for each
  /// margin.
  func transform<Margin: TransformedValue>(_ values: UnsafeMutableBufferPointer<Margin>) {
    let transform = model.transform
    if transform.kind == .identity { return }
    let width = served.outputCount
    for row in 0..<values.count / width {
      Margin.apply(
        transform,
        to: UnsafeMutableBufferPointer(rebasing: values[row * width..<(row + 1) * width]))
    }
  }

  /// Fills one output; `margins` are read only, and empty where it needs none.
  func write<Input: TreeScalar, Margin: TransformedValue>(
    _ output: TabularOutput, of rows: UnsafeBufferPointer<Input>,
    margins: UnsafeMutableBufferPointer<Margin>, into memory: UnsafeMutableRawBufferPointer
  ) {
    switch output.content {
    case .leaves:
      engine.leaves(
        of: rows, rowCount: rowCount, into: memory.bindMemory(to: Int32.self), rounds: rounds)
    case .contributions: contributions(of: rows, into: memory.bindMemory(to: Margin.self))
    case .prediction, .classPlace, .probabilities, .margin:
      switch output.datatype {
      case .int64: values(output.content, margins) { memory.store(Int64($0), $1) }
      case .float32: values(output.content, margins) { memory.store(Float($0), $1) }
      default: values(output.content, margins) { memory.store(Double($0), $1) }
      }
    }
  }

  /// A few rows at a time, as each may take milliseconds; ends early once the run is told to stop.
  private func contributions<Input: TreeScalar, Margin: TransformedValue>(
    of rows: UnsafeBufferPointer<Input>, into memory: UnsafeMutableBufferPointer<Margin>
  ) {
    let width = served.outputCount * (served.featureCount + 1)
    var start = 0
    while start < rowCount, !stop.isRaised {
      let end = min(start + Self.explainedRowsPerStep, rowCount)
      engine.contributions(
        of: UnsafeBufferPointer(
          rebasing: rows[start * served.featureCount..<end * served.featureCount]),
        rowCount: end - start,
        into: UnsafeMutableBufferPointer(rebasing: memory[start * width..<end * width]),
        rounds: rounds)
      start = end
    }
  }

  private static let explainedRowsPerStep = 8

  /// Calls `put` with each value of an output and its place.
  private func values<Margin: TransformedValue>(
    _ content: TabularOutput.Content, _ margins: UnsafeMutableBufferPointer<Margin>,
    _ put: (Margin, Int) -> Void
  ) {
    let width = served.outputCount
    withUnsafeTemporaryAllocation(of: Margin.self, capacity: width) { row in
      for index in 0..<rowCount {
        for output in 0..<width { row[output] = margins[index * width + output] }
        switch content {
        case .prediction:
          Margin.apply(model.transform, to: row)
          let count = model.predictionCount
          for place in 0..<count { put(row[place], index * count + place) }
        case .probabilities:
          probabilities(row)
          let count = width == 1 ? 2 : width
          if width == 1 { put(1 - row[0], index * count) }
          for place in 0..<width { put(row[place], index * count + count - width + place) }
        case .classPlace(let threshold):
          put(classPlace(row, above: Margin(threshold)), index)
        case .margin: for place in 0..<width { put(row[place], index * width + place) }
        case .leaves, .contributions: break
        }
      }
    }
  }

  /// A model that says the class has probabilities, too.
  private func probabilities<Margin: TransformedValue>(_ row: UnsafeMutableBufferPointer<Margin>) {
    var transform = model.transform
    if transform.kind == .classIndex { transform.kind = .softmax }
    Margin.apply(transform, to: row)
  }

  private func classPlace<Margin: TransformedValue>(
    _ row: UnsafeMutableBufferPointer<Margin>, above threshold: Margin
  ) -> Margin {
    guard row.count > 1 else {
      Margin.apply(model.transform, to: row)
      return row[0] > threshold ? 1 : 0
    }
    var largest = 0
    for place in row.indices where row[place] > row[largest] { largest = place }
    return Margin(largest)
  }
}

/// Values that a transform turns into predictions.
protocol TransformedValue: TreeScalar {
  static var datatype: Datatype { get }
  static func apply(_ transform: OutputTransform, to row: UnsafeMutableBufferPointer<Self>)
}

extension Float: TransformedValue {
  static var datatype: Datatype { .float32 }
  static func apply(_ transform: OutputTransform, to row: UnsafeMutableBufferPointer<Float>) {
    transform.apply(to: row)
  }
}

extension Double: TransformedValue {
  static var datatype: Datatype { .float64 }
  static func apply(_ transform: OutputTransform, to row: UnsafeMutableBufferPointer<Double>) {
    transform.apply(to: row)
  }
}

extension UnsafeMutableRawBufferPointer {
  fileprivate func store<Element: BitwiseCopyable>(_ value: Element, _ place: Int) {
    storeBytes(of: value, toByteOffset: place * MemoryLayout<Element>.size, as: Element.self)
  }
}
