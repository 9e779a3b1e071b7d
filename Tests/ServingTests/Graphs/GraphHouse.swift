import Batching
import Inference
import Synchronization
import TestSupport
import Testing

@testable import Serving

/// A server with models that do as they are told, and graphs over them.
final class GraphHouse: Sendable {
  let server: InferenceServer
  let entrance: Entrance
  let workshop: GraphWorkshop

  init(limits: GraphLimits = GraphLimits(), resources: [ResourceSupply]? = nil) {
    var settings = ServingSettings(coreCount: 2)
    settings.resources = resources
    server = InferenceServer(settings: settings, loopCount: 0, observer: RecordingObserver())
    entrance = server.makeEntrance(isEventLoop: false)
    workshop = GraphWorkshop(server: server, workerCount: 1, limits: limits) {
      (step, settings) throws(BuiltInProblem) in
      guard step == .scaler else { throw BuiltInProblem("only scaler is here") }
      return Doubling(name: settings["name"]?.first ?? "x")
    }
  }

  deinit {
    server.shutDown()
    workshop.shutDown()
  }

  func load(
    _ name: String, _ model: StepModel, instances: Int = 2, in groups: [InstanceGroup] = []
  ) throws {
    var specification = ModelSpecification(
      name: name, source: .file(path: name), loader: FakeLoader { model })
    specification.instanceCount = instances
    specification.scheduling.instances = groups
    try server.load(specification)
  }

  func load(
    graph name: String, _ description: GraphDescription, rowsMax: Int? = nil,
    in groups: [InstanceGroup] = []
  ) throws(ServerFault) {
    var specification = ModelSpecification(
      name: name, source: .file(path: name),
      loader: workshop.loader(of: description, named: name, rowsMax: rowsMax))
    specification.scheduling.instances = groups
    try server.load(specification)
  }

  func submit(
    _ inputs: [Tensor?], to name: String = "g", id: String = "r", parameters: [Parameter] = [],
    outputs: [Int] = [], deadline: Instant = .distantFuture, timeout: UInt64 = 0
  ) throws -> (sink: RecordingSink, handle: RequestHandle) {
    var context = RequestContext(
      id: id, caller: Caller(name: "a"), dialect: .embedded, arrival: MonotonicClock.now(),
      deadline: deadline)
    context.timeoutNanoseconds = timeout
    let sink = RecordingSink()
    let request = InferenceRequest(
      context: context,
      body: .tensors(TensorRequest(inputs: inputs, outputs: outputs, parameters: parameters)))
    let handle = entrance.submit(
      request, to: try entrance.lease(ModelAddress(name: name)), sink: sink)
    return (sink, handle)
  }

  /// The values of the first output, once they are there.
  func ask(
    _ values: [Float], of name: String = "g", id: String = "r", parameters: [Parameter] = []
  ) throws -> [Float]? {
    let sink = try submit([row(values)], to: name, id: id, parameters: parameters).sink
    #expect(eventually { !sink.ends.isEmpty })
    return sink.parts.first?.outputs.first?.tensor.elements(as: Float.self)
  }
}

func row(_ values: [Float]) -> Tensor {
  Tensor(values, datatype: .float32, shape: [values.count])
}

/// A built-in step that needs no photo: every number twice.
private struct Doubling: BuiltInWork {
  let name: String
  var inputNames: [String] { [name] }
  var optionalInputNames: Set<String> { [] }
  var outputNames: [String] { ["y"] }
  var isBrief: Bool { false }

  func outputs(of inputs: [TensorDescription?]) throws(BuiltInProblem) -> [TensorDescription] {
    guard let input = inputs[0], input.datatype == .float32 else {
      throw BuiltInProblem("it takes FP32")
    }
    return [input]
  }

  func run(_ inputs: [Tensor?]) throws(InferenceFailure) -> [Tensor] {
    guard let input = inputs[0] else { return [] }
    return [
      Tensor(
        input.elements(as: Float.self).map { $0 * 2 }, datatype: .float32, shape: input.shape)
    ]
  }
}

/// A model for graphs: gives what a function makes of its inputs, and remembers these.
final class StepModel: ComputingModel {
  typealias Body = @Sendable ([Tensor?]) throws(RuntimeFault) -> [Tensor]

