import Synchronization

/// Counts the connections of all loops against their limit.
final class OpenConnections: Sendable {
  private let countMax: Int
  private let current = Atomic<Int>(0)
  private let refused = Atomic<Int>(0)

  init(countMax: Int) { self.countMax = countMax }

  /// Takes a place, or counts a refusal.
  func enter() -> Bool {
    if current.wrappingAdd(1, ordering: .relaxed).newValue <= countMax { return true }
    current.wrappingSubtract(1, ordering: .relaxed)
    refused.wrappingAdd(1, ordering: .relaxed)
    return false
  }

  func leave() { current.wrappingSubtract(1, ordering: .relaxed) }

  var count: Int { current.load(ordering: .relaxed) }
  var refusedCount: Int { refused.load(ordering: .relaxed) }
}

/// Bytes that may be held at one time, over all connections.
final class ByteBudget: Sendable {
  let byteCountMax: Int
  private let current = Atomic<Int>(0)

  init(byteCountMax: Int) { self.byteCountMax = byteCountMax }

  func take(_ byteCount: Int) -> Bool {
    if current.wrappingAdd(byteCount, ordering: .relaxed).newValue <= byteCountMax { return true }
    current.wrappingSubtract(byteCount, ordering: .relaxed)
    return false
  }

  func giveBack(_ byteCount: Int) { current.wrappingSubtract(byteCount, ordering: .relaxed) }

  var byteCount: Int { current.load(ordering: .relaxed) }
}
