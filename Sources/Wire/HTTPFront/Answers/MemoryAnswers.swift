import Inference
import Serving
import WireFormats

/// Registers, lists and forgets memory that clients share with us. On a worker.
struct MemoryAnswers {
  let registry: SharedMemoryRegistry
  /// Empty for all.
  let region: String

  func answer(
    _ endpoint: Endpoint, _ bytes: UnsafeRawBufferPointer
  ) throws(InputProblem) -> Result<[UInt8], InferenceFailure> {
    let request: SharedMemoryRegistration? =
      endpoint == .systemMemoryRegister ? try SharedMemoryRegistration.decode(bytes) : nil
    do throws(InferenceFailure) {
      return .success(try answer(endpoint, request))
    } catch {
      return .failure(error)
    }
  }

  private func answer(
    _ endpoint: Endpoint, _ request: SharedMemoryRegistration?
  ) throws(InferenceFailure) -> [UInt8] {
    switch endpoint {
    case .systemMemoryStatus: return try list()
    case .systemMemoryUnregister: try registry.unregister(region.isEmpty ? nil : region)
    case .cudaMemoryStatus: return OpenInferenceDocuments.cudaSharedMemory
    // Nothing is registered, so whatever is named is not registered afterwards.
    case .cudaMemoryUnregister: break
    case .cudaMemoryRegister:
      throw .unsupported(.other("CUDA shared memory, as models compute on the processor here"))
    default:
      guard let request else { preconditionFailure("\(endpoint) is answered elsewhere") }
      try registry.register(
        region, key: request.key, byteOffset: request.byteOffset, byteCount: request.byteCount)
    }
    return []
  }

  private func list() throws(InferenceFailure) -> [UInt8] {
    OpenInferenceDocuments.systemSharedMemory(
      try registry.list(region.isEmpty ? nil : region).map {
        .init(name: $0.name, key: $0.key, byteOffset: $0.byteOffset, byteCount: $0.byteCount)
      })
  }
}
