package import Inference
package import Synchronization

/// A model for tests: gives back its inputs, waits at a gate, or fails, as it was told.
package final class FakeModel: ComputingModel {
  package enum Behaviour: Sendable {
    /// Outputs are the inputs themselves.
    case identity
    /// The same, once the gate is open or the run was told to stop.
    case gated(Gate)
    /// Waits at the gate and does not look at its stop flag.
    case stuck(Gate)
    case failing(RuntimeFault)
    /// Answers several parts.
    case repeating(Int)
  }

  package let signature: ModelSignature
  package let capabilities: ModelCapabilities
  package let footprintByteCount = 1_000
  package let platformName = "fake"
  private let behaviour: Behaviour
  /// Runs that have started.
  package let startedCount = Atomic<Int>(0)

  package init(
    _ behaviour: Behaviour = .identity, isCheap: Bool = false,
    signature: ModelSignature = .oneRow()
  ) {
    self.behaviour = behaviour
    self.signature = signature
    var capabilities = ModelCapabilities()
    capabilities.isDeclaredCheap = isCheap
    if case .repeating = behaviour { capabilities.isDecoupled = true }
    self.capabilities = capabilities
  }

  package func makeInstance(stop: StopFlag) throws(RuntimeFault) -> any ModelInstance {
    Instance(model: self, stop: stop)
  }

  private final class Instance: ModelInstance {
    let model: FakeModel
    let stop: StopFlag

    init(model: FakeModel, stop: StopFlag) {
      self.model = model
      self.stop = stop
    }

    func run(_ batch: RunBatch, emit: (RunPart) -> Void) throws(RuntimeFault) {
      model.startedCount.add(1, ordering: .sequentiallyConsistent)
      let outputs = batch.inputs.compactMap { $0 }
      switch model.behaviour {
      case .identity: break
      case .gated(let gate):
        gate.pass { self.stop.isRaised }
        if stop.isRaised { throw RuntimeFault(code: .stopped, message: "told to stop") }
      case .stuck(let gate): gate.pass { false }
      case .failing(let fault): throw fault
      case .repeating(let count):
        for _ in 1..<count { emit(.outputs(rows: 0..<batch.rowCount, outputs)) }
      }
      emit(.outputs(rows: 0..<batch.rowCount, outputs))
    }
  }
}

/// Loads fake models.
package struct FakeLoader: ModelLoader {
  package let runtimeName = "fake"
  private let make: @Sendable () throws(RuntimeFault) -> any LoadedModel

  package init(_ make: @escaping @Sendable () throws(RuntimeFault) -> any LoadedModel) {
    self.make = make
  }

  package func load(
    _ source: ModelSource, options: RuntimeOptions
  ) throws(RuntimeFault) -> any LoadedModel { try make() }
}

extension ModelSignature {
  /// `INPUT0` to `OUTPUT0`, FP32 of any length.
  package static func oneRow() -> ModelSignature {
    ModelSignature(
      inputs: [
        TensorDescription(name: "INPUT0", datatype: .float32, dimensions: [.any(name: nil)])
      ],
      outputs: [
        TensorDescription(name: "OUTPUT0", datatype: .float32, dimensions: [.any(name: nil)])
      ], hasRowAxis: false)
  }
}
