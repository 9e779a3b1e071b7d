import Reports

/// The report of `apus bench` as a page of HTML that needs nothing else: no script, font, picture or
/// network.
package struct BenchReport: Sendable {
  /// One part of it, under a heading of its own.
  package enum Part: Sendable {
    case result(BenchResult)
    /// Two targets that were measured in turns.
    case turns(TurnComparison)
    /// A result beside an earlier one.
    case comparison(ResultComparison)
    /// The same load at several strengths.
    case sweep(SweepResult)

    package var results: [BenchResult] {
      switch self {
      case .result(let result): [result]
      case .turns(let turns): [turns.target, turns.against]
      case .comparison(let comparison): [comparison.baseline, comparison.result]
      case .sweep(let sweep): sweep.points.map(\.result)
      }
    }

    /// What was measured.
    package var name: String {
      if case .turns(let turns) = self {
        return "\(turns.target.name) against \(turns.against.name)"
      }
      return results.first?.name ?? ""
    }
  }

  let title: String
  let parts: [Part]

  package init(title: String, parts: [Part]) {
    self.title = title
    self.parts = parts
  }

  package var html: String {
    ReportPage.html(title: "\(title) · apus bench") { writeBody(&$0) }
  }

  private func writeBody(_ markup: inout Markup) {
    markup.element("header") { markup in
      markup.element("p", ["class": "kicker"], kicker)
      markup.element("h1", title)
      if parts.count > 1 { writeOverview(&markup) }
    }
    markup.element("main") { markup in
      for part in parts {
        markup.add(raw: "\n")
        markup.element("section") { markup in
          switch part {
          case .result(let result): ResultSection(result).write(&markup)
          case .turns(let turns): ComparisonSection.write(turns, &markup)
          case .comparison(let comparison): ComparisonSection.write(comparison, &markup)
          case .sweep(let sweep): sweep.write(&markup)
          }
        }
      }
      writeSurroundings(&markup)
    }
    markup.element("footer") { markup in
      markup.element(
        "p",
        "Latency counts from when a query was due to its whole answer. Scenarios follow MLPerf's rules; "
          + "none of these figures is an MLPerf result.")
    }
  }

  private var results: [BenchResult] { parts.flatMap(\.results) }

  private var kicker: String {
    let facts = results.first?.environment ?? []
    func fact(_ key: String) -> String? { facts.first { $0.key == key }?.value }
    return ["apus bench", fact("measured_at"), fact("processor")].compactMap { $0 }
      .joined(separator: " · ")
  }

  /// All results at a glance.
  private func writeOverview(_ markup: inout Markup) {
    var table = HTMLTable(["", "p50", "p90", "p99", "throughput", "errors", "valid"])
    for result in results {
      let name = result.name == title ? result.scenario : "\(result.scenario), \(result.name)"
      table.rows.append(
        [name, result.told("p50"), result.told("p90"), result.told("p99")]
          + ["\(RateText.of(result.throughput)) \(result.throughputUnit)", result.errorText]
          + [result.isValid ? "yes" : "no"])
    }
    table.write(&markup)
  }

  /// On what and how; once for all that were measured alike.
  private func writeSurroundings(_ markup: inout Markup) {
    var seen: Set<String> = []
    var told: [String: String] = [:]
    markup.element("h2", "Measured on")
    for result in results where seen.insert(result.surroundings).inserted {
      var table = HTMLTable(["", ""])
      table.rows = result.environment.filter { told[$0.key] != $0.value }.map {
        [$0.key, $0.value]
      }
      table.isNumeric = false
      table.write(&markup)
      if !result.command.isEmpty, told["command"] != result.command {
        markup.element("pre", result.command)
      }
      for fact in result.environment { told[fact.key] = fact.value }
      told["command"] = result.command
    }
  }
}

extension BenchResult {
  /// What it was measured on and how, but not when.
  fileprivate var surroundings: String {
    environment.filter { $0.key != "measured_at" }.map { "\($0.key)=\($0.value)" }
      .joined(separator: "\n") + command
  }

  var errorText: String {
    errorRate == 0 ? "none" : "\(Readable.decimal(errorRate * 100, places: 2)) %"
  }
}

/// A table of texts; numbers to the right.
struct HTMLTable {
  let titles: [String]
  var rows: [[String]] = []
  /// All columns but the first are numbers.
  var isNumeric = true

  init(_ titles: [String]) { self.titles = titles }

  func write(_ markup: inout Markup) {
    markup.element("div", ["class": "scroll"]) { markup in
      markup.element("table") { markup in
        if !titles.allSatisfy(\.isEmpty) {
          markup.element("thead") { markup in
            markup.element("tr") { writeCells(titles, "th", &$0) }
          }
        }
        markup.element("tbody") { markup in
          for row in rows { markup.element("tr") { writeCells(row, "td", &$0) } }
        }
      }
    }
  }

  private func writeCells(_ cells: [String], _ name: String, _ markup: inout Markup) {
    for (column, cell) in cells.enumerated() {
      if column == 0 {
        let scope = name == "th" ? "col" : "row"
        markup.element("th", ["scope": scope], cell)
      } else if name == "th" {
        markup.element(name, ["scope": "col", "class": isNumeric ? "n" : ""], cell)
      } else {
        markup.element(name, ["class": isNumeric ? "n" : "wrap"], cell)
      }
    }
  }
}
