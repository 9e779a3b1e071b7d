import Inference
import NIOCore
import WireFormats

/// What answers one call. On its connection's loop throughout.
///
/// Hears of each message and of their end, and calls the stream's `send`, `finish` or `refuse`; after
/// `abandon` nothing that it does is of use any more.
protocol GRPCCall: AnyObject {
  func receive(_ message: CallMessage)
  /// The client sends no more messages.
  func end()
  /// The call is over: answered, refused, or taken back.
  func abandon()
  /// A second has passed.
  func secondPassed()
}

extension GRPCCall {
  func secondPassed() {}
}

extension GRPCMethod {
  /// What answers a call of this method.
  func makeCall(on stream: GRPCStream) -> any GRPCCall {
    switch self {
    case .modelInfer: UnaryInferCall(stream)
    case .modelStreamInfer: StreamInferCall(stream)
    case .healthWatch: HealthWatchCall(stream)
    case .service(let method): method.makeCall(on: stream)
    case .reflectionV1: ReflectionCall(stream, version: "v1")
    case .reflectionV1Alpha: ReflectionCall(stream, version: "v1alpha")
    case .serverLive, .serverReady, .modelReady, .serverMetadata, .modelMetadata,
      .modelConfig, .modelStatistics, .repositoryIndex, .repositoryModelLoad,
      .repositoryModelUnload, .systemSharedMemoryStatus, .systemSharedMemoryRegister,
      .systemSharedMemoryUnregister, .traceSetting, .logSettings,
      .cudaSharedMemoryStatus, .cudaSharedMemoryRegister, .cudaSharedMemoryUnregister,
      .healthCheck:
      DocumentCall(stream, method: self)
    }
  }
}
