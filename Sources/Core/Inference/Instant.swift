/// A point on this machine's monotonic clock.
///
/// A value from outside: nothing in Inference or Batching reads a clock.
package struct Instant: Sendable, Hashable, Comparable {
  /// Since an arbitrary start; 0 stands for `never`.
  package let nanoseconds: UInt64

  package init(nanoseconds: UInt64) { self.nanoseconds = nanoseconds }

  /// Marks a phase that a request did not reach.
  package static let never = Instant(nanoseconds: 0)
  /// Later than every other instant.
  package static let distantFuture = Instant(nanoseconds: .max)

  package static func < (left: Instant, right: Instant) -> Bool {
    left.nanoseconds < right.nanoseconds
  }

  /// Nanoseconds from `earlier` to here; 0 where `earlier` is later or either is `never`.
  package func nanoseconds(since earlier: Instant) -> UInt64 {
    guard self != .never, earlier != .never, earlier < self else { return 0 }
    return nanoseconds - earlier.nanoseconds
  }

  /// This instant moved by a duration, which may not be negative; stops at `distantFuture`.
  package func advanced(by duration: Duration) -> Instant {
    let (seconds, attoseconds) = duration.components
    guard seconds >= 0, seconds < 1 << 32 else { return .distantFuture }
    let added = UInt64(seconds) * 1_000_000_000 + UInt64(max(0, attoseconds) / 1_000_000_000)
    let (sum, overflow) = nanoseconds.addingReportingOverflow(added)
    return overflow ? .distantFuture : Instant(nanoseconds: sum)
  }

  /// This instant moved by nanoseconds; stops at `distantFuture`.
  package func advanced(byNanoseconds added: UInt64) -> Instant {
    let (sum, overflow) = nanoseconds.addingReportingOverflow(added)
    return overflow ? .distantFuture : Instant(nanoseconds: sum)
  }
}
