/// Everything that an operator says about when and where a model's requests run.
package struct SchedulingPolicy: Sendable, Equatable {
  package var batching: BatchingPolicy
  /// `nil` where requests have nothing to do with each other.
  package var sequences: SequencePolicy?
  /// Groups of instances; empty takes the server's default count (`instance_group`).
  package var instances: [InstanceGroup]
  /// Answers of equal requests may be kept (`response_cache`).
  package var keepsAnswers: Bool
  /// A request may have any number of answers (`model_transaction_policy`).
  package var isDecoupled = false

  package init(batching: BatchingPolicy = BatchingPolicy()) {
    self.batching = batching
    self.sequences = nil
    self.instances = []
    self.keepsAnswers = false
  }
}

/// Concurrent callers of a loaded model that compute on one kind of device.
package struct InstanceGroup: Sendable, Equatable {
  package enum Kind: Sendable, Equatable {
    /// The runtime's own choice (`KIND_AUTO`, `KIND_MODEL`).
    case automatic
    case cpu
    /// On each of these devices.
    case gpu([Int])
  }

  package var count: Int
  package var kind: Kind

  package init(count: Int, kind: Kind = .automatic) {
    self.count = count
    self.kind = kind
  }
}
