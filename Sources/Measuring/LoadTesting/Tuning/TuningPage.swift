import Reports

/// The report of `apus tune` as a page of HTML that needs nothing else.
package struct TuningPage: Sendable {
  private let report: TuningReport
  private let name: String
  private let environment: [(key: String, value: String)]
  private let command: String
  /// The winner in a sentence, and what it gains.
  private let verdict: [String]

  package init(
    _ report: TuningReport, name: String, verdict: [String], environment: LoadEnvironment,
    command: String
  ) {
    self.report = report
    self.name = name
    self.verdict = verdict
    self.environment = environment.facts
    self.command = command
  }

  package var html: String {
    ReportPage.html(title: "\(name) · apus tune") { markup in
      markup.element("header") { markup in
        markup.element("p", ["class": "kicker"], "apus tune · \(report.goal.text)")
        markup.element("h1", name)
        for line in verdict { markup.element("p", line) }
      }
      markup.element("main") { write(&$0) }
    }
  }

  private func write(_ markup: inout Markup) {
    markup.element("section") { markup in
      for chart in [latencyChart, memoryChart] { ReportFigure.write(chart, &markup) }
    }
    if let gain = report.gain {
      markup.element("section") { markup in
        markup.element("h2", "\(gain.configuration.text), beside the default")
        ReportFigure.write(Self.chart(of: gain), &markup)
      }
    }
    table("Answers, beside those of f32", report.variantCells, &markup)
    table("What was tried", report.recordCells, &markup)
    markup.element("h2", "Measured on")
    var facts = HTMLTable(["", ""])
    facts.isNumeric = false
    facts.rows = environment.map { [$0.key, $0.value] } + [["load", report.load]]
    facts.write(&markup)
    markup.element("pre", command)
  }

  private func table(
    _ title: String, _ cells: (titles: [String], rows: [[String]]), _ markup: inout Markup
  ) {
    guard !cells.rows.isEmpty else { return }
    markup.element("section") { markup in
      markup.element("h2", title)
      var table = HTMLTable(cells.titles)
      table.rows = cells.rows
      table.write(&markup)
    }
  }

  // MARK: Plots

  private var latencyChart: Chart {
    var chart = chart(
      "Throughput by p99", ChartAxis("p99", kind: .duration, including: [0])
    ) { TuningFigure.p99.value(in: $0).map { $0 / 1e6 } }
    chart.marks = report.goal.targets.compactMap { target in
      switch target.figure {
      case .p99: ChartMark(.vertical, at: target.bound / 1e6, target.text)
      case .throughput: ChartMark(.horizontal, at: target.bound, target.text)
      default: nil
      }
    }
    return chart
  }

  private var memoryChart: Chart {
    var chart = chart("Throughput by memory", ChartAxis("memory, MiB", including: [0])) {
      Double($0.memoryByteCount) / 1_048_576
    }
    chart.marks = report.goal.targets.filter { $0.figure == .memory }.map {
      ChartMark(.vertical, at: $0.bound / 1_048_576, $0.text)
    }
    return chart
  }

  /// Everything tried as a dot; what nothing beats, the default and the winner in colours of their own.
  private func chart(
    _ title: String, _ axis: ChartAxis, _ x: (TuningFigures) -> Double?
  ) -> Chart {
    func points(_ places: [Int]) -> [ChartPoint] {
      places.compactMap { place in
        report.records[place].figures.flatMap { figures in
          x(figures).map { ChartPoint($0, figures.throughput) }
        }
      }
    }
    let standard = report.records.indices.filter {
      report.records[$0].configuration == report.standard
    }
    let (short, long) = report.places
    let series: [(String, [ChartPoint])] = [
      ("short runs", points(short)), ("tried", points(long)), ("frontier", points(report.frontier)),
      ("default", points(standard)), ("winner", points(report.winner.map { [$0] } ?? [])),
    ]
    return Chart(
      title: title,
      summary: "\(report.records.count) configurations, \(report.frontier.count) of them on the "
        + "frontier, which no other beats by throughput, p99 and memory at once. Short runs are "
        + "those of configurations that were left behind; they are on no frontier.",
      x: axis, y: ChartAxis("samples/s", including: [0]),
      series: series.enumerated().filter { !$0.element.1.isEmpty }.map { index, each in
        ChartSeries(each.0, color: index, .dots(each.1))
      })
  }

  private static func chart(of gain: TuningGain) -> RowChart {
    RowChart(
      title: "Its figures over the default's",
      summary: "Ratios with their intervals of 95 %, of \(gain.rounds) rounds in turns; where an "
        + "interval holds 1 there is no difference to be seen.",
      axis: ChartAxis("ratio", including: [1]), reference: 1,
      rows: gain.ratios.map { ratio in
        .init(
          ratio.figure.rawValue,
          .interval(low: ratio.low, value: ratio.value, high: ratio.high),
          Readable.decimal(ratio.value, places: 3),
          ratio.isNoise ? .soft : ratio.isBetter ? .good : .bad)
      })
  }
}
