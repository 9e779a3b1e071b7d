import COpenVino
package import Inference

/// A model inside OpenVINO, compiled for this processor. Any number of instances compute with it, as
/// many at the same time as it was loaded for.
package final class OpenVinoModel: ComputingModel {
  package let signature: ModelSignature
  package let footprintByteCount: Int
  package let platformName: String
  /// Nothing beyond the signature is promised: the library picks its kernels by the number of rows.
  package let capabilities = ModelCapabilities()

  let compiled: OpenVinoCompiledModel
  let inputs: [OpenVinoPort]
  let outputs: [OpenVinoPort]

  init(
    _ compiled: OpenVinoCompiledModel, ports: OpenVinoPorts, metadata: [String: String],
    platformName: String, footprintByteCount: Int
  ) {
    self.compiled = compiled
    self.platformName = platformName
    self.footprintByteCount = footprintByteCount
    inputs = ports.inputs
    outputs = ports.outputs
    signature = ModelSignature(
      inputs: inputs.map(\.description), outputs: outputs.map(\.description),
      hasRowAxis: ports.hasRowAxis, metadata: metadata)
  }

  package func makeInstance(stop: StopFlag) throws(RuntimeFault) -> any ModelInstance {
    try OpenVinoInstance(self, stop: stop)
  }
}

/// What a graph takes and gives.
struct OpenVinoPorts {
  let inputs: [OpenVinoPort]
  let outputs: [OpenVinoPort]
  let hasRowAxis: Bool
}

/// Owns the library's compiled model. Requests may be made from any number of threads at a time.
final class OpenVinoCompiledModel: @unchecked Sendable {
  // Constant once `init` is done; freed with the last model or instance that refers to it.
  let handle: OpaquePointer
  let library: OpenVinoLibrary

  var api: UnsafePointer<OpenVinoTable> { library.api }

  init(_ handle: OpaquePointer, of library: OpenVinoLibrary) {
    self.handle = handle
    self.library = library
  }

  deinit {
    api.pointee.compiled_model_free(handle)
    // The allocator keeps tens of megabytes of freed weights for itself until it is told not to.
    _ = malloc_trim(0)
  }
}
