import ArgumentParser
import Inference
import Jobs

/// `apus run`: one answer for each input, no server.
struct RunCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "run",
    abstract: "Ask a model once for each input; no server.",
    discussion: """
      Inputs are photos (JPEG, PNG, WebP), V2 requests (.json), or rows of numbers (.csv, or a \
      JSON array of rows); - is standard input. Columns of a table are matched by the names that \
      the model gives its features, else by their order. An input that fails does not keep the \
      others.

      apus run yolo11n.onnx bus.jpg --output annotated.jpg
      apus run shapes photos/*.png --json
      echo 5.1,3.5,1.4,0.2 | apus run iris -
      """)

  @Argument(help: "A model file or directory, or a demo model: digits, shapes, iris.")
  var model: String

  @Argument(help: "Files; - is standard input.")
  var inputs: [String]

  @Option(
    help: """
      Write the annotated photo there, or the JSON answer to anything else; a directory where \
      there are several inputs.
      """)
  var output: String?

  @Flag(help: "Print the server's JSON answer, one line for each input.")
  var json = false

  @OptionGroup var asking: AskingArguments
  @OptionGroup var loading: ModelArguments

  func run() throws {
    guard inputs.filter({ $0 == JobFile.standardInput }).count <= 1 else {
      throw Failure.usage("standard input can be read once only")
    }
    var jobSettings = try asking.settings()
    jobSettings.isAnnotating = output != nil
    let outputs = try outputPlan()
    let opened = try loading.open(model).model
    defer { opened.close() }
    let session = RunSession(
      inputs: inputs, outputs: outputs, isJSON: json,
      job: Job(model: opened, settings: jobSettings))
    let failedCount = session.run(concurrency: opened.concurrency)
    if failedCount > 0 {
      let total = inputs.count > 1 ? " of \(inputs.count)" : ""
      throw Failure.operation("\(failedCount)\(total) failed")
    }
  }

  private func outputPlan() throws -> OutputPlan? {
    guard let output else { return nil }
    do {
      let plan = try OutputPlan(output: output, inputs: inputs)
      if let directory = plan.directory { try JobFile.makeDirectory(directory) }
      return plan
    } catch let clash as OutputPlan.Clash {
      throw Failure.usage("\(clash.input): another input is called \(clash.name), too")
    } catch {
      throw Failure.operation("\(error)")
    }
  }
}
