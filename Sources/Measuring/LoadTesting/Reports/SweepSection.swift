package import WireFormats

/// The same load at several strengths, as its document says it.
package struct SweepResult: Sendable {
  struct Point: Sendable {
    /// Queries a second, or at a time.
    let value: Double
    let result: BenchResult
  }

  /// `rate` or `concurrency`.
  let axis: String
  let points: [Point]
  /// The place among the points behind which more load costs more latency than it gains.
  let knee: Int?

  /// `nil` where the document is no sweep.
  package init?(_ document: JSONValue) {
    guard let axis = document["sweep"]?.text, let elements = document["points"]?.elements else {
      return nil
    }
    self.axis = axis
    let points = elements.prefix(ResultFile.resultsMax).compactMap { element -> Point? in
      guard let value = element["value"]?.finite,
        let result = element["result"].flatMap(BenchResult.init)
      else { return nil }
      return Point(value: value, result: result)
    }
    guard !points.isEmpty else { return nil }
    self.points = points
    let index = document["knee"]?["point"]?.whole.map { Int(clamping: $0) }
    knee = index.flatMap { points.indices.contains($0) ? $0 : nil }
  }

  private var load: String { axis == "rate" ? "asked, queries/s" : "queries at a time" }

  var latencyChart: Chart {
    let series = ["p50", "p90", "p99"].enumerated().map { color, name in
      ChartSeries(
        name, color: color,
        .dottedLine(points.map { ChartPoint($0.value, $0.result.latencies[name] ?? .nan) }))
    }
    let values = points.flatMap { point in
      ["p50", "p99"].compactMap { point.result.latencies[$0] }.filter { $0 > 0 }
    }
    let scale = PlotScale.fitting((values.min() ?? 1)...(values.max() ?? 1), logAbove: 8)
    var chart = Chart(
      title: axis == "rate" ? "Latency by rate" : "Latency by concurrency",
      summary: "Latency at \(points.count) loads. " + kneeText,
      x: ChartAxis(load, including: axis == "rate" ? [0] : []),
      y: ChartAxis(
        "latency" + (scale == .log ? ", logarithmic" : ""), scale: scale, kind: .duration,
        including: scale == .log ? [] : [0]),
      series: series)
    chart.marks = marks
    return chart
  }

  var throughputChart: Chart {
    var chart = Chart(
      title: axis == "rate" ? "Throughput by rate" : "Throughput by concurrency",
      summary: "What was answered at \(points.count) loads. " + kneeText,
      x: ChartAxis(load, including: axis == "rate" ? [0] : []),
      y: ChartAxis(points[0].result.throughputUnit, including: [0]),
      series: [
        ChartSeries(
          "", color: 0, .dottedLine(points.map { ChartPoint($0.value, $0.result.throughput) }))
      ])
    chart.marks = marks
    return chart
  }

  private var marks: [ChartMark] {
    knee.map { [ChartMark(.vertical, at: points[$0].value, "knee")] } ?? []
  }

  private var kneeText: String {
    guard let knee else { return "No knee was found." }
    return
      "The knee is at \(RateText.of(points[knee].value)): more load costs more latency than it gains."
  }

  // MARK: A part of a report

  func write(_ markup: inout Markup) {
    let first = points[0].result
    markup.element("h2", "\(first.scenario) at \(points.count) loads")
    markup.element("p", kneeText)
    ReportFigure.write(latencyChart, &markup)
    ReportFigure.write(throughputChart, &markup)
    var table = HTMLTable([
      axis == "rate" ? "asked/s" : "at a time", first.throughputUnit, "p50", "p90", "p99", "errors",
      "valid", "",
    ])
    for (index, point) in points.enumerated() {
      let result = point.result
      table.rows.append(
        [RateText.of(point.value), RateText.of(result.throughput)]
          + ["p50", "p90", "p99"].map(result.told)
          + [result.errorText, result.isValid ? "yes" : "no", index == knee ? "knee" : ""])
    }
    table.write(&markup)
    let problems = points.flatMap { point in
      point.result.problems.map { "\(RateText.of(point.value)): \($0)" }
    }
    if !problems.isEmpty {
      markup.element("ul", ["class": "problems"]) { markup in
        for problem in problems.prefix(50) { markup.element("li", problem) }
      }
    }
  }
}