  let signature: ModelSignature
  let gate: Gate?
  private let body: Body
  private let heard = Guarded<[[Tensor?]]>([])

  init(_ signature: ModelSignature = .floats, gate: Gate? = nil, _ body: @escaping Body) {
    self.signature = signature
    self.gate = gate
    self.body = body
  }

  /// Adds a number to each of its.
  static func adding(_ number: Float, gate: Gate? = nil) -> StepModel {
    StepModel(gate: gate) { inputs in
      guard let input = inputs[0] else { return [] }
      return [
        Tensor(
          input.elements(as: Float.self).map { $0 + number }, datatype: .float32,
          shape: input.shape)
      ]
    }
  }

  /// Fails so often, and then adds a number.
  static func failing(_ count: Int = .max, thenAdding number: Float = 0) -> StepModel {
    let left = Guarded(count)
    return StepModel { inputs throws(RuntimeFault) in
      let isFailing = left.withLock { left in
        left -= 1
        return left >= 0
      }
      if isFailing { throw RuntimeFault(code: .failed, message: "as told") }
      return [row((inputs[0]?.elements(as: Float.self) ?? []).map { $0 + number })]
    }
  }

  var capabilities: ModelCapabilities { ModelCapabilities() }
  var footprintByteCount: Int { 1 }
  var platformName: String { "step" }
  var runs: [[Tensor?]] { heard.withLock { $0 } }

  func makeInstance(stop: StopFlag) throws(RuntimeFault) -> any ModelInstance {
    Instance(model: self, stop: stop)
  }

  private final class Instance: ModelInstance {
    let model: StepModel
    let stop: StopFlag

    init(model: StepModel, stop: StopFlag) {
      self.model = model
      self.stop = stop
    }

    func run(_ batch: RunBatch, emit: (RunPart) -> Void) throws(RuntimeFault) {
      model.heard.withLock { $0.append(batch.inputs) }
      model.gate?.pass { stop.isRaised }
      if stop.isRaised { throw RuntimeFault(code: .stopped, message: "told to stop") }
      let all = try model.body(batch.inputs)
      let outputs = batch.outputs.isEmpty ? all : batch.outputs.map { all[$0] }
      emit(.outputs(rows: 0..<batch.rowCount, outputs))
    }
  }
}

extension ModelSignature {
  /// `x` to `y`, FP32 of any length.
  static var floats: ModelSignature { floats(rank: 1) }

  static func floats(
    rank: Int, hasRowAxis: Bool = false, input: Datatype = .float32, output: Datatype = .float32
  ) -> ModelSignature {
    let dimensions = [Dimension](repeating: .any(name: nil), count: rank)
    return ModelSignature(
      inputs: [TensorDescription(name: "x", datatype: input, dimensions: dimensions)],
      outputs: [TensorDescription(name: "y", datatype: output, dimensions: dimensions)],
      hasRowAxis: hasRowAxis)
  }
}

extension GraphDescription {
  /// From `IN` to `OUT`, FP32 of any length each.
  static func floats(_ steps: [Step], input: [Int] = [-1], output: [Int] = [-1]) -> Self {
    GraphDescription(
      inputs: [DeclaredTensor(name: "IN", datatype: .float32, dimensions: input)],
      outputs: [DeclaredTensor(name: "OUT", datatype: .float32, dimensions: output)], steps: steps)
  }
}

extension GraphDescription.Step {
  /// Asks a model, `x` bound to one tensor and `y` to another.
  static func model(
    _ name: String, _ input: String, _ output: String, _ change: (inout Self) -> Void = { _ in }
  ) -> Self {
    work(name, .model(ModelAddress(name: name)), input, output, change)
  }

  static func work(
    _ name: String, _ work: GraphDescription.Work, _ input: String, _ output: String,
    _ change: (inout Self) -> Void = { _ in }
  ) -> Self {
    var step = Self(
      name: name, work: work, inputs: [.init(port: "x", tensor: input)],
      outputs: [.init(port: "y", tensor: output)])
    change(&step)
    return step
  }
}
