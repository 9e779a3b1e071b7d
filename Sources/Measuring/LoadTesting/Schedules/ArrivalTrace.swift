/// Arrivals that were recorded: when each request came, counted from the first.
///
/// A value whose copies share their times.
package struct ArrivalTrace: Sendable, Equatable {
  /// More than these are refused: 32 MB of times.
  package static let countMax = 4_000_000
  /// Parts in which a replay is told.
  private static let partCount = 5

  /// Nanoseconds from the first, in order; one or more.
  private let times: [UInt64]

  /// - Parameter moments: seconds on any clock, in any order; at least one, all finite.
  package init(_ moments: [Double]) {
    precondition(!moments.isEmpty, "a trace of nothing")
    let first = moments.min() ?? 0
    let times = moments.map { UInt64(min(($0 - first) * 1e9, 1e18)) }
    self.init(times: times.sorted())
  }

  /// Why a file is no trace.
  package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
  }

  /// Reads a file of times, in any of the forms that `TraceReader` knows.
  package init(parsing bytes: [UInt8]) throws(Problem) { self = try TraceReader.trace(bytes) }

  private init(times: [UInt64]) { self.times = times }

  package var count: Int { times.count }
  /// From the first arrival to the last.
  package var nanoseconds: UInt64 { times.last ?? 0 }

  /// The times of an arrival counted from 0; `nil` after the last.
  func arrival(_ number: Int) -> UInt64? { number < times.count ? times[number] : nil }

  /// The same, so many times as fast.
  package func speeded(by factor: Double) -> ArrivalTrace {
    ArrivalTrace(times: times.map { UInt64(min(Double($0) / factor, 1e18)) })
  }

  /// Those of one of so many equal parts of its time, counted from the part's beginning; one at its
  /// beginning where there are none.
  func part(_ number: Int, of count: Int) -> ArrivalTrace {
    let length = nanoseconds / UInt64(count) + 1
    let begin = length * UInt64(number)
    let within = times.filter { $0 >= begin && $0 - begin < length }.map { $0 - begin }
    return ArrivalTrace(times: within.isEmpty ? [0] : within)
  }

  /// Equal parts of its time, as they are told.
  var phases: [LoadPhase] {
    let length = nanoseconds / UInt64(Self.partCount) + 1
    return (0..<Self.partCount).map { part in
      let begin = length * UInt64(part)
      let (from, to) = (Double(begin) / 1e9, Double(begin + length) / 1e9)
      let name = "\(RateText.of(from)) to \(RateText.of(to)) s"
      return LoadPhase(name: name, begin: begin, end: begin + length)
    }
  }
}
