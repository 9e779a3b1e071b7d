import Inference
import Serving
import Synchronization

/// Counts the connections of all loops against their limit.
final class OpenConnections: Sendable {
  private struct Counts {
    var open = 0
    var refused = 0
  }

  private let countMax: Int
  private let counts = Signal(Counts())

  init(countMax: Int) { self.countMax = countMax }

  /// Takes a place, or counts a refusal.
  func enter() -> Bool {
    counts.withValue { counts in
      let hasPlace = counts.open < countMax
      if hasPlace { counts.open += 1 } else { counts.refused += 1 }
      return hasPlace
    }
  }

  func leave() {
    let isLast = counts.withValue { counts in
      counts.open -= 1
      return counts.open == 0
    }
    if isLast { counts.update { _ in } }
  }

  /// Blocks until the last connection has gone or `deadline` has come; says whether it has gone.
  func waitForLast(until deadline: Instant) -> Bool {
    counts.sleepUntilReady(before: deadline.nanoseconds) { $0.open == 0 ? true : nil } ?? false
  }

  var count: Int { counts.withValue { $0.open } }
  var refusedCount: Int { counts.withValue { $0.refused } }
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
