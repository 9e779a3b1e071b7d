/// What each of several loads has allocated, where only the whole process can be measured.
///
/// A load that nobody joined in has all that grew meanwhile. Those that overlapped share it by the size
/// of their sources, of which the weights are nearly all.
struct LoadLedger: Sendable {
  /// One load, until its end.
  struct Entry: Sendable, Hashable {
    fileprivate let number: UInt64
  }

  private struct Load: Sendable {
    let sourceByteCount: Int
    let allocatedBefore: Int
    /// Sources of all that were under way at some time during this one.
    var neighbourByteCount: Int
  }

  private var loads: [Entry: Load] = [:]
  private var count: UInt64 = 0

  /// A load begins, with that much allocated in the process.
  mutating func begin(sourceByteCount: Int, allocated: Int) -> Entry {
    count += 1
    let entry = Entry(number: count)
    let neighbours = loads.values.reduce(0) { $0 + $1.sourceByteCount }
    for other in loads.keys { loads[other]?.neighbourByteCount += sourceByteCount }
    loads[entry] = Load(
      sourceByteCount: sourceByteCount, allocatedBefore: allocated,
      neighbourByteCount: neighbours)
    return entry
  }

  /// A load has ended, with that much allocated in the process; answers its share of what grew.
  mutating func end(_ entry: Entry, allocated: Int) -> Int {
    guard let load = loads.removeValue(forKey: entry) else { return 0 }
    let grown = max(0, allocated - load.allocatedBefore)
    let whole = load.sourceByteCount + load.neighbourByteCount
    guard load.neighbourByteCount > 0, whole > 0 else { return grown }
    return Int(Double(grown) * Double(load.sourceByteCount) / Double(whole))
  }
}
