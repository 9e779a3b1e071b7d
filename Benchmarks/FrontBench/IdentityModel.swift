import Inference

/// Gives back what it was given: what is left is the cost of everything around a model.
struct IdentityLoader: ModelLoader {
  var runtimeName: String { "identity" }

  func load(_ source: ModelSource, options: RuntimeOptions) throws(RuntimeFault) -> any LoadedModel
  {
    IdentityModel()
  }
}

final class IdentityModel: ComputingModel {
  let signature = ModelSignature(
    inputs: [.init(name: "INPUT", datatype: .float32, dimensions: [], isShapeless: true)],
    outputs: [.init(name: "OUTPUT", datatype: .float32, dimensions: [], isShapeless: true)],
    hasRowAxis: false)
  let footprintByteCount = 0
  let platformName = "identity"

  var capabilities: ModelCapabilities {
    var capabilities = ModelCapabilities()
    capabilities.isDeclaredCheap = true
    return capabilities
  }

  func makeInstance(stop: StopFlag) throws(RuntimeFault) -> any ModelInstance {
    IdentityInstance()
  }
}

final class IdentityInstance: ModelInstance {
  func run(_ batch: RunBatch, emit: (RunPart) -> Void) throws(RuntimeFault) {
    emit(.outputs(rows: 0..<batch.rowCount, batch.inputs.compactMap(\.self)))
  }
}
