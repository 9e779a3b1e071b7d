import ArgumentParser
import Jobs
import LoadTesting
import WireFormats

/// `apus bench compare`: which differences between results are more than noise.
struct BenchCompareCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "compare",
    abstract: "Say how results differ, and what of it is noise.",
    discussion: """
      The first result is the baseline, or the one that --baseline names. Each figure is compared window \
      by window; intervals allow for windows that resemble their neighbours. Two equal runs have any \
      difference named in at most one of twenty comparisons.

      apus bench compare before.json after.json
      apus bench compare after.json --baseline main --fail-on-regression
      """)

  @Argument(help: "Files that apus bench --json wrote.")
  var results: [String]

  @OptionGroup var judging: ComparisonArguments
  @OptionGroup var place: StoreArguments

  @Option(help: "Write the comparisons there as JSON; - is standard output, instead of the text.")
  var json: String?

  @Option(help: "Write a page of HTML there, with plots.")
  var report: String?

  func run() throws {
    let least = try judging.least
    var files = results
    let baseline: [BenchResult]
    if let name = judging.baseline {
      baseline = try BenchStore(place.store).load(name)
    } else {
      guard files.count > 1 else {
        throw Failure.usage("compare: say two results or more, or one and its --baseline")
      }
      baseline = try read(files.removeFirst())
    }
    let comparisons = try files.flatMap { file in
      let all = ResultComparison.all(baseline, try read(file), leastDifference: least)
      guard !all.isEmpty else {
        throw Failure.operation("\(file): it has none of the baseline's scenarios")
      }
      return all
    }
    try tell(comparisons)
    if judging.failOnRegression, comparisons.contains(where: { !$0.regressions.isEmpty }) {
      throw ExitCode(1)
    }
  }

  private func read(_ file: String) throws -> [BenchResult] {
    do {
      return try ResultFile.read(file).map {
        var result = $0
        result.name = file
        return result
      }
    } catch {
      throw Failure.operation("\(error)")
    }
  }

  private func tell(_ comparisons: [ResultComparison]) throws {
    let bytes = JSONValue.array(comparisons.map(\.json)).bytes
    if json == "-" {
      Terminal.tell(String(decoding: bytes, as: UTF8.self))
    } else {
      Terminal.tell(comparisons.map { $0.lines.joined(separator: "\n") }.joined(separator: "\n\n"))
    }
    if let json, json != "-" { try BenchFile.write(bytes + [10], to: json) }
    if let report {
      let page = BenchReport(
        title: "Comparison", parts: comparisons.map { .comparison($0) })
      try BenchFile.write(Array(page.html.utf8), to: report)
    }
  }
}

/// How results are compared.
struct ComparisonArguments: ParsableArguments {
  @Option(help: "Compare with the result that was kept by this name.")
  var baseline: String?

  @Option(
    help: """
      The least difference that counts, as a fraction or with %: runs of the same differ by about 1 % \
      among themselves. (default: 1%)
      """)
  var leastDifference: String?

  @Flag(help: "End with 1 where a figure is worse than the baseline's by more than noise.")
  var failOnRegression = false

  var least: Double {
    get throws {
      guard let text = leastDifference else { return ResultComparison.usualLeastDifference }
      let isPercent = text.hasSuffix("%")
      guard let number = Double(isPercent ? String(text.dropLast()) : text), number >= 0,
        number / (isPercent ? 100 : 1) < 1
      else {
        throw Failure.usage(
          "--least-difference: expected a fraction below 1 such as 0.02 or 2%, got \(text)")
      }
      return isPercent ? number / 100 : number
    }
  }
}

/// Files that results are written to.
enum BenchFile {
  static func write(_ bytes: [UInt8], to path: String) throws {
    do {
      try JobFile.write(bytes, to: path)
    } catch {
      throw Failure.operation("\(error)")
    }
  }
}
