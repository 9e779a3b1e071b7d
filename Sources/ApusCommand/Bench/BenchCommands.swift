import ArgumentParser

/// `apus bench`: measures, unless its first word says that results are to be compared or listed.
struct BenchCommands: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "bench",
    abstract: "Measure a model, or a server that has one; compare results.",
    discussion: """
      apus bench yolo11n.onnx                         the same as apus bench run yolo11n.onnx
      apus bench yolo11n.onnx --report yolo.html      a page with plots
      apus bench compare before.json after.json       what differs by more than noise
      apus bench baselines                            results that were kept with --save

      'apus bench run --help' tells all that can be measured and how.
      """,
    subcommands: [
      BenchCommand.self, BenchCompareCommand.self, BenchReportCommand.self,
      BenchBaselinesCommand.self,
    ],
    defaultSubcommand: BenchCommand.self)
}
