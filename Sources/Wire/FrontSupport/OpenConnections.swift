package import Inference
import Serving
import Synchronization

/// Counts the connections of all loops against their limit.
package final class OpenConnections: Sendable {
  private struct Counts {
    var open = 0
    var refused = 0
  }

  private let countMax: Int
  private let counts = Signal(Counts())

  package init(countMax: Int) { self.countMax = countMax }

  /// Takes a place, or counts a refusal.
  package func enter() -> Bool {
    counts.withValue { counts in
      let hasPlace = counts.open < countMax
      if hasPlace { counts.open += 1 } else { counts.refused += 1 }
      return hasPlace
    }
  }

  package func leave() {
    let isLast = counts.withValue { counts in
      counts.open -= 1
      return counts.open == 0
    }
    if isLast { counts.update { _ in } }
  }

  /// Blocks until the last connection has gone or `deadline` has come; says whether it has gone.
  package func waitForLast(until deadline: Instant) -> Bool {
    counts.sleepUntilReady(before: deadline.nanoseconds) { $0.open == 0 ? true : nil } ?? false
  }

  package var count: Int { counts.withValue { $0.open } }
  package var refusedCount: Int { counts.withValue { $0.refused } }
}

/// Bytes that may be held at one time, over all connections.
package final class ByteBudget: Sendable {
  package let byteCountMax: Int
  private let current = Atomic<Int>(0)

  package init(byteCountMax: Int) { self.byteCountMax = byteCountMax }

  package func take(_ byteCount: Int) -> Bool {
    if current.wrappingAdd(byteCount, ordering: .relaxed).newValue <= byteCountMax { return true }
    current.wrappingSubtract(byteCount, ordering: .relaxed)
    return false
  }

  package func giveBack(_ byteCount: Int) {
    current.wrappingSubtract(byteCount, ordering: .relaxed)
  }

  package var byteCount: Int { current.load(ordering: .relaxed) }
}
