package import Inference

/// Triton's `identity` backend: every output is the input of the same place, the same bytes in the
/// same memory.
///
/// What it takes and gives is what its configuration says, as nothing else could. It shows what a
/// server costs without a model, and is the stand-in where a client or a graph is tried.
package struct IdentityLoader: ModelLoader {
  package let runtimeName = "identity"
  private let declared: DeclaredSignature?
  private let delayMilliseconds: Int

  /// `delayMilliseconds`: how long a run takes, 0 or more; Triton's `execute_delay_ms`.
  package init(declared: DeclaredSignature?, delayMilliseconds: Int = 0) {
    self.declared = declared
    self.delayMilliseconds = delayMilliseconds
  }

  package func load(
    _ source: ModelSource, options: RuntimeOptions
  ) throws(RuntimeFault) -> any LoadedModel {
    let signature = try DeclaredModel.signature(declared, of: runtimeName)
    guard signature.inputs.count == signature.outputs.count else {
      throw Self.invalid(
        "\(signature.inputs.count) inputs and \(signature.outputs.count) outputs are declared; "
          + "each output is one input, so there must be as many")
    }
    for (input, output) in zip(signature.inputs, signature.outputs) {
      guard input.datatype == output.datatype, input.dimensions == output.dimensions else {
        throw Self.invalid(
          "output \(output.name) is declared otherwise than the input \(input.name) that it is")
      }
    }
    return IdentityModel(signature, delayMilliseconds: delayMilliseconds)
  }

  package func leavesNoThread(options: RuntimeOptions) -> Bool { true }

  private static func invalid(_ message: String) -> RuntimeFault {
    RuntimeFault(code: .invalidModel, message: message)
  }
}

/// An identity that is loaded: nothing but its signature.
private final class IdentityModel: ComputingModel {
  let signature: ModelSignature
  let capabilities: ModelCapabilities
  let footprintByteCount = 0
  let platformName = "identity"
  private let delayMilliseconds: Int

  init(_ signature: ModelSignature, delayMilliseconds: Int) {
    self.signature = signature
    self.delayMilliseconds = delayMilliseconds
    var capabilities = ModelCapabilities()
    capabilities.isBatchInvariant = true
    capabilities.isDeclaredCheap = delayMilliseconds == 0
    self.capabilities = capabilities
  }

  func makeInstance(stop: StopFlag) throws(RuntimeFault) -> any ModelInstance {
    IdentityInstance(delayMilliseconds: delayMilliseconds, stop: stop)
  }
}

/// Gives back what it is given.
private final class IdentityInstance: ModelInstance {
  private let delayMilliseconds: Int
  private let stop: StopFlag

  init(delayMilliseconds: Int, stop: StopFlag) {
    self.delayMilliseconds = delayMilliseconds
    self.stop = stop
  }

  func run(_ batch: RunBatch, emit: (RunPart) -> Void) throws(RuntimeFault) {
    if delayMilliseconds > 0 { try Pause.wait(milliseconds: delayMilliseconds, unless: stop) }
    var outputs: [Tensor] = []
    outputs.reserveCapacity(batch.inputs.count)
    if batch.outputs.isEmpty {
      for place in batch.inputs.indices { outputs.append(try Self.input(place, of: batch)) }
    } else {
      for place in batch.outputs { outputs.append(try Self.input(place, of: batch)) }
    }
    emit(.outputs(rows: 0..<batch.rowCount, outputs))
  }

  private static func input(_ place: Int, of batch: RunBatch) throws(RuntimeFault) -> Tensor {
    guard batch.inputs.indices.contains(place), let tensor = batch.inputs[place] else {
      throw RuntimeFault(
        code: .invalidArgument, message: "output \(place) is an input that was not given")
    }
    return tensor
  }
}
