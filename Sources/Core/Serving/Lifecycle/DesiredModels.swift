/// Which versions ought to be served: what operators, files and requests wish for, as one value.
struct DesiredModels: Sendable {
  /// One version that is wished for.
  struct Wish: Sendable, Equatable {
    /// Counts wishes over all versions; a higher one asks for the version to be loaded anew.
    var revision: UInt64
    /// Loaded when a request first asks for it, and given up where another needs the memory.
    var isOnDemand = false
    /// Others of its name are to take its place: it stays until one of them answers.
    var isSuperseded = false
    /// Names that must have been loaded, or have failed, before it: it asks them itself.
    var needs: Set<String> = []
    /// Memory that it will need, as far as that is known before it was ever loaded.
    var expectedByteCount = 0
  }

  private(set) var wishes: [ModelKey: Wish] = [:]
  private var versions: [String: Set<Int64>] = [:]
  private var revisionCount: UInt64 = 0

  subscript(key: ModelKey) -> Wish? { wishes[key] }

  /// Versions of a name that are wished for, superseded ones included.
  func keys(of name: String) -> [ModelKey] {
    (versions[name] ?? []).map { ModelKey(name: name, version: $0) }
  }

  /// Wishes for a version, or for it to be loaded anew; answers the wish's revision.
  mutating func want(
    _ key: ModelKey, isOnDemand: Bool, expectedByteCount: Int, needs: Set<String> = []
  ) -> UInt64 {
    revisionCount += 1
    wishes[key] = Wish(
      revision: revisionCount, isOnDemand: isOnDemand, needs: needs,
      expectedByteCount: expectedByteCount)
    versions[key.name, default: []].insert(key.version)
    return revisionCount
  }

  /// From now on only these versions of the name are wished for; the others stay until one of these
  /// answers.
  mutating func supersede(othersThan kept: Set<Int64>, of name: String) {
    for key in keys(of: name) where !kept.contains(key.version) {
      wishes[key]?.isSuperseded = true
    }
  }

  /// What a version really needed when it was loaded.
  mutating func learn(byteCount: Int, of key: ModelKey) {
    wishes[key]?.expectedByteCount = byteCount
  }

  /// Takes a wish back.
  mutating func unwant(_ key: ModelKey) {
    wishes[key] = nil
    versions[key.name]?.remove(key.version)
    if versions[key.name]?.isEmpty ?? false { versions[key.name] = nil }
  }
}
