package import Batching
package import Inference

/// Bounds and defaults of everything that is served.
package struct ServingSettings: Sendable {
  /// Instances of a model that does not say how many it wants.
  package var instanceCount: Int
  /// Compute threads that all instances of one model may use together: the machine's cores.
  package var coreCount: Int
  /// Requests that may wait for one model.
  package var waitingRequestsMax: Int
  /// Bytes of tensors that may wait, over all models.
  package var waitingBytesMax: Int
  /// Bytes of answers that are kept for equal requests, over all models that ask for it; 0 keeps none.
  package var responseCacheBytesMax: Int
  /// A run expected to cost less than this happens on the event loop.
  package var inlineNanosecondsMax: UInt64
  /// A run that takes longer is told to stop.
  package var runSecondsMax: Int
  /// How long a run that was told to stop is waited for before its thread is given up.
  package var stopGraceSeconds: Int
  /// Loads at a time.
  package var parallelLoadsMax: Int
  /// Memory of all loaded versions; `nil` sets no bound.
  package var modelBytesMax: Int?
  /// How long the run that proves a loaded version may take; `nil` leaves it out.
  package var proofRunTimeout: Duration?
  /// What there is of the resources that runs occupy, where the operator says so; `nil` leaves
  /// resources out of account (`rate-limit`).
  package var resources: [ResourceSupply]?
  /// Processors of the threads of instances, by the name of their policy (`host-policy`).
  package var pinnedCores: [String: [Int]]

  package init(coreCount: Int) {
    self.instanceCount = coreCount
    self.coreCount = coreCount
    self.waitingRequestsMax = 1_024
    self.waitingBytesMax = 1 << 30
    self.responseCacheBytesMax = 64 << 20
    self.inlineNanosecondsMax = 50_000
    self.runSecondsMax = 600
    self.stopGraceSeconds = 10
    self.parallelLoadsMax = max(1, coreCount / 2)
    self.pinnedCores = [:]
  }

  /// Threads that may be given up before the process calls itself dead.
  package static let abandonedThreadsMax = 2
  /// Parts that a sink may hold back before its client counts as too slow.
  package static let heldPartsMax = 64
  /// Bytes that a sink may hold back before its client counts as too slow.
  package static let heldBytesMax = 1 << 20
}

/// One model version to be served.
package struct ModelSpecification: Sendable {
  package var name: String
  package var version: Int64
  package var source: ModelSource
  package var loader: any ModelLoader
  package var options: RuntimeOptions
  /// Concurrent callers of the loaded model; `nil` takes the default that fits the cores.
  package var instanceCount: Int?
  package var waitingRequestsMax: Int?
  /// When and where its requests run.
  package var scheduling: SchedulingPolicy
  /// Class names that the operator gave; win over those in the model's metadata.
  package var labels: [String]
  /// The task that the operator named; wins over the model's metadata.
  package var task: String?
  /// Inputs, outputs and rows as the operator wrote them; a model that is not so does not load.
  package var declared: DeclaredSignature?
  /// Requests that are answered before the model counts as ready.
  package var warmUps: [WarmUp]
  /// Names of this version beside its number.
  package var aliases: [String]
  /// What the operator asked for and is not done, a sentence each.
  package var warnings: [String]
  /// Says the whole configuration of the loaded model to whoever asks; `nil` where nobody can.
  package var configuration: (@Sendable (ConfiguredModel) -> ModelConfigDocument)?
  /// Names of the models that it asks itself, which are loaded before it.
  package var needs: Set<String>
  /// Kept for as long as the version is, or waits to be loaded: an uploaded file's folder, say.
  package var kept: (any AnyObject & Sendable)?

  package init(
    name: String, version: Int64 = 1, source: ModelSource, loader: any ModelLoader,
    options: RuntimeOptions = RuntimeOptions()
  ) {
    self.name = name
    self.version = version
    self.source = source
    self.loader = loader
    self.options = options
    self.scheduling = SchedulingPolicy()
    self.labels = []
    self.warmUps = []
    self.aliases = []
    self.warnings = []
    self.needs = []
  }

  /// Asks for so many instances, whatever the operator's groups add up to.
  package mutating func fixInstances(at count: Int) {
    scheduling.instances = []
    instanceCount = count
  }
}
