/// A rate of arrivals that changes over time: pieces, each leading in a straight line from one rate to
/// another.
package struct RateProfile: Sendable, Equatable {
  package struct Piece: Sendable, Equatable {
    /// As reports name the phase.
    package let name: String
    package let seconds: Double
    /// Arrivals a second at its beginning and at its end.
    package let from: Double
    package let to: Double

    package init(_ name: String, seconds: Double, from: Double, to: Double) {
      precondition(seconds > 0 && from >= 0 && to >= 0, "\(seconds) s from \(from) to \(to)")
      self.name = name
      self.seconds = seconds
      self.from = from
      self.to = to
    }

    /// Arrivals that are expected in it.
    var expected: Double { (from + to) / 2 * seconds }

    /// Seconds from its beginning until so many arrivals are expected: the root of
    /// `from t + (to - from) / seconds t²/2 = arrivals`, in the form that loses no digits where the
    /// rate hardly changes.
    func seconds(until arrivals: Double) -> Double {
      guard arrivals > 0 else { return 0 }
      let slope = (to - from) / seconds
      let root = max(0, from * from + 2 * slope * arrivals).squareRoot()
      return 2 * arrivals / (from + root)
    }
  }

  /// In the order of time; one or more.
  package let pieces: [Piece]

  package init(_ pieces: [Piece]) {
    precondition(!pieces.isEmpty, "a profile of nothing")
    self.pieces = pieces
  }

  package var seconds: Double { pieces.reduce(0) { $0 + $1.seconds } }
  /// Arrivals that are expected in all.
  package var expected: Double { pieces.reduce(0) { $0 + $1.expected } }

  /// The same in another time: each piece takes that fraction of it.
  func scaled(by factor: Double) -> RateProfile {
    RateProfile(
      pieces.map { .init($0.name, seconds: $0.seconds * factor, from: $0.from, to: $0.to) })
  }
}

// MARK: Shapes

extension RateProfile {
  /// Parts in which a ramp is told.
  private static let rampPartCount = 5

  /// Evenly from one rate to another.
  package static func ramp(from: Double, to: Double, seconds: Double) -> RateProfile {
    let count = Double(rampPartCount)
    return RateProfile(
      (0..<rampPartCount).map { part in
        let begin = from + (to - from) * Double(part) / count
        let end = from + (to - from) * Double(part + 1) / count
        let name = "\(RateText.of(begin)) to \(RateText.of(end)) a second"
        return Piece(name, seconds: seconds / count, from: begin, to: end)
      })
  }

  /// One rate after the other, each for so many seconds.
  package static func steps(_ steps: [(rate: Double, seconds: Double)]) -> RateProfile {
    RateProfile(
      steps.map { step in
        Piece(
          "\(RateText.of(step.rate)) a second", seconds: step.seconds, from: step.rate,
          to: step.rate)
      })
  }

  /// A rate, and in the midst of the time another that is higher by a factor.
  package static func spike(
    _ rate: Double, factor: Double, spikeSeconds: Double, seconds: Double
  ) -> RateProfile {
    let around = (seconds - spikeSeconds) / 2
    return RateProfile([
      Piece("before", seconds: around, from: rate, to: rate),
      Piece("spike", seconds: spikeSeconds, from: rate * factor, to: rate * factor),
      Piece("after", seconds: around, from: rate, to: rate),
    ])
  }
}

/// A part of a run that is told by itself: of a ramp or a spike, figures over all say little.
package struct LoadPhase: Sendable, Equatable {
  package let name: String
  /// Nanoseconds from the run's beginning.
  package let begin: UInt64
  package let end: UInt64

  package var seconds: Double { Double(end - begin) / 1e9 }
}

extension RateProfile {
  var phases: [LoadPhase] {
    var begin = 0.0
    return pieces.map { piece in
      defer { begin += piece.seconds }
      return LoadPhase(
        name: piece.name, begin: UInt64(begin * 1e9), end: UInt64((begin + piece.seconds) * 1e9))
    }
  }
}
