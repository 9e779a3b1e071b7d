import Glibc

/// When requests are due that nobody's answer is waited for; a pure sequence of instants.
package struct ArrivalSchedule: Sendable {
  package enum Kind: Sendable, Equatable {
    /// At equal distances.
    case constant
    /// Each independent of those before: a Poisson process.
    case poisson
  }

  private let kind: Kind
  /// Arrivals a second.
  private let rate: Double
  private var generator: MersenneTwister
  private var seconds = 0.0
  private var count = 0

  package init(_ kind: Kind, rate: Double, seed: UInt64) {
    precondition(rate > 0 && rate.isFinite, "rate \(rate)")
    self.kind = kind
    self.rate = rate
    generator = MersenneTwister(seed: seed)
  }

  /// Nanoseconds from the beginning of the run to the next arrival; the first is due at its beginning.
  package mutating func next() -> UInt64 {
    defer {
      count += 1
      switch kind {
      // Not by adding up: that would gather rounding errors over a long run.
      case .constant: seconds = Double(count) / rate
      case .poisson: seconds -= log(1 - generator.fraction()) / rate
      }
    }
    return seconds < 1e9 ? UInt64(seconds * 1e9) : 1_000_000_000_000_000_000
  }
}
