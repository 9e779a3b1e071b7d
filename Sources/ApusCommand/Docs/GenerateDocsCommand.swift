import ArgumentParser
import GraphSteps
import HTTPFront
import Jobs
import ModelStore
import Monitoring
import Settings
import WireFormats

/// `apus generate-docs`: writes the pages of docs/operating that come from tables in the code.
struct GenerateDocsCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "generate-docs",
    abstract: "Write the reference pages that are made from the code.",
    discussion: "apus generate-docs docs/operating",
    shouldDisplay: false)

  @Argument(help: "The directory to write them in.")
  var directory: String

  func run() throws {
    let pages = [
      ("configuration.md", SettingsTable.markdown()),
      ("metrics.md", MetricsTable.markdown()),
      ("errors.md", FailureTables.markdown()),
      ("endpoints.md", EndpointTable.markdown()),
      ("graph-steps.md", BuiltInSteps.markdown()),
      ("config-pbtxt.md", ConfigurationPages.triton),
      ("model-yaml.md", ConfigurationPages.own),
    ]
    do throws(JobProblem) {
      try JobFile.makeDirectory(directory)
      for (name, text) in pages {
        try JobFile.write(Array(text.utf8), to: "\(directory)/\(name)")
      }
    } catch {
      throw Failure.operation("\(error)")
    }
  }
}
