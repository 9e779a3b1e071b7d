import ArgumentParser
import Inference
import ModelStore
import Reports
import Serving
import Settings
import WireFormats

/// `apus inspect`: what a model takes and gives, and what it costs.
struct InspectCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "inspect",
    abstract: "Show a model's inputs, outputs, task, size, and whether it fits this machine.",
    discussion: """
      The model is loaded and asked once on zeros, so that memory and time are measured. Of a \
      directory each model is shown.

      apus inspect yolo11n.onnx
      apus inspect models/ --json
      apus inspect model_repository/ --explain
      """)

  @Argument(help: "A model file or directory, or a demo model: digits, shapes, iris.")
  var model: String

  @Flag(help: "Print JSON, one line for each model.")
  var json = false

  @Flag(
    help: """
      Show what was understood of the model's configuration, from which file and line, what is not \
      obeyed and what forbids to load it; and every class name and all metadata.
      """)
  var explain = false

  @OptionGroup var loading: ModelArguments

  func run() throws {
    let settings = try loading.settings()
    let explanations = explain ? try explanations(settings) : []
    let plans: [ModelPlan]
    do {
      plans = try loading.plans(model, settings: settings)
    } catch {
      for explanation in explanations {
        tell(ConfigurationReport(explanation), of: explanation)
      }
      throw error
    }
    var failedCount = 0
    for (index, plan) in plans.enumerated() {
      if index > 0, !json { Terminal.tell("") }
      let explanation = explanations.first { $0.name == plan.name }
      do {
        try inspect(plan, explanation, settings)
      } catch {
        failedCount += 1
        if let explanation {
          tell(ConfigurationReport(explanation, plan: plan), of: explanation)
        }
        Terminal.complain("\(error)")
      }
    }
    if failedCount > 0 { throw ExitCode(1) }
  }

  private func explanations(_ settings: ServeSettings) throws -> [ModelExplanation] {
    do throws(ServerFault) {
      return try ModelPlans.explanations(model, settings: settings)
    } catch {
      throw Failure.operation("\(error)")
    }
  }

  private func inspect(
    _ plan: ModelPlan, _ explanation: ModelExplanation?, _ settings: ServeSettings
  ) throws {
    let loaders = Loaders(settings: settings)
    let trial = try ModelTrial.run(plan.specification(loader: loaders.loader(for: plan)))
    let report = ModelReport(
      trial: trial, version: plan.version, fileByteCount: plan.source.byteCount,
      runtimeVersion: try loaders.version(for: plan), machine: settings.machine)
    let configuration = explanation.map {
      ConfigurationReport($0, plan: plan, signature: trial.signature)
    }
    if json {
      Terminal.tell(
        String(decoding: report.json(explainedBy: configuration).bytes, as: UTF8.self))
    } else {
      let lines = report.lines(isExplained: explain) + (configuration?.lines ?? [])
      Terminal.tell(lines.joined(separator: "\n"))
    }
  }

  /// A configuration without its model, which does not load.
  private func tell(_ report: ConfigurationReport, of explanation: ModelExplanation) {
    if json {
      Terminal.tell(String(decoding: report.json.bytes, as: UTF8.self))
    } else {
      Terminal.tell(([explanation.name] + report.lines).joined(separator: "\n"))
    }
  }
}
