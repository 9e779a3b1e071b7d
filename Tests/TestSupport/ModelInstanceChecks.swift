package import Inference
import Synchronization
import Testing

/// What every model that computes must keep to, whatever runtime it comes from; called by the tests
/// of each runtime with a batch that the model can answer.
package func checkModelInstance(_ model: any ComputingModel, answers batch: RunBatch) throws {
  try checkRows(model, batch)
  try checkWantedOutputs(model, batch)
  try checkOutputMemory(model, batch)
  try checkRepeatability(model, batch)
  try checkStopping(model, batch)
  try checkBadInputs(model, batch)
}

/// The outputs of a run that emits all rows at once; records an issue where it does not.
package func outputs(
  of instance: any ModelInstance, for batch: RunBatch
) throws(RuntimeFault) -> [Tensor] {
  var rows: [Int] = []
  var answers: [[Tensor]] = []
  try instance.run(batch) { part in
    switch part {
    case .outputs(let range, let tensors):
      rows += Array(range)
      answers.append(tensors)
    case .failed(let row, let fault): Issue.record("row \(row) failed: \(fault)")
    case .again(let row, _): Issue.record("row \(row) is not finished")
    case .done(let row): Issue.record("row \(row) is done more than once")
    }
  }
  #expect(rows == Array(0..<batch.rowCount), "each row is answered once")
  #expect(answers.count == 1, "all rows are answered together")
  return answers.first ?? []
}

/// Output memory that notes what was asked of it.
package final class RecordingMemory: TensorMemory {
  package struct Request: Sendable, Equatable {
    package let output: Int
    package let byteCount: Int

    package init(output: Int, byteCount: Int) {
      self.output = output
      self.byteCount = byteCount
    }
  }

  private let noted = Guarded<[Request]>([])

  package init() {}

  package var requests: [Request] { noted.withLock { $0 } }

  package func storage(forOutput index: Int, byteCount: Int) -> TensorStorage {
    noted.withLock { $0.append(Request(output: index, byteCount: byteCount)) }
    return TensorStorage(byteCount: byteCount)
  }
}

private func checkRows(_ model: any ComputingModel, _ batch: RunBatch) throws {
  let tensors = try outputs(of: model.makeInstance(stop: StopFlag()), for: batch)
  #expect(tensors.count == model.signature.outputs.count { !$0.isOnRequest })
  for (tensor, declared) in zip(tensors, model.signature.outputs) {
    #expect(tensor.datatype == declared.datatype, "\(declared.name)")
    #expect(declared.admits(tensor.shape), "\(declared.name) came with shape \(tensor.shape)")
    if model.signature.hasRowAxis { #expect(tensor.shape[0] == batch.rowCount) }
  }
}

private func checkWantedOutputs(_ model: any ComputingModel, _ batch: RunBatch) throws {
  let instance = try model.makeInstance(stop: StopFlag())
  let all = try outputs(of: instance, for: batch)
  var reversed = batch
  reversed.outputs = all.indices.reversed()
  #expect(bytes(of: try outputs(of: instance, for: reversed)) == bytes(of: all).reversed())
  for index in all.indices {
    var one = batch
    one.outputs = [index]
    #expect(bytes(of: try outputs(of: instance, for: one)) == [bytes(of: all)[index]])
  }
}

private func checkOutputMemory(_ model: any ComputingModel, _ batch: RunBatch) throws {
  let memory = RecordingMemory()
  var noted = batch
  noted.outputMemory = memory
  let tensors = try outputs(of: model.makeInstance(stop: StopFlag()), for: noted)
  #expect(Set(memory.requests.map(\.output)).count == memory.requests.count, "once per output")
  for request in memory.requests {
    #expect(tensors[request.output].byteCount == request.byteCount)
  }
}

/// Two instances, and one instance twice, give the same bits; answers outlive instance and run.
private func checkRepeatability(_ model: any ComputingModel, _ batch: RunBatch) throws {
  let first = try model.makeInstance(stop: StopFlag())
  let earlier = try outputs(of: first, for: batch)
  let before = bytes(of: earlier)
  let second = try model.makeInstance(stop: StopFlag())
  #expect(bytes(of: try outputs(of: second, for: batch)) == before)
  #expect(bytes(of: try outputs(of: first, for: batch)) == before)
  #expect(bytes(of: earlier) == before, "a later run leaves an earlier answer alone")
}

private func checkStopping(_ model: any ComputingModel, _ batch: RunBatch) throws {
  let stop = StopFlag()
  let instance = try model.makeInstance(stop: stop)
  stop.raise()
  expectFault(.stopped, of: instance, for: batch)
  stop.lower()
  _ = try outputs(of: instance, for: batch)
  let raised = StopFlag()
  raised.raise()
  expectFault(.stopped, of: try model.makeInstance(stop: raised), for: batch)
}

/// A wrong batch is a fault of that run, and the next run is as good as any.
private func checkBadInputs(_ model: any ComputingModel, _ batch: RunBatch) throws {
  let instance = try model.makeInstance(stop: StopFlag())
  let good = bytes(of: try outputs(of: instance, for: batch))
  for bad in spoiled(batch, for: model.signature) {
    expectFault(.invalidArgument, of: instance, for: bad)
    #expect(bytes(of: try outputs(of: instance, for: batch)) == good)
  }
}

private func spoiled(_ batch: RunBatch, for signature: ModelSignature) -> [RunBatch] {
  var none = batch
  none.inputs = []
  var many = batch
  many.inputs.append(batch.inputs.first ?? nil)
  var unknown = batch
  unknown.outputs = [signature.outputs.count]
  var all = [none, many, unknown]
  for (index, input) in signature.inputs.enumerated() {
    if !input.isOptional { all.append(replacing(index, of: batch, by: nil)) }
    let other: Datatype = input.datatype == .uint8 ? .int8 : .uint8
    let shape = batch.inputs[index]?.shape ?? []
    let wrong = Tensor(
      datatype: other, shape: shape, storage: TensorStorage(byteCount: shape.elementCount ?? 0))
    all.append(replacing(index, of: batch, by: wrong))
    if let tensor = batch.inputs[index], !input.isShapeless, let deeper = deepened(tensor) {
      all.append(replacing(index, of: batch, by: deeper))
    }
  }
  return all
}

private func replacing(_ index: Int, of batch: RunBatch, by tensor: Tensor?) -> RunBatch {
  var changed = batch
  changed.inputs[index] = tensor
  return changed
}

/// The same elements under one axis more than the model takes.
private func deepened(_ tensor: Tensor) -> Tensor? {
  guard let shape = TensorShape(tensor.shape.array + [1]) else { return nil }
  return Tensor(
    datatype: tensor.datatype, shape: shape, storage: tensor.storage,
    byteOffset: tensor.byteOffset, byteCount: tensor.byteCount)
}

private func expectFault(
  _ code: RuntimeFault.Code, of instance: any ModelInstance, for batch: RunBatch
) {
  var parts = 0
  let fault = #expect(throws: RuntimeFault.self) { try instance.run(batch) { _ in parts += 1 } }
  #expect(fault?.code == code, "\(fault?.message ?? "")")
  #expect(parts == 0)
}

private func bytes(of tensors: [Tensor]) -> [[UInt8]] {
  tensors.map { $0.elements(as: UInt8.self) }
}
