import Glibc
import Reports
package import WireFormats

extension ResultComparison {
  /// Name, both figures, the change with its interval, and what to think of it.
  var cells: [[String]] {
    differences.map { difference in
      [
        difference.unit == "%" ? difference.name : "\(difference.name), \(difference.unit)",
        difference.text(difference.baseline), difference.text(difference.value),
        difference.change(difference.ratio),
        "\(difference.change(difference.low)) to \(difference.change(difference.high))",
        difference.verdict == .noise ? "noise" : difference.verdict.rawValue,
      ]
    }
  }

  /// As a person reads it.
  package var lines: [String] {
    var table = TextTable(
      [.init(""), .init("baseline", .right), .init("now", .right), .init("change", .right)]
        + [.init("95 % interval", .right), .init("")])
    for row in cells { table.add(row) }
    let head = "\(result.scenario), \(result.name) beside \(baseline.name)"
    let named = differences.filter { $0.verdict != .noise }
    let verdict =
      differences.isEmpty
      ? "nothing can be compared"
      : named.isEmpty
        ? "no difference that is more than noise"
        : named.map { "\($0.name) is \($0.verdict.rawValue)" }.joined(separator: ", ")
    return [TextTable.harmless(head)] + table.lines.map { "  " + $0 }
      + leftOut.map { "  not compared: \($0)" }
      + doubts.map { TextTable.harmless("  doubt: \($0)") }
      + ["  \(verdict)"]
  }

  /// As a document.
  package var json: JSONValue {
    .object([
      .init("scenario", .string(result.scenario)), .init("baseline", .string(baseline.name)),
      .init("result", .string(result.name)), .init("confidence", .number(Self.confidence)),
      .init("differences", .object(differences.map { .init($0.name, $0.json) })),
      .init("not_compared", .array(leftOut.map { .string($0) })),
      .init("doubts", .array(doubts.map { .string($0) })),
      .init("regression", .bool(!regressions.isEmpty)),
    ])
  }
}

extension ResultComparison.Difference {
  fileprivate var isFraction: Bool { unit == "%" }

  fileprivate func text(_ value: Double) -> String {
    if isFraction { return "\(Readable.decimal(value * 100, places: 2)) %" }
    return unit == "ms" ? MillisecondText.of(value * 1e6) : RateText.of(value)
  }

  /// A ratio as a change in hundredths, of fractions the points.
  fileprivate func change(_ ratio: Double) -> String {
    let percent = isFraction ? ratio * 100 : (ratio - 1) * 100
    guard percent.isFinite, percent.magnitude < 1e6 else { return "beyond measure" }
    let text = Readable.decimal(percent, places: percent.magnitude < 10 ? 1 : 0)
    return (percent > 0 && !text.allSatisfy { "0.".contains($0) } ? "+" : "") + text + " %"
  }

  fileprivate var json: JSONValue {
    .object([
      .init("unit", .string(unit)), .init("baseline", .number(baseline)),
      .init("value", .number(value)), .init(isFraction ? "difference" : "ratio", .number(ratio)),
      .init("low", .number(low)), .init("high", .number(high)),
      .init("verdict", .string(verdict.rawValue)),
    ])
  }
}
