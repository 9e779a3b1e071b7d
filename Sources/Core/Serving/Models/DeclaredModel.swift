import Inference

/// A loaded model behind the signature that its operator declared: fewer outputs, another order,
/// other shapes of the same elements.
///
/// Copies no tensor. Only where a declaration changes nothing that a run sees does an instance go
/// straight to the model.
final class DeclaredModel: ComputingModel {
  let signature: ModelSignature
  private let model: any ComputingModel
  private let ports: DeclaredPorts

  /// - Throws: with both sides in the sentence where the model is not as declared.
  init(
    _ model: any ComputingModel, as declared: DeclaredSignature
  ) throws(DeclaredSignature.Clash) {
    self.model = model
    (signature, ports) = try declared.ports(of: model)
  }

  var capabilities: ModelCapabilities { model.capabilities }
  var footprintByteCount: Int { model.footprintByteCount }
  var platformName: String { model.platformName }

  func makeInstance(stop: StopFlag) throws(RuntimeFault) -> any ModelInstance {
    let instance = try model.makeInstance(stop: stop)
    return ports.isPlain ? instance : DeclaredInstance(instance, ports)
  }
}

extension DeclaredSignature {
  /// What clients see of a model behind this declaration, and how the two go together.
  fileprivate func ports(
    of model: any LoadedModel
  ) throws(Clash) -> (signature: ModelSignature, ports: DeclaredPorts) {
    let signature = try completed(from: model.signature)
    return (signature, DeclaredPorts(self, signature: signature, model: model.signature))
  }
}

/// How places and shapes of a declaration and of its model go together.
struct DeclaredPorts: Sendable {
  /// One shape taken for another of the same elements, both without the row axis, -1 for any.
  struct Reshape: Sendable, Equatable {
    let from: [Int]
    let to: [Int]
  }

  /// Place in the declaration of each of the model's inputs.
  let inputs: [Int]
  /// Place in the model of each declared output.
  let outputs: [Int]
  /// By the place in the declaration; `nil` where both sides see the same.
  let inputShapes: [Reshape?]
  let outputShapes: [Reshape?]
  /// Axes before a declared shape: 1 where there are rows.
  let rowAxisCount: Int
  /// Places in the declaration of what is given where nothing is named.
  let standardOutputs: [Int]
  /// A run is the same for both.
  let isPlain: Bool

  init(_ declared: DeclaredSignature, signature: ModelSignature, model: ModelSignature) {
    // Every declared name is in the model, and every input of the model in the signature.
    inputs = model.inputs.compactMap { signature.inputIndex(named: $0.name) }
    outputs = signature.outputs.compactMap { model.outputIndex(named: $0.name) }
    inputShapes = signature.inputs.map { input in
      let tensor = declared.inputs.first { $0.name == input.name }
      return tensor.flatMap { tensor in
        tensor.modelDimensions.map { Reshape(from: tensor.dimensions, to: $0) }
      }
    }
    outputShapes = signature.outputs.map { output in
      let tensor = declared.outputs.first { $0.name == output.name }
      return tensor.flatMap { tensor in
        tensor.modelDimensions.map { Reshape(from: $0, to: tensor.dimensions) }
      }
    }
    rowAxisCount = signature.hasRowAxis ? 1 : 0
    standardOutputs = signature.outputs.indices.filter { !signature.outputs[$0].isOnRequest }
    isPlain =
      inputs == Array(model.inputs.indices) && outputs == Array(model.outputs.indices)
      && standardOutputs == model.outputs.indices.filter { !model.outputs[$0].isOnRequest }
      && inputShapes.allSatisfy { $0 == nil } && outputShapes.allSatisfy { $0 == nil }
  }

  /// The same bytes in the other shape, whose open lengths are those of the first in their order;
  /// `nil` where the tensor is not of the first shape.
  func reshaped(_ tensor: Tensor, _ reshape: Reshape) -> Tensor? {
    let given = tensor.shape.array
    guard given.count == rowAxisCount + reshape.from.count else { return nil }
    var open = zip(given.dropFirst(rowAxisCount), reshape.from).filter { $0.1 < 0 }.map(\.0)[...]
    var lengths = Array(given.prefix(rowAxisCount))
    for length in reshape.to {
      guard let next = length < 0 ? open.popFirst() : length else { return nil }
      lengths.append(next)
    }
    guard let shape = TensorShape(lengths), shape.elementCount == tensor.shape.elementCount
    else { return nil }
    return Tensor(
      datatype: tensor.datatype, shape: shape, storage: tensor.storage,
      byteOffset: tensor.byteOffset, byteCount: tensor.byteCount)
  }
}

/// One caller of a model behind its declaration.
private final class DeclaredInstance: ModelInstance {
  private let instance: any ModelInstance
  private let ports: DeclaredPorts

  init(_ instance: any ModelInstance, _ ports: DeclaredPorts) {
    self.instance = instance
    self.ports = ports
  }

