import Inference

/// One caller of a pipeline: columns of its own, through which each run's rows pass block by block.
///
/// A run allocates nothing but what its answer lies in; beyond that only strings in the answer and
/// rows that fail cost memory.
final class TabularInstance: ModelInstance {
  private let pipeline: TabularPipeline
  private let memory: ColumnMemory
  private let stop: StopFlag
  /// Where the next row's string begins, for inputs of strings.
  private var textOffsets: [Int]
  /// Where the answer goes, by wanted output; `nil` for strings. Empty between runs.
  private var storages: [TensorStorage?] = []
  /// Strings of the answer so far, by wanted output; empty for other kinds.
  private var texts: [[UInt8]] = []

  init(_ pipeline: TabularPipeline, stop: StopFlag) {
    self.pipeline = pipeline
    self.stop = stop
    memory = pipeline.makeMemory()
    textOffsets = [Int](repeating: 0, count: pipeline.inputs.count)
  }

  func run(_ batch: RunBatch, emit: (RunPart) -> Void) throws(RuntimeFault) {
    let rowCount = try checkedRowCount(batch)
    defer { storages.removeAll(keepingCapacity: true) }
    prepare(batch, rowCount: rowCount)
    for first in stride(from: 0, to: rowCount, by: pipeline.blockRowCount) {
      if stop.isRaised {
        throw RuntimeFault(code: .stopped, message: "the run was told to stop")
      }
      let count = min(pipeline.blockRowCount, rowCount - first)
      memory.firstRow = first
      try fillInputs(batch, first: first, count: count)
      for step in pipeline.steps { step.run(memory, rowCount: count) }
      collect(batch, first: first, count: count)
    }
    let answer = tensors(batch, rowCount: rowCount)
    if memory.failures.isEmpty {
      emit(.outputs(rows: 0..<batch.rowCount, answer))
    } else {
      try emitApart(answer, rowCount: rowCount, emit)
    }
  }

  private static func invalid(_ words: String) -> RuntimeFault {
    RuntimeFault(code: .invalidArgument, message: words)
  }
}

// MARK: - Inputs

extension TabularInstance {
  /// What the door has checked is checked again where a mistake would let a step read beyond an end.
  private func checkedRowCount(_ batch: RunBatch) throws(RuntimeFault) -> Int {
    guard batch.inputs.count == pipeline.inputs.count else {
      throw Self.invalid(
        "\(pipeline.inputs.count) inputs are needed, \(batch.inputs.count) came")
    }
    for (place, index) in batch.outputs.enumerated() {
      guard pipeline.outputs.indices.contains(index), !batch.outputs[..<place].contains(index)
      else { throw Self.invalid("output \(index) is wanted twice, or is not one of this model's") }
    }
    var rowCount: Int?
    for (index, port) in pipeline.inputs.enumerated() {
      let name = port.description.name
      guard let tensor = batch.inputs[index] else {
        throw Self.invalid("input '\(name)' is missing")
      }
      let shape = tensor.shape
      guard tensor.datatype == port.description.datatype, shape.rank == port.column.shape.rank,
        (1..<shape.rank).allSatisfy({ shape[$0] == port.column.shape.rowLengths[$0 - 1] })
      else {
        throw Self.invalid(
          "input '\(name)' came as \(tensor.datatype.name) of shape \(tensor.shape)")
      }
      guard rowCount == nil || rowCount == shape[0] else {
        throw Self.invalid("input '\(name)' has \(shape[0]) rows, another has \(rowCount ?? 0)")
      }
      rowCount = shape[0]
    }
    guard let rowCount, !pipeline.signature.hasRowAxis || rowCount == batch.rowCount else {
      throw Self.invalid("\(batch.rowCount) rows were announced, \(rowCount ?? 0) came")
    }
    return rowCount
  }

  private func fillInputs(
    _ batch: RunBatch, first: Int, count: Int
  ) throws(RuntimeFault) {
    for (index, port) in pipeline.inputs.enumerated() {
      guard let bytes = batch.inputs[index]?.hostBytes else {
        throw Self.invalid("input '\(port.description.name)' is not in the host's memory")
      }
      if port.column.kind == .string {
        try fillTexts(bytes, input: index, port, count: count)
        continue
      }
      let rowByteCount = port.rowByteCount
      let part = bytes[first * rowByteCount..<(first + count) * rowByteCount]
      let column = UnsafeMutableRawBufferPointer(
        start: memory.base(port.column.place), count: part.count)
      column.copyMemory(from: UnsafeRawBufferPointer(rebasing: part))
      if port.column.kind == .bool { Self.normalise(column) }
    }
  }

  /// Any other number than 0 is true, and 1 is how truths are computed with.
  private static func normalise(_ truths: UnsafeMutableRawBufferPointer) {
    for place in truths.indices where truths[place] > 1 { truths[place] = 1 }
  }

