import Glibc
import Reports

/// Where an axis is marked, and what is written there.
struct PlotTicks: Sendable, Equatable {
  let values: [Double]
  let labels: [String]

  /// - Parameter count: about how many there is room for.
  init(_ scale: PlotScale, _ range: ClosedRange<Double>, count: Int, _ kind: ChartAxis.Kind) {
    let values =
      switch scale {
      case .linear: Self.linear(range, count: count)
      case .log: Self.logarithmic(range, count: count)
      case .tail: Self.nines.filter { range.contains($0) }
      }
    self.values = values
    let step = values.count > 1 ? values[1] - values[0] : values.first ?? 1
    let (unit, name) = DurationText.unit(of: values.map(\.magnitude).max() ?? 1)
    labels = values.map { value in
      switch kind {
      case .duration where scale == .linear:
        value == 0 ? "0" : "\(Self.number(value / unit, step: step / unit)) \(name)"
      case .duration: DurationText.of(milliseconds: value)
      case .fraction: Self.percent(value)
      case .number where scale == .log: Self.number(value, step: value)
      case .number: Self.number(value, step: step)
      }
    }
  }

  /// Multiples of 1, 2 or 5 times a power of ten within the range.
  static func linear(_ range: ClosedRange<Double>, count: Int) -> [Double] {
    let step = step(over: range.upperBound - range.lowerBound, count: count)
    guard step > 0 else { return [range.lowerBound] }
    let first = (range.lowerBound / step - 1e-9).rounded(.up)
    let last = (range.upperBound / step + 1e-9).rounded(.down)
    guard first <= last, last - first < 1_000 else { return [range.lowerBound] }
    return (0...Int(last - first)).map { (first + Double($0)) * step }
  }

  /// The smallest of 1, 2 or 5 times a power of ten that cuts a width into `count` parts or fewer.
  static func step(over width: Double, count: Int) -> Double {
    guard width > 0, width.isFinite else { return 0 }
    let least = width / Double(max(1, count))
    let power = pow(10, floor(log10(least)))
    return ([1, 2, 5].map { $0 * power }.first { $0 >= least * (1 - 1e-9) }) ?? 10 * power
  }

  /// Powers of ten, with 2 and 5 times them where there is room.
  static func logarithmic(_ range: ClosedRange<Double>, count: Int) -> [Double] {
    let low = Int(floor(log10(range.lowerBound)))
    let high = Int(ceil(log10(range.upperBound)))
    let decades = (low...max(low, high)).map { pow(10, Double($0)) }
    func within(_ values: [Double]) -> [Double] {
      values.filter {
        $0 >= range.lowerBound * (1 - 1e-9) && $0 <= range.upperBound * (1 + 1e-9)
      }
    }
    for factors in [[1.0, 2, 5], [1, 3], [1]] {
      let ticks = within(decades.flatMap { decade in factors.map { $0 * decade } })
      if ticks.count <= count, ticks.count > 1 { return ticks }
    }
    let powers = within(decades)
    // Less than a step of 1, 2, 5: as on a linear axis.
    guard powers.count > 1 else { return linear(range, count: count).filter { $0 > 0 } }
    let stride = (powers.count + count - 1) / max(1, count)
    return powers.enumerated().filter { $0.offset % stride == 0 }.map(\.element)
  }

  /// The least, the median, and one more nine each time.
  static let nines = [0, 0.5, 0.9, 0.99, 0.999, 0.9999, 0.99999, 0.999999]

  /// Of the nines as many as have room for their labels, what is asked for most first.
  init(tail range: ClosedRange<Double>, _ kind: ChartAxis.Kind, _ axis: PlotRange) {
    let all = PlotTicks(.tail, range, count: Self.nines.count, kind)
    let known = Array(zip(all.values, all.labels))
    var kept: [(value: Double, label: String)] = []
    for wanted in [0.99, 0.5, 0.9, 0.999, 0.9999, 0.99999, 0.999999, 0] {
      guard let (value, label) = known.first(where: { $0.0 == wanted }) else { continue }
      let places = (kept + [(value, label)]).map { each in
        (center: axis.pixel(each.value) ?? 0, width: TextRoom.width(each.label))
      }
      if (TextRoom.lines(places).max() ?? 0) == 0 { kept.append((value, label)) }
    }
    kept.sort { $0.value < $1.value }
    values = kept.map(\.value)
    labels = kept.map(\.label)
  }

  // MARK: Labels

  private static func percent(_ fraction: Double) -> String {
    let nines = max(0, -log10(max(1e-9, 1 - fraction)) - 2)
    return Readable.decimal(fraction * 100, places: Int((nines - 1e-6).rounded(.up)))
  }

  private static func number(_ value: Double, step: Double) -> String {
    let large = value.magnitude
    if large >= 1e15 { return "\(value)" }
    for (unit, letter) in [(1e9, "G"), (1e6, "M"), (1e3, "k")] where large >= unit * 10 {
      return Readable.decimal(value / unit, places: places(step / unit)) + letter
    }
    return Readable.decimal(value, places: places(step))
  }

  /// Digits after the point that a step needs.
  private static func places(_ step: Double) -> Int {
    guard step > 0, step < 1 else { return step == 2.5 ? 1 : 0 }
    return min(9, Int((-log10(step) - 1e-9).rounded(.up)))
  }
}

/// Times with the unit that suits them, for axes and tables.
package enum DurationText {
  /// As short as can be for round values: `500 µs`, `20 ms`, `1.5 s`.
  package static func of(milliseconds: Double) -> String {
    let (scale, unit) = unit(of: milliseconds)
    let value = milliseconds / scale
    var text = Readable.decimal(value, places: value < 1 ? 3 : value < 10 ? 2 : value < 100 ? 1 : 0)
    if text.contains(".") {
      while text.hasSuffix("0") { text.removeLast() }
      if text.hasSuffix(".") { text.removeLast() }
    }
    return "\(text) \(unit)"
  }

  /// Of a time that was measured, three digits that count: `1.00 ms`, `27.9 s`.
  static func measured(milliseconds: Double) -> String {
    let (scale, unit) = unit(of: milliseconds)
    let value = milliseconds / scale
    let places = value < 10 ? 2 : value < 100 ? 1 : 0
    return "\(Readable.decimal(value, places: places)) \(unit)"
  }

  /// The unit in which a time has few digits, in milliseconds, and its name.
  static func unit(of milliseconds: Double) -> (milliseconds: Double, name: String) {
    milliseconds < 1 ? (0.001, "µs") : milliseconds < 1_000 ? (1, "ms") : (1_000, "s")
  }
}
