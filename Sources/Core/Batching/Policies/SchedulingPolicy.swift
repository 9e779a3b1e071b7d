/// Everything that an operator says about when and where a model's requests run.
package struct SchedulingPolicy: Sendable, Equatable {
  package var batching: BatchingPolicy
  /// `nil` where requests have nothing to do with each other.
  package var sequences: SequencePolicy?
  /// Groups of instances; empty takes the server's default count (`instance_group`).
  package var instances: [InstanceGroup]
  /// What holds for instances where no group is listed; its count says nothing.
  package private(set) var ungrouped = InstanceGroup(count: 1)
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

  /// All instances by their groups; one group where none is listed.
  package var groups: [InstanceGroup] { instances.isEmpty ? [ungrouped] : instances }

  /// Changes what holds for all instances, however many there will be.
  package mutating func changeInstances(_ change: (inout InstanceGroup) -> Void) {
    change(&ungrouped)
    for place in instances.indices { change(&instances[place]) }
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
  /// What each run of theirs occupies (`rate_limiter`).
  package var limit: RateLimitPolicy
  /// Name of the operator's policy for their threads (`host_policy`); `nil` takes that of the device.
  package var hostPolicy: String?

  package init(count: Int, kind: Kind = .automatic) {
    self.count = count
    self.kind = kind
    self.limit = RateLimitPolicy()
  }

  /// Instances of the group, over all its devices.
  package var instanceCount: Int {
    switch kind {
    case .automatic, .cpu: max(1, count)
    case .gpu(let devices): max(1, count) * max(1, devices.count)
    }
  }
}
