import COnnxRuntime
import Inference
import Synchronization

/// One caller of an ONNX model.
///
/// Inputs are read where the request's tensors lie; outputs whose shape is known before the run are
/// written where the batch wants them; others lie where the library put them, and live as long as
/// their tensors do. So nothing is copied here but strings, sequences and maps.
final class OnnxInstance: ModelInstance {
  private let model: OnnxModel
  private let run: OnnxRun
  private let stop: StopFlag
  /// Outputs in memory that the batch chose, by place of the wanted one; empty between runs.
  private var prepared: [Tensor?] = []

  init(_ model: OnnxModel, stop: StopFlag) throws(RuntimeFault) {
    self.model = model
    self.stop = stop
    run = try OnnxRun(model.session)
    let switchOff = run.stopSwitch
    stop.observe { switchOff.set($0) }
    // Raised before we listened: the observer heard nothing of it.
    if stop.isRaised { switchOff.set(true) }
  }

  deinit { stop.stopObserving() }

  func run(_ batch: RunBatch, emit: (RunPart) -> Void) throws(RuntimeFault) {
    let outputs: [Tensor]
    do {
      outputs = try compute(batch)
    } catch {
      throw stop.isRaised ? Self.stopped : error
    }
    emit(.outputs(rows: 0..<batch.rowCount, outputs))
  }

  private static let stopped = RuntimeFault(code: .stopped, message: "the run was told to stop")

  private func compute(_ batch: RunBatch) throws(RuntimeFault) -> [Tensor] {
    if stop.isRaised { throw Self.stopped }
    defer { run.clear() }
    try check(batch)
    try bindInputs(batch.inputs)
    let count = batch.outputs.isEmpty ? model.outputs.count : batch.outputs.count
    defer { prepared.removeAll(keepingCapacity: true) }
    try execute(batch, wantedCount: count)
    var tensors: [Tensor] = []
    tensors.reserveCapacity(count)
    for place in 0..<count {
      if let tensor = prepared[place] {
        tensors.append(tensor)
      } else {
        tensors.append(try read(place, of: batch))
      }
    }
    return tensors
  }

  /// What the door has checked of a request is checked again where a mistake would let the library
  /// read beyond a tensor's end.
  private func check(_ batch: RunBatch) throws(RuntimeFault) {
    guard batch.inputs.count == model.inputs.count else {
      throw Self.invalid("\(model.inputs.count) inputs are needed, \(batch.inputs.count) came")
    }
    for (place, index) in batch.outputs.enumerated() {
      guard model.outputs.indices.contains(index), !batch.outputs[..<place].contains(index) else {
        throw Self.invalid("output \(index) is wanted twice, or is not one of this model's")
      }
    }
  }

  private func bindInputs(_ inputs: [Tensor?]) throws(RuntimeFault) {
    for (index, port) in model.inputs.enumerated() {
      guard let tensor = inputs[index] else {
        throw Self.invalid("input '\(port.description.name)' is missing")
      }
      guard tensor.datatype == port.description.datatype else {
        throw Self.invalid(
          "input '\(port.description.name)' is of datatype \(port.description.datatype.name), "
            + "\(tensor.datatype.name) came")
      }
      try run.addInput(tensor, named: port.description.name, elementType: port.elementType)
    }
  }

  /// Runs with prepared outputs; where the model declared a shape that it does not give, runs once
  /// more and leaves the outputs to the library.
  private func execute(_ batch: RunBatch, wantedCount: Int) throws(RuntimeFault) {
    let trusts = model.trustsDeclaredShapes.load(ordering: .relaxed)
    try prepareOutputs(batch, wantedCount: wantedCount, trustsShapes: trusts)
    do {
      try run.execute(outputCount: wantedCount)
    } catch {
      guard trusts, OnnxMessage.tellsOfWrongShape(error.message), !stop.isRaised else {
        throw error
      }
      model.trustsDeclaredShapes.store(false, ordering: .relaxed)
      run.clearOutputs()
      prepared.removeAll(keepingCapacity: true)
      try prepareOutputs(batch, wantedCount: wantedCount, trustsShapes: false)
      try run.execute(outputCount: wantedCount)
    }
  }

  private func prepareOutputs(
    _ batch: RunBatch, wantedCount: Int, trustsShapes: Bool
  ) throws(RuntimeFault) {
    for place in 0..<wantedCount {
      let index = batch.outputs.isEmpty ? place : batch.outputs[place]
      let output = model.outputs[index]
      guard trustsShapes, let (shape, byteCount) = output.expected(for: batch.inputs) else {
        run.addOutput(index)
        prepared.append(nil)
        continue
      }
      let tensor = Tensor(
        datatype: output.port.description.datatype, shape: shape,
        storage: batch.outputMemory.storage(forOutput: index, byteCount: byteCount))
      try run.addOutput(index, into: tensor, elementType: output.port.elementType)
      prepared.append(tensor)
    }
  }

  /// The tensor that the library made for the wanted output at this place.
  private func read(_ place: Int, of batch: RunBatch) throws(RuntimeFault) -> Tensor {
    let index = batch.outputs.isEmpty ? place : batch.outputs[place]
    let reader = OnnxValueReader(
      session: model.session, port: model.outputs[index].port,
      memory: { batch.outputMemory.storage(forOutput: index, byteCount: $0) })
    let value = try run.takeOutput(place)
    if let alias = try reader.alias(of: value, among: batch.inputs) { return alias }
    return try reader.tensor(of: value)
  }

  private static func invalid(_ message: String) -> RuntimeFault {
    RuntimeFault(code: .invalidArgument, message: message)
  }
}
