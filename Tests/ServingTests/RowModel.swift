import Inference
import Serving
import Synchronization
import TestSupport

/// A model whose rows are independent: doubles each value, and can be told to misbehave.
final class RowModel: ComputingModel {
  struct Run: Sendable {
    let rowCount: Int
    let shapes: [[Int]]
    let inputs: [[Float]]
  }

  let signature: ModelSignature
  let capabilities: ModelCapabilities
  let footprintByteCount = 1
  let platformName = "rows"
  /// Held up here before each run.
  let gate: Gate
  /// The only first value that is held up there; `nil` holds up every run.
  let heldValue: Float?
  /// A batch with this value fails as a whole.
  let poison: Float
  /// A row with this value fails alone.
  let badRow: Float
  /// The stop flag was seen raised, in so many runs.
  let stoppedCount = Atomic<Int>(0)
  private let noted = Guarded<[Run]>([])

  init(
    signature: ModelSignature = RowModel.vectors, gate: Gate? = nil, heldValue: Float? = nil,
    poison: Float = -1,
    badRow: Float = -2, change: (inout ModelCapabilities) -> Void = { _ in }
  ) {
    self.signature = signature
    self.gate = gate ?? Gate()
    if gate == nil { self.gate.open() }
    self.heldValue = heldValue
    self.poison = poison
    self.badRow = badRow
    var capabilities = ModelCapabilities()
    change(&capabilities)
    self.capabilities = capabilities
  }

  var runs: [Run] { noted.withLock { $0 } }

  /// Rows of any length, whose answers have that length too.
  static let vectors = ModelSignature(
    inputs: [TensorDescription(name: "X", datatype: .float32, dimensions: open)],
    outputs: [TensorDescription(name: "Y", datatype: .float32, dimensions: open)],
    hasRowAxis: true)

  /// The same beside a mask.
  static let masked = ModelSignature(
    inputs: [
      TensorDescription(name: "X", datatype: .float32, dimensions: open),
      TensorDescription(name: "MASK", datatype: .float32, dimensions: open),
    ], outputs: [TensorDescription(name: "Y", datatype: .float32, dimensions: open)],
    hasRowAxis: true)

  /// Strings in, strings out.
  static let strings = ModelSignature(
    inputs: [TensorDescription(name: "X", datatype: .bytes, dimensions: [.any(name: nil)])],
    outputs: [TensorDescription(name: "Y", datatype: .bytes, dimensions: [.any(name: nil)])],
    hasRowAxis: true)

  private static let open: [Dimension] = [.any(name: "rows"), .any(name: "length")]

  func makeInstance(stop: StopFlag) throws(RuntimeFault) -> any ModelInstance {
    Instance(model: self, stop: stop)
  }

  private final class Instance: ModelInstance {
    let model: RowModel
    let stop: StopFlag

    init(model: RowModel, stop: StopFlag) {
      self.model = model
      self.stop = stop
    }

    func run(_ batch: RunBatch, emit: (RunPart) -> Void) throws(RuntimeFault) {
      let inputs = batch.inputs.compactMap { $0 }
      let run = Run(
        rowCount: batch.rowCount, shapes: inputs.map(\.shape.array),
        inputs: inputs.map { $0.datatype == .float32 ? $0.elements(as: Float.self) : [] })
      model.noted.withLock { $0.append(run) }
      if model.heldValue == nil || run.inputs.first?.first == model.heldValue {
        model.gate.pass { self.stop.isRaised }
      }
      if stop.isRaised {
        model.stoppedCount.add(1, ordering: .relaxed)
        throw RuntimeFault(code: .stopped, message: "told to stop")
      }
      guard let input = inputs.first else { return }
      try answer(input, rowCount: batch.rowCount, emit: emit)
    }

    private func answer(
      _ input: Tensor, rowCount: Int, emit: (RunPart) -> Void
    ) throws(RuntimeFault) {
      guard input.datatype == .float32 else { return emit(.outputs(rows: 0..<rowCount, [input])) }
      let values = input.elements(as: Float.self)
      if values.contains(model.poison) {
        throw RuntimeFault(code: .invalidArgument, message: "poison")
      }
      let width = max(1, values.count / max(1, rowCount))
      for row in 0..<rowCount where values[row * width] == model.badRow {
        emit(.failed(row: row, RuntimeFault(code: .failed, message: "bad row")))
      }
      let doubled = Tensor(values.map { $0 * 2 }, datatype: .float32, shape: input.shape)
      emit(.outputs(rows: 0..<rowCount, [doubled]))
    }
  }
}
