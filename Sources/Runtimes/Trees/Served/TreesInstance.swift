import Inference

/// One caller of a model of trees.
///
/// A run allocates nothing but its outputs, once the memory for margins has grown to the largest run.
final class TreesInstance: ModelInstance {
  private let model: TreesModel
  private let stop: StopFlag
  private let engine: RowEngine
  /// Margins of a run that are not an output as they are.
  private var margins = TensorStorage(byteCount: 0)

  /// Rows that are computed between two looks at the stop flag, and that a thread takes at a time: those
  /// that pass the trees together with AVX-512.
  private static let rowsPerStep = 512

  init(_ model: TreesModel, stop: StopFlag) {
    self.model = model
    self.stop = stop
    engine = RowEngine(model.model, model.computer)
  }

  func run(_ batch: RunBatch, emit: (RunPart) -> Void) throws(RuntimeFault) {
    let bytes = try rows(of: batch)
    if stop.isRaised { throw Self.stopped }
    let asked =
      batch.parameters.isEmpty
      ? nil : try RoundsParameter.rounds(in: batch.parameters, of: model.model)
    let run = TreesRun(
      served: model, engine: engine, rowCount: batch.rowCount,
      rounds: asked ?? 0..<model.model.defaultRounds, stop: stop)
    switch (model.inputDatatype, model.marginDatatype) {
    case (.float32, .float32): try compute(batch, bytes, run, Float.self, Float.self, emit)
    case (.float32, _): try compute(batch, bytes, run, Float.self, Double.self, emit)
    case (_, .float32): try compute(batch, bytes, run, Double.self, Float.self, emit)
    default: try compute(batch, bytes, run, Double.self, Double.self, emit)
    }
  }

  /// The bytes of the rows, once it is sure that the batch is one of this model.
  private func rows(of batch: RunBatch) throws(RuntimeFault) -> UnsafeRawBufferPointer {
    guard batch.inputs.count == 1, let input = batch.inputs[0] else {
      throw Self.invalid("it has one input, which must be given")
    }
    guard input.datatype == model.inputDatatype, input.shape.rank == 2,
      input.shape[0] == batch.rowCount, input.shape[1] == model.featureCount
    else {
      throw Self.invalid(
        "its input is \(model.inputDatatype.name) of shape [\(batch.rowCount),\(model.featureCount)], "
          + "and not \(input.datatype.name) of shape \(input.shape)")
    }
    for place in batch.outputs where !model.outputs.indices.contains(place) {
      throw Self.invalid("it has no output \(place)")
    }
    guard let bytes = input.hostBytes else {
      throw Self.invalid("its input is not in the host's memory")
    }
    return bytes
  }

  private static func invalid(_ message: String) -> RuntimeFault {
    RuntimeFault(code: .invalidArgument, message: message)
  }

  private func compute<Input: TreeScalar, Margin: TransformedValue>(
    _ batch: RunBatch, _ bytes: UnsafeRawBufferPointer, _ run: TreesRun, _: Input.Type,
    _: Margin.Type, _ emit: (RunPart) -> Void
  ) throws(RuntimeFault) {
    let rows = bytes.bindMemory(to: Input.self)
    let places = batch.outputs.isEmpty ? Self.standard : batch.outputs
    // The usual run: its one output is made where its margins were.
    if places.count == 1, model.outputs[places[0]].isMargins(of: model.model, Margin.datatype) {
      let output = try storage(for: places[0], batch, run)
      guard let memory = output.storage.hostBytesForFilling?.bindMemory(to: Margin.self) else {
        throw Self.unwritable
      }
      let isPrediction = model.outputs[places[0]].content == .prediction
      try margins(of: rows, run, into: memory, areTransformed: isPrediction)
      return emit(.outputs(rows: 0..<batch.rowCount, [output]))
    }
    let margins = try self.margins(of: rows, run, places, Margin.self)
    var tensors: [Tensor] = []
    tensors.reserveCapacity(places.count)
    for place in places {
      let tensor = try storage(for: place, batch, run)
      guard let memory = tensor.storage.hostBytesForFilling else { throw Self.unwritable }
      run.write(model.outputs[place], of: rows, margins: margins, into: memory)
      if stop.isRaised { throw Self.stopped }
      tensors.append(tensor)
    }
    emit(.outputs(rows: 0..<batch.rowCount, tensors))
  }

