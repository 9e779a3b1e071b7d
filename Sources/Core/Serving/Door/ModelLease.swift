package import Inference

/// The right to submit to one version of a model, which stays in memory for as long as the lease does.
package struct ModelLease: Sendable {
  let model: ServedModel

  package var name: String { model.core.name }
  package var version: Int64 { model.core.version }
  var loaded: any LoadedModel { model.core.loaded }
  /// Why the version cannot answer at this moment: a model that it asks does not.
  package var obstacle: String? { model.core.loaded.obstacle }
  package var signature: ModelSignature { model.core.signature }
  package var platformName: String { model.core.loaded.platformName }
  /// A request may have any number of answers.
  package var isDecoupled: Bool { model.core.isDecoupled }
  /// Each request belongs to a sequence.
  package var takesSequences: Bool { model.core.sequences != nil }
  /// Class names that the operator gave; empty where those of the model's metadata hold.
  package var labels: [String] { model.core.specification.labels }
  /// The task that the operator named.
  package var task: String? { model.core.specification.task }
  /// Everything that is configured and in force, as one message; made anew with each call, which may
  /// take some hundred microseconds. `nil` for a model that was not read from a configuration.
  package var configuration: ModelConfigDocument? {
    let core = model.core
    return core.specification.configuration?(
      ConfiguredModel(
        name: core.name, signature: core.signature, platformName: core.loaded.platformName,
        instanceCount: core.computingInstanceCount,
        isDecoupled: core.loaded.capabilities.isDecoupled,
        batching: core.batchingChoice))
  }
  /// All versions of this model that are ready, ascending.
  package let versions: [Int64]
  /// Tells this loaded version from every other one, also from a later load of the same number.
  package var identity: ObjectIdentifier { ObjectIdentifier(model.core) }
}

/// Holds one submitted request; letting go of it changes nothing.
package struct RequestHandle: Sendable {
  let core: ModelCore?
  let ticket: UInt64
  /// Of a request that may be answered in parts.
  let stream: PartStream?

  /// For a request that has ended already.
  static let ended = RequestHandle(core: nil, ticket: 0, stream: nil)

  /// The client went away. The sink hears `.failed(.cancelled)` unless it has heard its end already.
  package func cancel() {
    core?.cancel(ticket)
    // Its run may be over, and its parts wait for the client.
    stream?.cancel()
  }

  /// The sink, which has answered `wait`, takes parts again. From any thread; parts that were kept for
  /// it come before this returns.
  package func resume() { stream?.resume() }
}
