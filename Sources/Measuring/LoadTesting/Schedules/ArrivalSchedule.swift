import Glibc

/// When requests are due that nobody's answer is waited for; a pure sequence of instants.
package struct ArrivalSchedule: Sendable {
  package enum Kind: String, Sendable, Equatable, CaseIterable {
    /// At equal distances; where the rate changes, at equal distances in arrivals that are expected.
    case constant = "even"
    /// Each independent of those before: a Poisson process.
    case poisson
  }

  /// What the times come from.
  private enum Source: Sendable {
    /// Arrivals a second, for ever.
    case rate(Double)
    case profile(ProfileCursor)
    case trace(ArrivalTrace)
  }

  private let kind: Kind
  private var source: Source
  private var generator: MersenneTwister
  /// Seconds, or for a profile arrivals that are expected until then.
  private var position = 0.0
  private var count = 0

  package init(_ kind: Kind, rate: Double, seed: UInt64) {
    precondition(rate > 0 && rate.isFinite, "rate \(rate)")
    self.init(kind, .rate(rate), seed: seed)
  }

  package init(_ kind: Kind, profile: RateProfile, seed: UInt64) {
    self.init(kind, .profile(ProfileCursor(profile)), seed: seed)
  }

  package init(replaying trace: ArrivalTrace) { self.init(.constant, .trace(trace), seed: 0) }

  private init(_ kind: Kind, _ source: Source, seed: UInt64) {
    self.kind = kind
    self.source = source
    generator = MersenneTwister(seed: seed)
  }

  /// Nanoseconds from the beginning of the run to the next arrival; the first is due at its beginning.
  /// `nil` where a profile or a trace has no further.
  package mutating func next() -> UInt64? {
    defer { count += 1 }
    switch source {
    case .rate(let rate):
      defer { advance(rate) }
      return Self.nanoseconds(position)
    case .profile(var cursor):
      defer { advance(1) }
      let seconds = cursor.seconds(until: position)
      source = .profile(cursor)
      return seconds.map(Self.nanoseconds)
    case .trace(let trace): return trace.arrival(count)
    }
  }

  /// A process whose rate changes is one of the rate 1 in the time that is counted in expected arrivals
  /// (Çinlar, "Introduction to Stochastic Processes", 1975, 4.7); unlike thinning it wastes no draw, and
  /// at a constant rate gives the arrivals of a constant rate.
  private mutating func advance(_ rate: Double) {
    switch kind {
    // Not by adding up: that would gather rounding errors over a long run.
    case .constant: position = Double(count + 1) / rate
    case .poisson: position -= log(1 - generator.fraction()) / rate
    }
  }

  private static func nanoseconds(_ seconds: Double) -> UInt64 {
    seconds < 1e9 ? UInt64(seconds * 1e9) : 1_000_000_000_000_000_000
  }
}

/// A place in a profile, which only moves on.
private struct ProfileCursor: Sendable {
  private let profile: RateProfile
  private var index = 0
  /// Of the pieces before this one.
  private var secondsBefore = 0.0
  private var expectedBefore = 0.0

  init(_ profile: RateProfile) { self.profile = profile }

  /// When so many arrivals are expected; `nil` where they are more than the profile has.
  mutating func seconds(until arrivals: Double) -> Double? {
    while index < profile.pieces.count {
      let piece = profile.pieces[index]
      // What rounding leaves at a piece's end belongs to the next, or to nobody.
      if arrivals - expectedBefore < piece.expected * (1 - 1e-12) {
        return secondsBefore + piece.seconds(until: arrivals - expectedBefore)
      }
      secondsBefore += piece.seconds
      expectedBefore += piece.expected
      index += 1
    }
    return nil
  }
}
