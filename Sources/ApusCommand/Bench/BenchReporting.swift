import ArgumentParser
import LoadTesting
import WireFormats

/// Where results go beside the terminal, and what they are compared with.
struct ReportArguments: ParsableArguments {
  @Option(help: "Write a page of HTML there, with plots; it needs nothing else.")
  var report: String?

  @Option(help: "Write a table there, a row for each scenario.")
  var csv: String?

  @Option(help: "Write test cases there for CI: one for each scenario and each --fail-if.")
  var junit: String?

  @Option(help: "Keep the results by this name, for --baseline and apus bench compare.")
  var save: String?

  @OptionGroup var judging: ComparisonArguments
  @OptionGroup var place: StoreArguments

  /// Tells wrong usage, and a baseline that is not there, before anything is measured.
  func prepare() throws -> BenchReporting {
    if let save { try BenchStore.check(save) }
    if judging.failOnRegression, judging.baseline == nil {
      throw Failure.usage("--fail-on-regression: say the --baseline that results are compared with")
    }
    let store = BenchStore(place.store)
    return BenchReporting(
      arguments: self, store: store, baseline: try judging.baseline.map(store.load),
      least: try judging.least)
  }
}

/// Writes what came of one `apus bench` to all places that were asked for.
struct BenchReporting {
  let arguments: ReportArguments
  let store: BenchStore
  let baseline: [BenchResult]?
  let least: Double

  /// - Returns: comparisons with the baseline, where there is one.
  func write(_ documents: [JSONValue], target: String) throws -> [ResultComparison] {
    let measured = BenchReport.parts(of: .array(documents))
    let results = measured.flatMap(\.results)
    let comparisons =
      baseline.map { ResultComparison.all($0, results, leastDifference: least) } ?? []
    if let file = arguments.csv {
      try BenchFile.write(Array(ResultTable.csv(results).utf8), to: file)
    }
    if let name = arguments.save {
      let document = documents.count == 1 ? documents[0] : .array(documents)
      try store.save(document.bytes + [10], as: name)
    }
    if let file = arguments.report {
      let page = BenchReport(
        title: measured.first?.name ?? target, parts: measured + comparisons.map { .comparison($0) }
      )
      try BenchFile.write(Array(page.html.utf8), to: file)
    }
    if baseline != nil, comparisons.isEmpty {
      throw Failure.operation("--baseline: it has none of these scenarios")
    }
    return comparisons
  }

  /// One test case for each scenario, and for each threshold of it.
  func writeCases(_ outcomes: [LoadOutcome], _ thresholds: [FailureThreshold]) throws {
    guard let file = arguments.junit else { return }
    let cases = outcomes.flatMap { outcome -> [JUnitReport.Case] in
      let scenario = outcome.plan.scenario.rawValue
      let failure = outcome.isComplete ? nil : outcome.problems.joined(separator: "\n")
      return [
        .init(
          suite: scenario, name: "measured", seconds: outcome.seconds, failure: failure,
          notes: outcome.problems)
      ]
        + thresholds.map {
          .init(
            suite: scenario, name: "not \($0.text)", seconds: 0,
            failure: $0.complaint(about: outcome))
        }
    }
    try BenchFile.write(Array(JUnitReport(cases).xml.utf8), to: file)
  }
}
