import Glibc
import Reports

/// A figure that a tuning is about.
package enum TuningFigure: String, Sendable, CaseIterable {
  case mean, p50, p90, p95, p99
  case p999 = "p99.9"
  case max, throughput, memory

  /// More of it is better.
  package var isGain: Bool { self == .throughput }

  var isTime: Bool { self != .throughput && self != .memory }

  /// Nanoseconds, samples a second, or bytes; `nil` where nothing was answered.
  package func value(in figures: TuningFigures) -> Double? {
    switch self {
    case .throughput: figures.latencies.isEmpty ? nil : figures.throughput
    case .memory: Double(figures.memoryByteCount)
    default: figures.latencies[rawValue]
    }
  }

  package func text(_ value: Double) -> String {
    switch self {
    case .throughput: "\(RateText.of(value))/s"
    case .memory: Readable.bytes(Int(value))
    default: "\(MillisecondText.of(value)) ms"
    }
  }

  /// By its name; `latency` is p99.
  static func named(_ name: String) -> TuningFigure? {
    name == "latency" ? .p99 : name == "p99_9" ? .p999 : TuningFigure(rawValue: name)
  }
}

/// What a configuration must keep: `p99<30ms`, `throughput>100`, `memory<500MB`.
package struct TuningTarget: Sendable, Equatable {
  package let figure: TuningFigure
  /// Nanoseconds, samples a second, or bytes.
  package let bound: Double
  /// As it was written.
  package let text: String

  /// Why a text is no target.
  package struct Problem: Error, Sendable, Equatable, CustomStringConvertible {
    package let description: String
  }

  package init(figure: TuningFigure, bound: Double, text: String) {
    self.figure = figure
    self.bound = bound
    self.text = text
  }

  /// Reads one or several, commas between them.
  package static func parse(_ text: String) throws(Problem) -> [TuningTarget] {
    var all: [TuningTarget] = []
    for part in text.split(separator: ",", omittingEmptySubsequences: false) {
      all.append(try TuningTarget(String(part.filter { $0 != " " })))
    }
    return all
  }

  init(_ text: String) throws(Problem) {
    let name = text.prefix { $0 != "<" && $0 != ">" }
    let rest = text[name.endIndex...]
    let sign = rest.prefix { $0 == "<" || $0 == ">" || $0 == "=" }
    guard let figure = TuningFigure.named(String(name)) else {
      let names = TuningFigure.allCases.map(\.rawValue).joined(separator: ", ")
      throw Self.problem(text, "one of the figures \(names), then < or > and a bound: p99<30ms")
    }
    let wanted = figure.isGain ? ">" : "<"
    guard sign == wanted || sign == wanted + "=" else {
      throw Self.problem(
        text, "what is wanted, \(figure.rawValue)\(wanted)BOUND")
    }
    self.text = text
    self.figure = figure
    bound = try Self.bound(rest[sign.endIndex...], of: figure, in: text)
  }

  private static func bound(
    _ text: Substring, of figure: TuningFigure, in whole: String
  ) throws(Problem) -> Double {
    let digits = text.prefix { $0.isNumber || $0 == "." }
    let (units, expected): ([String: Double], String) =
      switch figure {
      case .throughput: (["": 1, "/s": 1], "samples a second")
      case .memory: (byteUnits, "bytes with a unit such as MB or MiB")
      default: (["us": 1e3, "ms": 1e6, "s": 1e9], "a time in us, ms or s")
      }
    guard let number = Double(digits), number.isFinite, number > 0,
      let scale = units[String(text[digits.endIndex...])]
    else { throw problem(whole, "\(expected) after the sign") }
    return number * scale
  }

  private static let byteUnits: [String: Double] = [
    "B": 1, "KB": 1e3, "MB": 1e6, "GB": 1e9, "KiB": 1_024, "MiB": 1_048_576, "GiB": 1_073_741_824,
  ]

  private static func problem(_ text: String, _ expected: String) -> Problem {
    Problem(description: "--target: expected \(expected); got \(text.isEmpty ? "nothing" : text)")
  }

  /// By how much figures fail it, as the logarithm of a ratio; 0 where they keep it.
  func violation(of figures: TuningFigures, slack: Double) -> Double {
    guard let value = figure.value(in: figures) else { return .infinity }
    guard value > 0 else { return figure.isGain ? .infinity : 0 }
    let excess = figure.isGain ? bound / value : value / bound
    return excess <= slack ? 0 : log(excess)
  }
}
