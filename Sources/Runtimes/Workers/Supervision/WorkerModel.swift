package import Inference

/// A model in its worker processes.
package final class WorkerModel: WaitingModel {
  private let group: WorkerGroup
  package let capabilities: ModelCapabilities
  package let platformName: String
  package let signature: ModelSignature

  /// - Parameter signature: where it is not what the worker said, word for word.
  package init(_ group: WorkerGroup, platformName: String, signature: ModelSignature? = nil) {
    self.group = group
    self.platformName = platformName
    self.signature = signature ?? group.signature.signature
    var capabilities = ModelCapabilities()
    capabilities.isDecoupled = group.signature.isDecoupled
    self.capabilities = capabilities
  }

  package var footprintByteCount: Int { group.residentByteCount }
  package var obstacle: String? { group.obstacle }
  package var runsPerInstance: Int { group.runsPerWorker }

  package func start(
    _ batch: RunBatch, stop: StopFlag,
    completion: @escaping @Sendable (Result<[RunPart], RuntimeFault>) -> Void
  ) {
    group.start(batch, stop: stop, completion: completion)
  }

  package func start(
    _ batch: RunBatch, stop: StopFlag, emit: @escaping @Sendable (RunPart) -> Void,
    completion: @escaping @Sendable (Result<[RunPart], RuntimeFault>) -> Void
  ) {
    group.start(batch, stop: stop, emit: emit, completion: completion)
  }
}
