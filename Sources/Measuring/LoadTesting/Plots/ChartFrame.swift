/// Where everything of a plot lies: its axes with their ticks, and the room around them.
struct ChartFrame: Sendable {
  let x: PlotRange
  let y: PlotRange
  let xTicks: PlotTicks
  let yTicks: PlotTicks
  /// The lines of the marks' labels, in the order of the marks.
  let markLines: [Int]
  let legendLines: [[ChartSeries]]
  let size: Chart.Size
  let left: Double
  let top: Double
  let titleHeight: Double

  var right: Double { size.width - 12 }
  var bottom: Double { size.height - 40 }

  /// `nil` where nothing can be drawn.
  init?(_ chart: Chart, _ size: Chart.Size, showsTitle: Bool) {
    guard let xValues = chart.xValues, let yValues = chart.yValues else { return nil }
    self.size = size
    yTicks = PlotTicks(chart.y.scale, yValues, count: size.height > 280 ? 6 : 5, chart.y.kind)
    let tickWidth = yTicks.labels.map(TextRoom.width).max() ?? 0
    left = max(28, tickWidth + 10)
    let right = size.width - 12
    xTicks = Self.xTicks(chart.x, xValues, width: right - left)
    x = PlotRange(scale: chart.x.scale, values: xValues, pixels: (left, right))
    legendLines = Self.legend(chart.series, width: size.width - 12)
    markLines = Self.markLines(chart, x, from: left, to: right)
    titleHeight = showsTitle ? 22 : 0
    let marks = Double((markLines.max() ?? -1) + 1)
    top =
      titleHeight + 28 + TextRoom.lineHeight * (Double(legendLines.count) + marks)
      - (marks > 0 ? 4 : 0)
    y = PlotRange(scale: chart.y.scale, values: yValues, pixels: (size.height - 40, top))
  }

  /// As many as have room for their labels.
  private static func xTicks(
    _ axis: ChartAxis, _ values: ClosedRange<Double>, width: Double
  ) -> PlotTicks {
    let range = PlotRange(scale: axis.scale, values: values, pixels: (0, width))
    if axis.scale == .tail { return PlotTicks(tail: values, axis.kind, range) }
    var count = max(2, Int(width / 70))
    while true {
      let ticks = PlotTicks(axis.scale, values, count: count, axis.kind)
      let labels = zip(ticks.values, ticks.labels).compactMap { value, label in
        range.pixel(value).map { (center: $0, width: TextRoom.width(label) + 4) }
      }
      if count <= 2 || (TextRoom.lines(labels).max() ?? 0) == 0 { return ticks }
      count -= 1
    }
  }

  /// The named series, as many on a line as fit.
  private static func legend(_ series: [ChartSeries], width: Double) -> [[ChartSeries]] {
    let named = series.filter { !$0.name.isEmpty }
    guard named.count > 1 else { return [] }
    var lines: [[ChartSeries]] = [[]]
    var place = 0.0
    for each in named {
      let room = Self.legendRoom(each)
      if place + room > width, !lines[lines.count - 1].isEmpty {
        lines.append([])
        place = 0
      }
      lines[lines.count - 1].append(each)
      place += room
    }
    return lines
  }

  static func legendRoom(_ series: ChartSeries) -> Double { 26 + TextRoom.width(series.name) + 14 }

  private static func markLines(
    _ chart: Chart, _ x: PlotRange, from left: Double, to right: Double
  ) -> [Int] {
    let vertical = chart.marks.filter { $0.direction == .vertical }
    return TextRoom.lines(
      vertical.map { mark in
        let width = TextRoom.width(mark.text)
        return (Self.within(x.pixel(mark.value) ?? left, width, left, right), width)
      })
  }

  /// The centre of a label that is wholly in the plot.
  static func within(_ center: Double, _ width: Double, _ left: Double, _ right: Double) -> Double {
    max(left + width / 2, min(right - width / 2, center))
  }
}

extension Chart {
  /// From the least to the largest value of x with a place on its axis.
  fileprivate var xValues: ClosedRange<Double>? {
    let values = series.flatMap { series -> [Double] in
      switch series.shape {
      case .line(let points), .dottedLine(let points), .dots(let points): points.map(\.x)
      case .bars(let bars): bars.flatMap { [$0.low, $0.high] }
      case .band(let bands): bands.map(\.x)
      }
    }
    return Self.range(values + markValues(.vertical), x, isOpenAbove: false)
  }

  /// Of y, rounded up to a tick where the axis is linear.
  fileprivate var yValues: ClosedRange<Double>? {
    let values = series.flatMap { series -> [Double] in
      switch series.shape {
      case .line(let points), .dottedLine(let points), .dots(let points): points.map(\.y)
      case .bars(let bars): bars.map(\.value)
      case .band(let bands): bands.flatMap { [$0.low, $0.high] }
      }
    }
    return Self.range(values + markValues(.horizontal), y, isOpenAbove: true)
  }

  private func markValues(_ direction: ChartMark.Direction) -> [Double] {
    marks.filter { $0.direction == direction }.map(\.value)
  }

  private static func range(
    _ values: [Double], _ axis: ChartAxis, isOpenAbove: Bool
  ) -> ClosedRange<Double>? {
    let placed = (values + axis.including).filter { axis.scale.measure($0) != nil }
    guard let low = placed.min(), let high = placed.max() else { return nil }
    switch axis.scale {
    case .tail: return low...max(low, high)
    case .log: return high > low * 1.2 ? low * 0.95...high * 1.05 : low / 1.5...high * 1.5
    case .linear:
      // A single value has a stretch around it.
      guard high > low else { return low == 0 ? 0...1 : min(low, low * 1.5, 0)...max(low * 1.5, 0) }
      guard isOpenAbove else { return low...high }
      let step = PlotTicks.step(over: high - low, count: 6)
      return (low / step + 1e-9).rounded(.down) * step...(high / step - 1e-9).rounded(.up) * step
    }
  }
}
