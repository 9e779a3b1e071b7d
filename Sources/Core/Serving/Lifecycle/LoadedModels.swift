import Inference

/// What is known of every version that is in memory, on its way there, or was tried: a snapshot for
/// the policy.
struct LoadedModels: Sendable {
  /// One version.
  struct Facts: Sendable, Equatable {
    /// The wish that is served.
    var served: UInt64?
    /// The wish that is being loaded.
    var loading: UInt64?
    /// The newest wish whose load has ended, well or not.
    var tried: UInt64 = 0
    /// Memory of what is served.
    var byteCount = 0
    /// Memory that the load in progress will take.
    var loadingByteCount = 0
    /// When it was last asked, by any clock that only grows.
    var lastUsed: UInt64 = 0
    /// Later ones have higher numbers; between two that were asked at the same time.
    var number: UInt64 = 0
    /// Requests wait for it.
    var isAsked = false
    /// How often it was given up because a run would not end, since it last went well.
    var faultCount = 0
    /// After such a fault: not before then again.
    var retryAt = Instant.never
  }

  private(set) var versions: [ModelKey: Facts] = [:]
  private(set) var loadingCount = 0
  /// Memory of what is served and of what is being loaded.
  private(set) var byteCount = 0
  /// Memory of versions that nobody reaches any more and that has not come back yet.
  var retiringByteCount = 0

  subscript(key: ModelKey) -> Facts { versions[key] ?? Facts() }

  /// Changes what is known of a version and keeps the sums.
  mutating func change(_ key: ModelKey, _ change: (inout Facts) -> Void) {
    var facts = self[key]
    count(facts, -1)
    change(&facts)
    count(facts, 1)
    versions[key] = facts
  }

  /// Forgets a version.
  mutating func remove(_ key: ModelKey) {
    if let facts = versions.removeValue(forKey: key) { count(facts, -1) }
  }

  private mutating func count(_ facts: Facts, _ sign: Int) {
    loadingCount += facts.loading == nil ? 0 : sign
    byteCount += sign * (facts.byteCount + facts.loadingByteCount)
  }
}
