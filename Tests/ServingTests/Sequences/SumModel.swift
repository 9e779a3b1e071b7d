import Inference
import Serving
import Synchronization
import TestSupport

/// Adds what a sequence is given to its state, and tells what it was told.
final class SumModel: ComputingModel {
  struct Run: Sendable {
    let rowCount: Int
    let values: [Int32]
    let starts: [Int32]
    let ends: [Int32]
    let readies: [Int32]
    let ids: [String]
    let states: [Int32]
  }

  let signature: ModelSignature
  let capabilities = ModelCapabilities()
  let footprintByteCount = 1
  let platformName = "sums"
  let gate: Gate
  /// A run with this value fails.
  static let poison: Int32 = -99
  private let noted = Guarded<[Run]>([])

  init(hasRows: Bool = true, idDatatype: Datatype = .bytes, gate: Gate? = nil) {
    let rows: [Dimension] = hasRows ? [.any(name: "rows"), .fixed(1)] : [.fixed(1)]
    func tensor(_ name: String, _ datatype: Datatype = .int32) -> TensorDescription {
      TensorDescription(name: name, datatype: datatype, dimensions: rows)
    }
    signature = ModelSignature(
      inputs: [
        tensor("START"), tensor("X"), tensor("END"), tensor("READY"), tensor("ID", idDatatype),
        tensor("STATE_IN"),
      ], outputs: [tensor("STATE_OUT"), tensor("Y")], hasRowAxis: hasRows)
    self.gate = gate ?? Gate()
    if gate == nil { self.gate.open() }
  }

  var runs: [Run] { noted.withLock { $0 } }

  func makeInstance(stop: StopFlag) throws(RuntimeFault) -> any ModelInstance {
    Instance(model: self, stop: stop)
  }

  private final class Instance: ModelInstance {
    let model: SumModel
    let stop: StopFlag

    init(model: SumModel, stop: StopFlag) {
      self.model = model
      self.stop = stop
    }

    func run(_ batch: RunBatch, emit: (RunPart) -> Void) throws(RuntimeFault) {
      func numbers(_ place: Int) -> [Int32] {
        batch.inputs[place]?.elements(as: Int32.self) ?? []
      }
      let id = batch.inputs[4]
      let run = Run(
        rowCount: batch.rowCount, values: numbers(1), starts: numbers(0), ends: numbers(2),
        readies: numbers(3),
        ids: id.map { $0.datatype == .bytes ? $0.strings : numbers(4).map(String.init) } ?? [],
        states: numbers(5))
      model.noted.withLock { $0.append(run) }
      model.gate.pass { self.stop.isRaised }
      if run.values.contains(SumModel.poison) {
        throw RuntimeFault(code: .failed, message: "poison")
      }
      let sums = zip(run.values, run.states).map { $0 + $1 }
      guard let shape = batch.inputs[1]?.shape else { return }
      let sum = Tensor(sums, datatype: .int32, shape: shape)
      let wanted = batch.outputs.isEmpty ? [0, 1] : batch.outputs
      emit(.outputs(rows: 0..<batch.rowCount, wanted.map { _ in sum }))
    }
  }
}
