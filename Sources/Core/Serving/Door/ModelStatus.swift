import Batching
package import Inference

/// One version as operators see it.
package struct ModelStatus: Sendable {
  package let name: String
  package let version: Int64
  package let state: ModelState
  /// Which runtime loads it.
  package let runtimeName: String
  /// Where its bytes came from; for operators, never for clients.
  package let sourceName: String
  /// `nil` until it is loaded.
  package let signature: ModelSignature?
  package let platformName: String
  package let footprintByteCount: Int
  package let instanceCount: Int
  package let queueDepth: Int
  /// What its automatic batcher holds for best; `nil` where the operator chose.
  package let batching: ModelStatistics.Batching?
  /// Most rows of a run, and how long one waits for more: as its operator chose, or as its automatic
  /// batcher holds for best.
  package let runRowsMax: Int
  package let runDelayNanoseconds: UInt64
  /// Answers of equal requests are kept.
  package let keepsAnswers: Bool
  /// What its operator asked for and is not done, a sentence each.
  package let warnings: [String]
  /// Why it was not loaded anew, where that was tried and failed and the version before it stayed.
  package internal(set) var problem: String?
  /// Other names of this version: `stable`.
  package internal(set) var aliases: [String] = []

  init(
    name: String, version: Int64, state: ModelState, specification: ModelSpecification,
    core: ModelCore?
  ) {
    self.name = name
    self.version = version
    // Loaded, but something that it asks in turn does not answer.
    let obstacle = state == .ready ? core?.loaded.obstacle : nil
    self.state = obstacle.map { .failed(reason: $0) } ?? state
    self.runtimeName = specification.loader.runtimeName
    self.sourceName = specification.source.name
    self.signature = core?.signature
    self.platformName = core?.loaded.platformName ?? ""
    self.footprintByteCount = core?.loaded.footprintByteCount ?? 0
    self.instanceCount = core?.computingInstanceCount ?? 0
    self.queueDepth = core?.queueDepth ?? 0
    let chosen = specification.scheduling.batching
    let batching = core?.batchingChoice
    self.batching = batching
    self.runRowsMax = batching?.rowsMax ?? (chosen.mode == .off ? 1 : max(1, chosen.rowsMax))
    self.runDelayNanoseconds =
      batching?.delayNanoseconds ?? (chosen.mode == .off ? 0 : chosen.delayNanosecondsMax)
    self.keepsAnswers = core?.answerKeeper != nil
    self.warnings = specification.warnings
  }
}
