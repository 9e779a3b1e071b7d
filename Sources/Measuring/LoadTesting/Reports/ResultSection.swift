import Reports
import WireFormats

/// The part of a report about one result.
struct ResultSection {
  let result: BenchResult
  let heading: String

  init(_ result: BenchResult, heading: String? = nil) {
    self.result = result
    self.heading = heading ?? result.scenario
  }

  func write(_ markup: inout Markup) {
    markup.element("h2", heading)
    markup.element("p", ["class": "soft"], extent)
    writeTiles(&markup)
    writeRemarks(&markup)
    writePercentiles(&markup)
    ReportFigure.write(result.latencyChart, &markup)
    ReportFigure.write(result.latencyOverTimeChart, &markup)
    ReportFigure.write(result.throughputChart, &markup)
    writeWindows(&markup)
    writePhases(&markup)
    writeAccuracy(&markup)
    writeFailures(&markup)
    writeServer(&markup)
  }

  private var extent: String {
    let size = result.asked("samples_per_query")?.whole ?? 1
    let queries = "\(result.queryCount) \(result.queryCount == 1 ? "query" : "queries")"
    let samples = size == 1 ? "" : " of \(size) samples"
    let seconds = "in \(Readable.decimal(result.seconds, places: 1)) s"
    if let rate = result.asked("rate")?.finite {
      return "\(queries)\(samples) \(seconds), \(RateText.of(rate)) a second"
    }
    let concurrency = result.asked("concurrency")?.whole ?? 1
    if result.asked("offline") != nil {
      return "1 query of \(result.queryCount) samples \(seconds), handed over at once, "
        + "\(concurrency) \(concurrency == 1 ? "request" : "requests") open at a time"
    }
    return
      "\(queries)\(samples) \(seconds), \(concurrency == 1 ? "one" : "\(concurrency)") at a time"
  }

  // MARK: Headline figures

  private func writeTiles(_ markup: inout Markup) {
    markup.element("dl", ["class": "tiles"]) { markup in
      for name in ["p50", "p90", "p99"] {
        tile(
          name, result.latencies[name] == nil ? "–" : result.told(name), isLead: name == lead,
          &markup)
      }
      tile(
        "throughput", RateText.of(result.throughput), small: result.throughputUnit,
        isLead: lead == "throughput", &markup)
      tile("errors", result.errorText, tone: result.errorRate > 0 ? "bad" : "", &markup)
      tile(
        "valid", result.isValid ? "✓ yes" : "✗ no",
        tone: result.isValid ? "good" : "bad", &markup)
    }
  }

  /// What the scenario is judged by.
  private var lead: String {
    switch result.scenario {
    case "single-stream": "p90"
    case "multi-stream", "server": "p99"
    default: "throughput"
    }
  }

  private func tile(
    _ name: String, _ value: String, small: String = "", isLead: Bool = false, tone: String = "",
    _ markup: inout Markup
  ) {
    markup.element("div", ["class": isLead ? "lead" : ""]) { markup in
      markup.element("dt", name)
      markup.element("dd", ["class": tone]) { markup in
        markup.add(value)
        if !small.isEmpty {
          markup.add(" ")
          markup.element("small", small)
        }
      }
    }
  }

  private func writeRemarks(_ markup: inout Markup) {
    if !result.problems.isEmpty {
      markup.element("ul", ["class": "problems"]) { markup in
        for problem in result.problems { markup.element("li", problem) }
      }
    }
    var notes: [String] = []
    let isStandard = ["single-stream", "multi-stream", "server", "offline"].contains(
      result.scenario)
    if isStandard, !result.isFullRun {
      notes.append("Not a full run: MLPerf's rules ask for 600 s.")
    }
    if result.document["accuracy"] ?? .null == .null {
      notes.append("Speed only: accuracy was not measured.")
    }
    guard !notes.isEmpty else { return }
    markup.element("ul", ["class": "notes"]) { markup in
      for note in notes { markup.element("li", note) }
    }
  }

  // MARK: Figures with their tables

  private func writePercentiles(_ markup: inout Markup) {
    guard let chart = result.percentileChart else { return }
    markup.element("div", ["class": "pair beside"]) { markup in
      ReportFigure.write(chart, &markup, wide: .beside)
      markup.element("div") { markup in
        markup.element("h3", "Latency")
        var table = HTMLTable(["", ""])
        for (name, key) in Self.percentiles {
          guard let value = result.latencies[key] else { continue }
          table.rows.append([name, DurationText.measured(milliseconds: value)])
        }
        table.write(&markup)
      }
    }
  }

  private static let percentiles: [(String, String)] = [
    ("mean", "mean"), ("p50", "p50"), ("p90", "p90"), ("p95", "p95"), ("p99", "p99"),
    ("p99.9", "p99_9"), ("p99.99", "p99_99"), ("slowest", "max"),
    ("early stopping", "early_stopping"),
  ]