  func run(_ batch: RunBatch, emit: (RunPart) -> Void) throws(RuntimeFault) {
    let inner = try ports.inner(batch)
    try instance.run(inner) { part in
      for part in ports.outer(part, of: batch) { emit(part) }
    }
  }
}

/// The same of a model that answers from elsewhere.
final class DeclaredWaitingModel: WaitingModel {
  let signature: ModelSignature
  private let model: any WaitingModel
  private let ports: DeclaredPorts

  /// - Throws: with both sides in the sentence where the model is not as declared.
  init(
    _ model: any WaitingModel, as declared: DeclaredSignature
  ) throws(DeclaredSignature.Clash) {
    self.model = model
    (signature, ports) = try declared.ports(of: model)
  }

  var capabilities: ModelCapabilities { model.capabilities }
  var footprintByteCount: Int { model.footprintByteCount }
  var platformName: String { model.platformName }
  var obstacle: String? { model.obstacle }
  var runsMax: Int? { model.runsMax }
  var runsPerInstance: Int { model.runsPerInstance }

  func start(
    _ batch: RunBatch, stop: StopFlag,
    completion: @escaping @Sendable (Result<[RunPart], RuntimeFault>) -> Void
  ) {
    if isForModel(batch) { return model.start(batch, stop: stop, completion: completion) }
    start(batch, completion) { [ports] inner in
      model.start(inner, stop: stop) { outcome in
        completion(outcome.map { $0.flatMap { ports.outer($0, of: batch) } })
      }
    }
  }

  func start(
    _ batch: RunBatch, stop: StopFlag, emit: @escaping @Sendable (RunPart) -> Void,
    completion: @escaping @Sendable (Result<[RunPart], RuntimeFault>) -> Void
  ) {
    if isForModel(batch) {
      return model.start(batch, stop: stop, emit: emit, completion: completion)
    }
    start(batch, completion) { [ports] inner in
      model.start(inner, stop: stop) { part in
        for part in ports.outer(part, of: batch) { emit(part) }
      } completion: { outcome in
        completion(outcome.map { $0.flatMap { ports.outer($0, of: batch) } })
      }
    }
  }

  /// Whether the model takes it as it is: methods are not declared.
  private func isForModel(_ batch: RunBatch) -> Bool { ports.isPlain || batch.method > 0 }

  private func start(
    _ batch: RunBatch, _ completion: (Result<[RunPart], RuntimeFault>) -> Void,
    _ begin: (RunBatch) -> Void
  ) {
    do throws(RuntimeFault) {
      begin(try ports.inner(batch))
    } catch {
      completion(.failure(error))
    }
  }
}

extension DeclaredPorts {
  /// The run as the model sees it.
  fileprivate func inner(_ batch: RunBatch) throws(RuntimeFault) -> RunBatch {
    var inner = batch
    inner.inputs = []
    for place in inputs {
      guard let tensor = batch.inputs[place], let reshape = inputShapes[place] else {
        inner.inputs.append(batch.inputs[place])
        continue
      }
      guard let reshaped = reshaped(tensor, reshape) else {
        throw RuntimeFault(
          code: .invalidArgument,
          message: "the shape \(tensor.shape) cannot be taken as \(reshape.to)")
      }
      inner.inputs.append(reshaped)
    }
    inner.outputs = wanted(of: batch).map { outputs[$0] }
    inner.outputMemory = PlacedMemory(memory: batch.outputMemory, places: outputs)
    return inner
  }

  /// The declared outputs that the run is to give.
  private func wanted(of batch: RunBatch) -> [Int] {
    batch.outputs.isEmpty ? standardOutputs : batch.outputs
  }

  /// A part in the declared shapes; where it has none of them, each of its rows fails.
  fileprivate func outer(_ part: RunPart, of batch: RunBatch) -> [RunPart] {
    guard case .outputs(let rows, let tensors) = part else { return [part] }
    var shaped: [Tensor] = []
    for (place, tensor) in zip(wanted(of: batch), tensors) {
      guard let reshape = outputShapes[place] else {
        shaped.append(tensor)
        continue
      }
      guard let reshaped = reshaped(tensor, reshape) else {
        let fault = RuntimeFault(
          code: .failed, message: "the shape \(tensor.shape) cannot be given as \(reshape.to)")
        return rows.map { .failed(row: $0, fault) }
      }
      shaped.append(reshaped)
    }
    return [.outputs(rows: rows, shaped)]
  }
}

/// The caller's memory, by the model's places.
private struct PlacedMemory: TensorMemory {
  let memory: any TensorMemory
  /// Place in the model of each declared output.
  let places: [Int]

  func storage(forOutput index: Int, byteCount: Int) -> TensorStorage {
    guard let place = places.firstIndex(of: index) else {
      return TensorStorage(byteCount: byteCount)
    }
    return memory.storage(forOutput: place, byteCount: byteCount)
  }
}
