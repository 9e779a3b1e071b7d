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
      """)

  @Argument(help: "A model file or directory, or a demo model: digits, shapes, iris.")
  var model: String

  @Flag(help: "Print JSON, one line for each model.")
  var json = false

  @Flag(help: "Show every class name and all metadata, too.")
  var explain = false

  @OptionGroup var loading: ModelArguments

  func run() throws {
    let settings = try loading.settings()
    let plans = try loading.plans(model, settings: settings)
    var failedCount = 0
    for (index, plan) in plans.enumerated() {
      do {
        let report = try report(on: plan, settings: settings)
        if index > 0, !json { Terminal.tell("") }
        Terminal.tell(text(of: report))
      } catch {
        failedCount += 1
        Terminal.complain("\(error)")
      }
    }
    if failedCount > 0 { throw ExitCode(1) }
  }

  private func report(on plan: ModelPlan, settings: ServeSettings) throws -> ModelReport {
    let loaders = Loaders(settings: settings)
    let trial = try ModelTrial.run(plan.specification(loader: loaders.loader(for: plan)))
    return ModelReport(
      trial: trial, version: plan.version, fileByteCount: plan.source.byteCount,
      runtimeVersion: try loaders.version(for: plan), machine: settings.machine)
  }

  private func text(of report: ModelReport) -> String {
    json
      ? String(decoding: report.json.bytes, as: UTF8.self)
      : report.lines(isExplained: explain).joined(separator: "\n")
  }
}