  private func writeWindows(_ markup: inout Markup) {
    let windows = result.windows
    guard windows.rows.count > 1 else { return }
    markup.element("details") { markup in
      markup.element("summary", "Over time, as a table")
      var table = HTMLTable(["from second", "answered", "failed", "mean", "p50", "p90", "p99"])
      for (index, row) in windows.rows.enumerated() {
        let times = [row.mean, row.p50, row.p90, row.p99].map { value in
          value.map { DurationText.measured(milliseconds: $0) } ?? ""
        }
        table.rows.append(
          [Readable.decimal(Double(index) * windows.seconds, places: 2)]
            + [
              Readable.decimal(row.queryCount, places: 0),
              Readable.decimal(row.failedCount, places: 0),
            ] + times)
      }
      table.write(&markup)
    }
  }

  private func writePhases(_ markup: inout Markup) {
    let phases = result.phases
    guard !phases.isEmpty else { return }
    markup.element("h3", "Phases")
    var table = HTMLTable(["", "asked/s", "answered/s", "p50", "p90", "p99", "errors"])
    for phase in phases {
      let rates = ["asked_rate", "throughput"].map { key in
        phase[key]?.finite.map(RateText.of) ?? ""
      }
      let times = ["p50", "p90", "p99"].map { key in
        phase["latency_ms"]?[key]?.finite.map { DurationText.measured(milliseconds: $0) } ?? ""
      }
      let errors = (phase["errors"]?["rate"]?.finite ?? 0) * 100
      table.rows.append(
        [phase["name"]?.text ?? ""] + rates + times
          + [errors == 0 ? "none" : "\(Readable.decimal(errors, places: 2)) %"])
    }
    table.write(&markup)
  }

  /// Whatever was measured beside speed: names and values.
  private func writeAccuracy(_ markup: inout Markup) {
    var table = HTMLTable(["", ""])
    for member in (result.document["accuracy"]?.members ?? []).prefix(50) {
      let value = member.value.finite.map { Readable.decimal($0, places: 4) } ?? member.value.text
      if let value { table.rows.append([member.key, value]) }
    }
    guard !table.rows.isEmpty else { return }
    markup.element("h3", "Accuracy")
    table.write(&markup)
  }

  private func writeFailures(_ markup: inout Markup) {
    guard let chart = result.failureChart else { return }
    ReportFigure.write(chart, &markup)
  }

  private func writeServer(_ markup: inout Markup) {
    var table = HTMLTable(["", ""])
    table.rows = serverFacts.map { [$0.0, $0.1] }
    guard !table.rows.isEmpty else { return }
    markup.element("h3", "What it took")
    table.write(&markup)
  }

  private var serverFacts: [(String, String)] {
    var facts: [(String, String)] = []
    let server = result.document["server"]
    for name in ServerStatistics.names {
      guard let value = server?["model"]?["\(name)_ms"]?.finite else { continue }
      let words = name.split(separator: "_").joined(separator: " ")
      facts.append(("\(words), as the server counts it", "\(MillisecondText.of(value * 1e6)) ms"))
    }
    let who = server?["process"]?.text ?? "process"
    if let cores = server?["cpu_cores"]?.finite {
      let both = server?["with_generator"] == .bool(true) ? ", with the load generator" : ""
      facts.append(("processor time, \(who)\(both)", "\(Readable.decimal(cores, places: 2)) cores"))
    }
    if let memory = server?["memory_bytes"]?.finite, memory.magnitude < 1e15 {
      facts.append(("memory, \(who)", Readable.bytes(Int(memory))))
    }
    if let energy = result.document["energy"], let watts = energy["watts"]?.finite {
      facts.append(("power, whole machine", "\(Readable.decimal(watts, places: 1)) W"))
      if let joules = energy["joules_per_sample"]?.finite {
        facts.append(("energy", "\(Readable.decimal(joules, places: 3)) J a sample"))
      }
    }
    if let lag = result.document["generator"]?["lag_p99_ms"]?.finite {
      facts.append(("generator late by, p99", "\(MillisecondText.of(lag * 1e6)) ms"))
    }
    return facts
  }
}

/// A plot with its heading, twice: as a page and as a phone show it.
enum ReportFigure {
  static func write(_ chart: Chart?, _ markup: inout Markup, wide: Chart.Size = .wide) {
    guard let chart else { return }
    write(chart.title, chart.svg(wide), chart.svg(.narrow), &markup)
  }

  static func write(_ chart: RowChart, _ markup: inout Markup) {
    write(chart.title, chart.svg(.wide), chart.svg(.narrow), &markup)
  }

  private static func write(
    _ title: String, _ wide: String, _ narrow: String, _ markup: inout Markup
  ) {
    markup.add(raw: "\n")
    markup.element("figure") { markup in
      markup.element("h3", title)
      markup.element("div", ["class": "wide"]) { $0.add(raw: wide) }
      markup.element("div", ["class": "narrow"]) { $0.add(raw: narrow) }
    }
  }
}