  /// Margins where an output is made of them, in memory of the instance.
  private func margins<Input: TreeScalar, Margin: TransformedValue>(
    of rows: UnsafeBufferPointer<Input>, _ run: TreesRun, _ places: [Int], _: Margin.Type
  ) throws(RuntimeFault) -> UnsafeMutableBufferPointer<Margin> {
    let isNeeded = places.contains { model.outputs[$0].needsMargins }
    let count = isNeeded ? run.rowCount * model.outputCount : 0
    let byteCount = count * MemoryLayout<Margin>.size
    if margins.byteCount < byteCount { margins = TensorStorage(byteCount: byteCount) }
    guard let memory = margins.hostBytesForFilling else { throw Self.unwritable }
    let values = UnsafeMutableRawBufferPointer(rebasing: memory[..<byteCount])
      .bindMemory(to: Margin.self)
    if isNeeded { try margins(of: rows, run, into: values, areTransformed: false) }
    return values
  }

  /// Part by part, on several threads where the model has them and the run is large.
  private func margins<Input: TreeScalar, Margin: TransformedValue>(
    of rows: UnsafeBufferPointer<Input>, _ run: TreesRun,
    into memory: UnsafeMutableBufferPointer<Margin>, areTransformed: Bool
  ) throws(RuntimeFault) {
    let (columns, outputs) = (model.featureCount, model.outputCount)
    let partCount = (run.rowCount + Self.rowsPerStep - 1) / Self.rowsPerStep
    func compute(_ part: Int, _ engine: RowEngine) {
      if stop.isRaised { return }
      let first = part * Self.rowsPerStep
      let end = min(first + Self.rowsPerStep, run.rowCount)
      let found = UnsafeMutableBufferPointer(
        rebasing: memory[first * outputs..<end * outputs])
      engine.margins(
        of: UnsafeBufferPointer(rebasing: rows[first * columns..<end * columns]),
        rowCount: end - first, into: found, rounds: run.rounds)
      if areTransformed { run.transform(found) }
    }
    let isShared =
      partCount > 1 && run.rowCount * run.treeCount >= RowThreads.walksMin
      && model.threads?.run(partCount: partCount, engine: engine, compute) ?? false
    if !isShared {
      for part in 0..<partCount { compute(part, engine) }
    }
    if stop.isRaised { throw Self.stopped }
  }

  /// An output's tensor, to be filled.
  private func storage(
    for place: Int, _ batch: RunBatch, _ run: TreesRun
  ) throws(RuntimeFault) -> Tensor {
    let output = model.outputs[place]
    var shape: TensorShape = [batch.rowCount]
    for length in output.rowLengths { _ = shape.append(length ?? run.treeCount) }
    let size = output.datatype.elementByteCount ?? 0
    guard let count = shape.elementCount, count < .max / 8 else {
      throw RuntimeFault(code: .invalidArgument, message: "the output would be too large")
    }
    return Tensor(
      datatype: output.datatype, shape: shape,
      storage: batch.outputMemory.storage(forOutput: place, byteCount: count * size))
  }

  /// The prediction.
  private static let standard = [0]
  private static let stopped = RuntimeFault(
    code: .stopped, message: "the run was told to stop")
  private static let unwritable = RuntimeFault(
    code: .failed, message: "the memory for an output is not the host's")
}

extension TabularOutput {
  var needsMargins: Bool {
    switch content {
    case .prediction, .classPlace, .probabilities, .margin: true
    case .leaves, .contributions: false
    }
  }

  /// Whether it lies in memory as the margins do, so that they can be computed right there.
  func isMargins(of model: TabularModel, _ datatype: Datatype) -> Bool {
    guard self.datatype == datatype else { return false }
    switch content {
    case .margin: return true
    case .prediction: return model.predictionCount == model.outputCount
    case .classPlace, .probabilities, .leaves, .contributions: return false
    }
  }
}