  /// Finds the block's strings, each after its length of four bytes.
  private func fillTexts(
    _ bytes: UnsafeRawBufferPointer, input: Int, _ port: TabularPort, count: Int
  ) throws(RuntimeFault) {
    let slots = memory.elements(port.column.place, as: TextSlot.self)
    var offset = textOffsets[input]
    for element in 0..<count * port.column.shape.width {
      guard bytes.count - offset >= 4 else { throw cutOff(port) }
      let length = Int(
        UInt32(littleEndian: bytes.loadUnaligned(fromByteOffset: offset, as: UInt32.self)))
      offset += 4
      guard length <= bytes.count - offset else { throw cutOff(port) }
      slots[element] = TextSlot(start: bytes.baseAddress.map { $0 + offset }, count: length)
      offset += length
    }
    textOffsets[input] = offset
  }

  private func cutOff(_ port: TabularPort) -> RuntimeFault {
    Self.invalid("input '\(port.description.name)' has fewer strings than its shape says")
  }
}

// MARK: - Outputs

extension TabularInstance {
  private func wanted(_ batch: RunBatch, _ place: Int) -> Int {
    batch.outputs.isEmpty ? place : batch.outputs[place]
  }

  private func wantedCount(_ batch: RunBatch) -> Int {
    batch.outputs.isEmpty ? pipeline.outputs.count : batch.outputs.count
  }

  /// Takes memory for outputs whose size is known, and forgets what the last run left.
  private func prepare(_ batch: RunBatch, rowCount: Int) {
    memory.beginRun()
    for index in textOffsets.indices { textOffsets[index] = 0 }
    let count = wantedCount(batch)
    while texts.count < count { texts.append([]) }
    for place in 0..<count {
      let index = wanted(batch, place)
      let port = pipeline.outputs[index]
      texts[place].removeAll(keepingCapacity: true)
      storages.append(
        port.column.kind == .string
          ? nil
          : batch.outputMemory.storage(
            forOutput: index, byteCount: rowCount * port.rowByteCount))
    }
  }

  /// Copies the block's answers out of the columns.
  private func collect(_ batch: RunBatch, first: Int, count: Int) {
    for place in storages.indices {
      let port = pipeline.outputs[wanted(batch, place)]
      guard let storage = storages[place] else {
        encode(port.column, count: count, into: &texts[place])
        continue
      }
      guard let start = storage.hostBytesForFilling?.baseAddress else { continue }
      (start + first * port.rowByteCount).copyMemory(
        from: memory.base(port.column.place), byteCount: count * port.rowByteCount)
    }
  }

  /// Adds a block's strings, each after its length of four bytes.
  private func encode(_ column: Column, count: Int, into text: inout [UInt8]) {
    let slots = memory.elements(column.place, as: TextSlot.self)
    for element in 0..<count * column.shape.width {
      withUnsafeBytes(of: UInt32(slots[element].count).littleEndian) {
        text.append(contentsOf: $0)
      }
      text.append(contentsOf: slots[element].bytes)
    }
  }

  private func tensors(_ batch: RunBatch, rowCount: Int) -> [Tensor] {
    var tensors: [Tensor] = []
    tensors.reserveCapacity(storages.count)
    for place in storages.indices {
      let index = wanted(batch, place)
      let port = pipeline.outputs[index]
      tensors.append(
        Tensor(
          datatype: port.column.kind.datatype, shape: port.shape(rowCount: rowCount),
          storage: storages[place] ?? textStorage(batch, place, index)))
    }
    return tensors
  }

  private func textStorage(_ batch: RunBatch, _ place: Int, _ index: Int) -> TensorStorage {
    let storage = batch.outputMemory.storage(forOutput: index, byteCount: texts[place].count)
    texts[place].withUnsafeBytes { encoded in
      if encoded.count > 0 { storage.hostBytesForFilling?.copyMemory(from: encoded) }
    }
    return storage
  }

  /// Gives the rows that failed their reasons, and those between them their answers.
  private func emitApart(
    _ answer: [Tensor], rowCount: Int, _ emit: (RunPart) -> Void
  ) throws(RuntimeFault) {
    let failures = memory.failures.sorted { $0.row < $1.row }
    guard pipeline.signature.hasRowAxis else {
      throw Self.invalid("row \(failures[0].row): \(failures[0].why)")
    }
    var next = 0
    for (row, why) in failures + [(rowCount, "")] {
      if row > next { emit(.outputs(rows: next..<row, answer.map { $0.part(next..<row) })) }
      if row < rowCount { emit(.failed(row: row, Self.invalid(why))) }
      next = row + 1
    }
  }
}

extension Tensor {
  /// Some rows over the same bytes, of strings too.
  fileprivate func part(_ range: Range<Int>) -> Tensor {
    guard datatype == .bytes else { return rows(range) }
    let rowWidth = shape[0] == 0 ? 0 : elementCount / shape[0]
    var (element, offset) = (0, 0)
    var bounds = (start: 0, end: 0)
    _ = forEachByteString { text in
      if element == range.lowerBound * rowWidth { bounds.start = offset }
      offset += 4 + text.count
      element += 1
      if element == range.upperBound * rowWidth { bounds.end = offset }
    }
    var lengths = shape
    lengths[0] = range.count
    return Tensor(
      datatype: .bytes, shape: lengths, storage: storage, byteOffset: byteOffset + bounds.start,
      byteCount: bounds.end - bounds.start)
  }
}
