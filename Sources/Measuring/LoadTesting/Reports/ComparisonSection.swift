import Reports
package import WireFormats

/// Two targets measured in turns, as their document says it.
package struct TurnComparison: Sendable {
  let target: BenchResult
  let against: BenchResult
  let rounds: Int
  let ratios: [(name: String, value: Double, low: Double, high: Double, differs: Bool)]

  /// `nil` where the document is no such comparison.
  package init?(_ document: JSONValue) {
    guard let target = document["target"].flatMap(BenchResult.init),
      let against = document["against"].flatMap(BenchResult.init),
      let ratios = document["ratio"]?.members
    else { return nil }
    self.target = target
    self.against = against
    rounds = document["rounds"]?.whole.map { Int(clamping: $0) } ?? 0
    self.ratios = ratios.prefix(20).compactMap { member in
      guard let value = member.value["value"]?.finite, let low = member.value["low"]?.finite,
        let high = member.value["high"]?.finite
      else { return nil }
      return (member.key, value, low, high, member.value["differs"] == .bool(true))
    }
  }
}

/// The part of a report about how two results differ.
enum ComparisonSection {
  static func write(_ turns: TurnComparison, _ markup: inout Markup) {
    markup.element("h2", "\(turns.target.scenario): two targets in turns")
    markup.element(
      "p",
      "\(turns.target.name) against \(turns.against.name), \(turns.rounds) rounds. Each ratio is that of "
        + "the first to the second; where its interval of 95 % holds 1 there is no difference to be seen."
    )
    let rows = turns.ratios.map { ratio -> RowChart.Row in
      let isBetter = (ratio.value < 1) == (ratio.name != "throughput")
      return row(
        ratio.name, ratio.value, ratio.low, ratio.high,
        tone: !ratio.differs ? .soft : isBetter ? .good : .bad)
    }
    write(rows, "ratio, the first to the second", &markup)
    for result in [turns.target, turns.against] {
      ResultSection(result, heading: "\(result.scenario), \(result.name)").write(&markup)
    }
  }

  static func write(_ comparison: ResultComparison, _ markup: inout Markup) {
    markup.element("h2", "\(comparison.result.scenario): \(comparison.result.name)")
    markup.element(
      "p",
      "Beside the baseline \(comparison.baseline.name). Ratios are to the baseline; all intervals hold "
        + "together with 95 %, and what is grey is noise.")
    if !comparison.doubts.isEmpty {
      markup.element("ul", ["class": "problems"]) { markup in
        for doubt in comparison.doubts { markup.element("li", doubt) }
      }
    }
    let rows = comparison.differences.filter { $0.unit != "%" }.map { difference in
      row(
        difference.name, difference.ratio, difference.low, difference.high,
        tone: difference.verdict == .noise
          ? .soft : difference.verdict == .better ? .good : .bad)
    }
    write(rows, "ratio to the baseline", &markup)
    var table = HTMLTable(["", "baseline", "now", "change", "95 % interval", ""])
    table.rows = comparison.cells
    table.write(&markup)
    markup.element("ul", ["class": "notes"]) { markup in
      for reason in comparison.leftOut { markup.element("li", "Not compared: \(reason).") }
    }
    if let chart = comparison.percentileChart { ReportFigure.write(chart, &markup) }
  }

  private static func row(
    _ name: String, _ value: Double, _ low: Double, _ high: Double, tone: RowChart.Tone
  ) -> RowChart.Row {
    .init(
      name, .interval(low: low, value: value, high: high), Readable.decimal(value, places: 3), tone)
  }

  private static func write(
    _ rows: [RowChart.Row], _ label: String, _ markup: inout Markup
  ) {
    guard !rows.isEmpty else { return }
    ReportFigure.write(
      RowChart(
        title: "How they differ", summary: "Ratios of figures with their intervals of 95 %.",
        axis: ChartAxis(label, including: [0.95, 1.05]), reference: 1, rows: rows), &markup)
  }
}

extension ResultComparison {
  /// Percentiles of both in one plot.
  var percentileChart: Chart? {
    guard var chart = baseline.percentileChart, let own = result.percentileChart else { return nil }
    chart.series = zip([own, chart], [result.name, "baseline"]).enumerated().flatMap {
      color, named in
      named.0.series.map { ChartSeries(named.1, color: color, $0.shape) }
    }
    chart.summary = "Latency by percentile of both results."
    return chart
  }
}
