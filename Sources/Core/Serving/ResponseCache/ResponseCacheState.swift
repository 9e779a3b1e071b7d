/// What the response cache holds and what it lets go: the least recently used first, by bytes.
///
/// A plain value without lock or clock. At most one content has a key; whoever finds it has to
/// compare it with what was looked for, because keys are hashes. Contents that are no longer held
/// are handed out, so that the caller can release them outside of its lock.
package struct ResponseCacheState<Content: Sendable>: Sendable {
  package struct Key: Sendable, Hashable {
    /// The model version, as it was loaded once: never used again for another.
    package let owner: UInt64
    package let hash: UInt64

    package init(owner: UInt64, hash: UInt64) {
      self.owner = owner
      self.hash = hash
    }
  }

  /// One content in the list from the newest to the oldest use; -1 ends the list.
  private struct Slot: Sendable {
    var key: Key
    /// `nil` where the slot is free.
    var content: Content?
    var byteCount: Int
    var newer: Int
    var older: Int
  }

  package let byteCountMax: Int
  /// Never above `byteCountMax`.
  package private(set) var byteCount = 0
  /// Contents that had to make room for others.
  package private(set) var evictedCount: UInt64 = 0

  private var slots: [Slot] = []
  private var freeSlots: [Int] = []
  private var places: [Key: Int] = [:]
  private var newest = -1
  private var oldest = -1
  private var owners: Set<UInt64> = []
  private var ownerCount: UInt64 = 0

  package init(byteCountMax: Int) { self.byteCountMax = byteCountMax }

  package var count: Int { places.count }

  /// Slots that were ever in use at once; what `removeClosed` has to look through.
  package var slotCount: Int { slots.count }

  // MARK: Owners

  /// A new owner, whose contents are taken until it is closed.
  package mutating func openOwner() -> UInt64 {
    ownerCount += 1
    owners.insert(ownerCount)
    return ownerCount
  }

  /// From now on nothing is found or kept for the owner; `removeClosed` lets go of what it had.
  package mutating func close(_ owner: UInt64) { owners.remove(owner) }

  /// Lets go of contents whose owner is closed, in these slots; in steps, so that a lock around this
  /// is never held for long. Slots beyond the last are none.
  package mutating func removeClosed(inSlots range: Range<Int>) -> [Content] {
    var removed: [Content] = []
    for place in range.clamped(to: 0..<slots.count)
    where slots[place].content != nil && !owners.contains(slots[place].key.owner) {
      if let content = remove(place) { removed.append(content) }
    }
    return removed
  }

  // MARK: Contents

  /// The content of that key, which counts as used now.
  package mutating func find(_ key: Key) -> Content? {
    guard owners.contains(key.owner), let place = places[key] else { return nil }
    unlink(place)
    linkAsNewest(place)
    return slots[place].content
  }

  /// Keeps a content in place of what has its key, and answers what is no longer held: that one, the
  /// ones that made room, or the content itself where it is too large or its owner is closed.
  package mutating func keep(_ content: Content, at key: Key, byteCount: Int) -> [Content] {
    precondition(byteCount >= 0, "a content of \(byteCount) bytes")
    guard owners.contains(key.owner), byteCount <= byteCountMax else { return [content] }
    var removed: [Content] = []
    if let place = places[key], let replaced = remove(place) { removed.append(replaced) }
    while self.byteCount > byteCountMax - byteCount, let evicted = remove(oldest) {
      evictedCount += 1
      removed.append(evicted)
    }
    let place = freeSlots.popLast() ?? slots.count
    let slot = Slot(key: key, content: content, byteCount: byteCount, newer: -1, older: -1)
    if place == slots.count { slots.append(slot) } else { slots[place] = slot }
    places[key] = place
    self.byteCount += byteCount
    linkAsNewest(place)
    return removed
  }

  private mutating func remove(_ place: Int) -> Content? {
    guard place >= 0, let content = slots[place].content else { return nil }
    unlink(place)
    slots[place].content = nil
    places[slots[place].key] = nil
    byteCount -= slots[place].byteCount
    freeSlots.append(place)
    return content
  }

  // MARK: Order of use

  private mutating func unlink(_ place: Int) {
    let (newer, older) = (slots[place].newer, slots[place].older)
    if newer >= 0 { slots[newer].older = older } else { newest = older }
    if older >= 0 { slots[older].newer = newer } else { oldest = newer }
  }

  private mutating func linkAsNewest(_ place: Int) {
    slots[place].newer = -1
    slots[place].older = newest
    if newest >= 0 { slots[newest].newer = place } else { oldest = place }
    newest = place
  }
}
