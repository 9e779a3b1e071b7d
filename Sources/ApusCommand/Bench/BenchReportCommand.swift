import ArgumentParser
import LoadTesting

/// `apus bench report`: the page of results that were measured before.
struct BenchReportCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "report", abstract: "Draw results that apus bench --json wrote as a page of HTML.")

  @Argument(help: "Files that apus bench --json wrote; - is standard input.")
  var results: [String]

  @Option(help: "Write the page there.")
  var to: String

  func run() throws {
    let parts: [BenchReport.Part]
    do {
      parts = try results.flatMap { try ResultFile.parts(of: $0) }
    } catch {
      throw Failure.operation("\(error)")
    }
    let page = BenchReport(title: parts.first?.name ?? "", parts: parts)
    try BenchFile.write(Array(page.html.utf8), to: to)
  }
}
