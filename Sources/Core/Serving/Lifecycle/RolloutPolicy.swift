import Inference

/// Bounds within which versions are loaded.
struct RolloutLimits: Sendable, Equatable {
  /// Loads at a time.
  var loadsMax = 1
  /// Memory of all versions; `nil` sets no bound.
  var byteCountMax: Int?
}

/// What is to be done next about one version.
enum RolloutStep: Sendable, Equatable {
  case load(ModelKey, revision: UInt64)
  /// Take it out of the routes; it drains, and its memory returns.
  case release(ModelKey)
  /// As `release`, to make room: it may come back when it is asked for.
  case evict(ModelKey)
  /// It does not fit, and nothing can make room.
  case refuse(ModelKey, revision: UInt64, neededByteCount: Int)
}

/// Decides what brings the versions in memory closer to those that are wished for.
///
/// A function of its arguments alone: one step at a time, and who carries it out asks again.
enum RolloutPolicy {
  /// The next step about one of the versions in `open`; `nil` where all are as they should be or must
  /// wait for something.
  static func nextStep(
    _ desired: DesiredModels, _ loaded: LoadedModels, open: OpenVersions, limits: RolloutLimits,
    now: Instant
  ) -> RolloutStep? {
    // Letting go frees memory, so it comes before everything that takes some.
    if let key = open.leaving.first { return .release(key) }
    if loaded.loadingCount < limits.loadsMax {
      for key in open.coming {
        if let step = loadStep(for: key, desired, loaded, limits, now) { return step }
      }
    }
    return excess(desired, loaded, limits)
  }

  /// Whether a version is to be let go of: nobody wishes for it, or what is to replace it answers.
  static func isLeaving(
    _ key: ModelKey, _ desired: DesiredModels, _ loaded: LoadedModels
  ) -> Bool {
    guard let wish = desired[key] else { return loaded[key].served != nil }
    return wish.isSuperseded && hasSuccessor(key, desired, loaded)
  }

  private static func loadStep(
    for key: ModelKey, _ desired: DesiredModels, _ loaded: LoadedModels, _ limits: RolloutLimits,
    _ now: Instant
  ) -> RolloutStep? {
    guard let wish = desired[key], isLoadDue(wish, loaded[key], now),
      wish.needs.allSatisfy({ !isPending($0, desired, loaded) })
    else { return nil }
    return roomStep(key, wish, desired, loaded, limits)
  }

  private static func isLoadDue(
    _ wish: DesiredModels.Wish, _ facts: LoadedModels.Facts, _ now: Instant
  ) -> Bool {
    if facts.served != nil { return facts.tried < wish.revision }
    if facts.faultCount > 0, facts.tried >= wish.revision { return facts.retryAt <= now }
    if wish.isOnDemand { return facts.isAsked }
    return facts.tried < wish.revision
  }

  /// Whether a version of the name is still to be loaded, without anybody asking for it first.
  private static func isPending(
    _ name: String, _ desired: DesiredModels, _ loaded: LoadedModels
  ) -> Bool {
    desired.keys(of: name).contains { key in
      guard let wish = desired[key], !wish.isSuperseded, !wish.isOnDemand else { return false }
      return loaded[key].tried < wish.revision
    }
  }

  /// Whether another version of the name answers and none is still on its way.
  private static func hasSuccessor(
    _ key: ModelKey, _ desired: DesiredModels, _ loaded: LoadedModels
  ) -> Bool {
    let successors = desired.keys(of: key.name).filter { desired[$0]?.isSuperseded == false }
    let isPending = isPending(key.name, desired, loaded)
    let isAnswered = successors.contains { successor in
      loaded[successor].served != nil || desired[successor]?.isOnDemand == true
    }
    return isAnswered && !isPending
  }

  /// A load, or what must happen before there is room for it.
  private static func roomStep(
    _ key: ModelKey, _ wish: DesiredModels.Wish, _ desired: DesiredModels,
    _ loaded: LoadedModels, _ limits: RolloutLimits
  ) -> RolloutStep? {
    let load = RolloutStep.load(key, revision: wish.revision)
    guard let limit = limits.byteCountMax else { return load }
    let needed = wish.expectedByteCount
    if loaded.byteCount + loaded.retiringByteCount + needed <= limit { return load }
    if needed <= limit, let victim = leastRecentlyUsed(desired, loaded, sparing: key) {
      return loaded.byteCount + needed <= limit ? nil : .evict(victim)
    }
    // What is on its way out, or on its way in and then perhaps out, may still make room.
    if needed <= limit, loaded.retiringByteCount > 0 || loaded.loadingCount > 0 { return nil }
    return .refuse(key, revision: wish.revision, neededByteCount: needed)
  }

  /// Where loaded versions turned out larger than expected.
  private static func excess(
    _ desired: DesiredModels, _ loaded: LoadedModels, _ limits: RolloutLimits
  ) -> RolloutStep? {
    guard let limit = limits.byteCountMax, loaded.byteCount > limit else { return nil }
    return leastRecentlyUsed(desired, loaded, sparing: nil).map { .evict($0) }
  }

  /// The version to give up: one that comes back when it is asked for, and was asked longest ago.
  private static func leastRecentlyUsed(
    _ desired: DesiredModels, _ loaded: LoadedModels, sparing key: ModelKey?
  ) -> ModelKey? {
    let candidates = loaded.versions.filter { candidate, facts in
      facts.served != nil && facts.loading == nil && !facts.isAsked && candidate != key
        && desired[candidate]?.isOnDemand == true
    }
    return candidates.min { left, right in
      (left.value.lastUsed, left.value.number, left.key)
        < (right.value.lastUsed, right.value.number, right.key)
    }?.key
  }
}
