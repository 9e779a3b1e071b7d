package import Inference
package import NIOCore
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

  /// Takes a place for a connection until it ends, or goes to another front; `nil`, and a refusal
  /// counted, where there is none. On the channel's loop.
  package func takePlace(for channel: any Channel) -> ConnectionPlace? {
    guard enter() else { return nil }
    let place = ConnectionPlace(self)
    channel.closeFuture.assumeIsolated().whenComplete { _ in place.giveBack() }
    return place
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

/// One connection's place among the open ones. On its channel's loop.
package final class ConnectionPlace {
  private var connections: OpenConnections?

  fileprivate init(_ connections: OpenConnections) { self.connections = connections }

  /// For another connection; a second time it does nothing.
  package func giveBack() {
    connections?.leave()
    connections = nil
  }
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
