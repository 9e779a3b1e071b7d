import Glibc
import Reports
import WireFormats

/// The plots of one result.
extension BenchResult {
  /// How often which latency was measured; without a tail so long that nothing else would be seen.
  var latencyChart: Chart? {
    guard let low = distribution.ranges.first?.low, let high = distribution.ranges.last?.high,
      high > 0
    else { return nil }
    let end = histogramEnd(high)
    let bars = histogram(low, end)
    let scale = PlotScale.fitting(low...end)
    var label = "latency" + (scale == .log ? ", logarithmic" : "")
    if end < high {
      let share = distribution.count(from: end, to: high * 2) / distribution.count * 100
      let told = Readable.decimal(share, places: share < 0.1 ? 3 : 1)
      label += "; \(told) % took longer, up to \(DurationText.of(milliseconds: high))"
    }
    var chart = Chart(
      title: "How long queries took",
      summary:
        "Histogram of latency. Half took \(told("p50")) or less, 99 of 100 \(told("p99")) or "
        + "less, the slowest \(told("max")).",
      x: ChartAxis(label, scale: scale, kind: .duration),
      y: ChartAxis("of all queries, %", including: [0]),
      series: [ChartSeries("", color: 0, .bars(bars))])
    chart.marks = ["p50", "p99"].compactMap { name in
      latencies[name].flatMap { $0 <= end ? ChartMark(.vertical, at: $0, name) : nil }
    }
    return chart
  }

  /// Where the slowest took several times as long as 99 of 100, somewhere behind these.
  private func histogramEnd(_ high: Double) -> Double {
    guard let most = distribution.latency(0.99), most > 0, high > most * 4 else { return high }
    let nearly = distribution.latency(0.999) ?? high
    return nearly < most * 3 ? nearly : most * 1.5
  }

  /// Ranges of equal width on the axis, as many as the number of queries is worth.
  private func histogram(_ low: Double, _ high: Double) -> [ChartSpan] {
    let total = distribution.count
    guard high > low else {
      return [ChartSpan(low: low * 0.95, high: high * 1.05, value: 100)]
    }
    let isLog = PlotScale.fitting(low...high) == .log
    let count = max(8, min(isLog ? 110 : 60, Int(2 * total.squareRoot())))
    let edges = (0...count).map { index in
      let part = Double(index) / Double(count)
      return isLog ? low * pow(high / low, part) : low + (high - low) * part
    }
    // The largest belongs to the last.
    return zip(edges, edges.dropFirst()).enumerated().map { index, edge in
      let end = index == count - 1 ? edge.1 * (1 + 1e-9) : edge.1
      let share = distribution.count(from: edge.0, to: end) / total
      return ChartSpan(low: edge.0, high: edge.1, value: share * 100)
    }
  }

  /// Latency by the fraction of queries that does not exceed it.
  var percentileChart: Chart? {
    let total = distribution.count
    guard total > 0 else { return nil }
    // Of a thousand queries the percentile 99.9 is the last that is more than one query.
    let reach = max(1, log10(total))
    let points = (0...160).compactMap { step -> ChartPoint? in
      let fraction = 1 - pow(10, -reach * Double(step) / 160)
      return distribution.latency(fraction).map { ChartPoint(fraction, $0) }
    }
    let values = points.map(\.y).filter { $0 > 0 }
    let scale = PlotScale.fitting((values.min() ?? 1)...(values.max() ?? 1))
    return Chart(
      title: "Percentiles",
      summary: "Latency that so many of all queries do not exceed: 50 % \(told("p50")), 90 % "
        + "\(told("p90")), 99 % \(told("p99")), 99.9 % \(told("p99_9")).",
      x: ChartAxis("% of all queries take no longer", scale: .tail, kind: .fraction),
      y: ChartAxis(
        "latency" + (scale == .log ? ", logarithmic" : ""), scale: scale, kind: .duration,
        including: scale == .log ? [] : [0]),
      series: [ChartSeries("", color: 0, .line(points))])
  }

  /// What was answered when.
  var throughputChart: Chart? {
    let rows = windows.wholeRows
    guard rows.count > 1 else { return nil }
    let answered = points { $0.sampleCount / windows.seconds }
    var series = [ChartSeries("answered", color: 0, .line(answered))]
    if rows.contains(where: { $0.failedCount > 0 }) {
      series.append(
        ChartSeries("failed", color: 1, .line(points { $0.failedCount / windows.seconds })))
    }
    let values = answered.map(\.y)
    var chart = Chart(
      title: "Throughput over time",
      summary: "Between \(RateText.of(values.min() ?? 0)) and \(RateText.of(values.max() ?? 0)) "
        + "\(throughputUnit) in windows of \(DurationText.of(milliseconds: windows.seconds * 1e3)).",
      x: ChartAxis("seconds since the beginning", including: [0]),
      y: ChartAxis(throughputUnit, including: [0]), series: series)
    chart.marks = phaseMarks
    return chart
  }

  /// How latency developed.
  var latencyOverTimeChart: Chart? {
    guard windows.wholeRows.count > 1 else { return nil }
    let named: [(String, (WindowTable.Row) -> Double?)] = [
      ("p50", \.p50), ("p90", \.p90), ("p99", \.p99),
    ]
    // Where a window has few queries its 99th percentile is only its slowest.
    let shown = windows.typicalQueryCount >= 20 ? named : Array(named.prefix(2))
    let series = shown.enumerated().map { number, each in
      ChartSeries(each.0, color: number, .line(points { each.1($0) ?? .nan }))
    }
    let values = shown.flatMap { each in windows.wholeRows.compactMap { each.1($0) } }
      .filter { $0 > 0 }
    guard let low = values.min(), let high = values.max() else { return nil }
    let scale = PlotScale.fitting(low...high)
    var chart = Chart(
      title: "Latency over time",
      summary: "In windows of \(DurationText.of(milliseconds: windows.seconds * 1e3)), between "
        + "\(DurationText.of(milliseconds: low)) and \(DurationText.of(milliseconds: high)).",
      x: ChartAxis("seconds since the beginning", including: [0]),
      y: ChartAxis(
        "latency" + (scale == .log ? ", logarithmic" : ""), scale: scale, kind: .duration,
        including: scale == .log ? [] : [0]),
      series: series)
    chart.marks = phaseMarks
    return chart
  }

  /// Parts of the run with a load of their own, in their order.
  var phases: [JSONValue] { Array((document["phases"]?.elements ?? []).prefix(100)) }

  /// Where phases begin, as far as their names have room.
  private var phaseMarks: [ChartMark] {
    let begun = phases.dropFirst().compactMap { phase -> ChartMark? in
      guard let from = phase["from_s"]?.finite, from > 0, from < seconds else { return nil }
      return ChartMark(.vertical, at: from, TextRoom.clipped(phase["name"]?.text ?? "", to: 16))
    }
    return begun.count <= 6 ? begun : []
  }

  private func points(_ value: (WindowTable.Row) -> Double) -> [ChartPoint] {
    windows.wholeRows.enumerated().map { index, row in
      ChartPoint((Double(index) + 0.5) * windows.seconds, value(row))
    }
  }

  var failureChart: RowChart? {
    guard !failures.isEmpty else { return nil }
    return RowChart(
      title: "Failures by kind", summary: "How many queries failed, by kind.",
      axis: ChartAxis("queries", including: [0]),
      rows: failures.prefix(12).map { .init($0.kind, .bar(Double($0.count)), "\($0.count)", .bad) })
  }

  /// A latency as text.
  func told(_ name: String) -> String {
    latencies[name].map { DurationText.measured(milliseconds: $0) } ?? "not measured"
  }
}
