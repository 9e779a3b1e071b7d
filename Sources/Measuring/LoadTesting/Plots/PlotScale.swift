import Glibc

/// How the values of an axis are laid out along it.
package enum PlotScale: Sendable, Equatable {
  case linear
  /// Each factor of ten takes the same room; for values above 0.
  case log
  /// Fractions of a distribution by their distance from 1: 0.9, 0.99 and 0.999 lie equally far apart.
  case tail

  /// Where a value lies, in a measure that is even along the axis; `nil` where it has no place.
  func measure(_ value: Double) -> Double? {
    let measure =
      switch self {
      case .linear: value
      case .log: log10(value)
      case .tail: -log10(1 - value)
      }
    return measure.isFinite ? measure : nil
  }

  /// A logarithmic one where the values spread over more than this factor.
  package static func fitting(_ range: ClosedRange<Double>, logAbove factor: Double = 20)
    -> PlotScale
  {
    range.lowerBound > 0 && range.upperBound / range.lowerBound > factor ? .log : .linear
  }
}

/// A stretch of an axis and the pixels it takes.
struct PlotRange: Sendable {
  let scale: PlotScale
  let values: ClosedRange<Double>
  /// From the lower value to the upper; for axes upwards the first pixel is the larger.
  let pixels: (from: Double, to: Double)

  /// `nil` for values without a place on the scale; values beyond the range lie at its ends.
  func pixel(_ value: Double) -> Double? {
    guard let low = scale.measure(values.lowerBound), let high = scale.measure(values.upperBound),
      let place = scale.measure(min(max(value, values.lowerBound), values.upperBound))
    else { return nil }
    guard high > low else { return (pixels.from + pixels.to) / 2 }
    return pixels.from + (place - low) / (high - low) * (pixels.to - pixels.from)
  }
}
