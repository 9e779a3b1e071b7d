import ArgumentParser
import Glibc

/// The program `apus`.
@main
struct ApusCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "apus",
    abstract: "Puts AI models into production: loads, serves and measures them.",
    discussion: """
      apus serve yolo11n.onnx          serve a model; the page is at http://127.0.0.1:8000
      apus serve                       serve the demo models that are built in
      apus run yolo11n.onnx bus.jpg    one answer, no server
      apus bench yolo11n.onnx          how fast it is: latency and throughput
      apus tune yolo11n.onnx           how it is served best on this machine
      apus inspect yolo11n.onnx        what a model takes and gives
      apus doctor                      what works on this machine, and how to get the rest
      """,
    version: Version.text,
    subcommands: [
      ServeCommand.self, RunCommand.self, BenchCommands.self, TuneCommand.self, InspectCommand.self,
      DoctorCommand.self, GenerateDocsCommand.self, TrialCommand.self,
      WorkerCommand.self,
    ])

  /// Ends with 0 when done, 1 when it failed, 2 when it was used wrongly (the parser's own is 64).
  static func main() {
    WorkerStart.takeOver(CommandLine.arguments)
    do {
      var command = try parseAsRoot()
      try command.run()
    } catch  where exitCode(for: error) == .validationFailure {
      Terminal.complain(message(for: error) + "\nSee 'apus --help'.")
      Glibc.exit(2)
    } catch {
      exit(withError: error)
    }
  }
}

/// The release that this is.
enum Version {
  static let text = "0.1.0"
}
