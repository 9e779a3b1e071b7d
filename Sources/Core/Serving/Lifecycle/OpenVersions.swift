/// Versions where something is to do, or will be when others are done, in the order in which the policy
/// takes them up: a step is found without a look at all that is wished for.
///
/// A plain value beside the wishes and the facts. Whoever changes what is wished for or known of a
/// version has it reviewed.
struct OpenVersions: Sendable, Equatable {
  /// Versions that requests wait for come first, then older wishes.
  private struct Rank: Comparable {
    let isAsked: Bool
    let revision: UInt64

    static func < (left: Rank, right: Rank) -> Bool {
      left.isAsked != right.isAsked ? left.isAsked : left.revision < right.revision
    }
  }

  private struct Entry: Sendable, Equatable {
    let rank: Rank
    let key: ModelKey
  }

  /// To let go of now.
  private(set) var leaving: Set<ModelKey> = []
  /// Given up after a fault, to be loaded again when their time has come.
  private(set) var retrying: Set<ModelKey> = []
  /// To load, by rank.
  private var entries: [Entry] = []
  private var ranks: [ModelKey: Rank] = [:]

  /// To load, in their order.
  var coming: some Sequence<ModelKey> { entries.lazy.map(\.key) }

  /// Something has changed for a version, and so perhaps for those that it is to replace.
  mutating func review(_ key: ModelKey, _ desired: DesiredModels, _ loaded: LoadedModels) {
    place(key, desired, loaded)
    for other in desired.keys(of: key.name)
    where other != key && desired[other]?.isSuperseded == true {
      place(other, desired, loaded)
    }
  }

  private mutating func place(
    _ key: ModelKey, _ desired: DesiredModels, _ loaded: LoadedModels
  ) {
    remove(key)
    let facts = loaded[key]
    if RolloutPolicy.isLeaving(key, desired, loaded) { leaving.insert(key) }
    guard let wish = desired[key], !wish.isSuperseded, Self.isOpen(wish, facts) else { return }
    insert(Entry(rank: Rank(isAsked: facts.isAsked, revision: wish.revision), key: key))
    if facts.faultCount > 0, facts.served == nil { retrying.insert(key) }
  }

  /// Whether it is to be loaded, now or later, without anything else happening to it.
  private static func isOpen(_ wish: DesiredModels.Wish, _ facts: LoadedModels.Facts) -> Bool {
    if facts.loading != nil { return false }
    if facts.served == nil, facts.faultCount > 0 { return true }
    if facts.served == nil, wish.isOnDemand { return facts.isAsked }
    return facts.tried < wish.revision
  }

  private mutating func insert(_ entry: Entry) {
    entries.insert(entry, at: firstPlace(of: entry.rank))
    ranks[entry.key] = entry.rank
  }

  private mutating func remove(_ key: ModelKey) {
    leaving.remove(key)
    retrying.remove(key)
    guard let rank = ranks.removeValue(forKey: key) else { return }
    // No two wishes have one revision.
    entries.remove(at: firstPlace(of: rank))
  }

  /// Of the first entry whose rank is not lower.
  private func firstPlace(of rank: Rank) -> Int {
    var (low, high) = (0, entries.count)
    while low < high {
      let middle = (low + high) / 2
      if entries[middle].rank < rank { low = middle + 1 } else { high = middle }
    }
    return low
  }
}
