import ArgumentParser
import Inference
import ModelStore
import Settings
import Workers

/// `apus worker`: one model for a server that has started it, over the channel that it was given.
struct WorkerCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "worker", abstract: "Run one model for a server, as isolation: process asks.",
    shouldDisplay: false)

  /// Where the server puts the channel.
  private static let channel: Int32 = 3

  @Option var runtime: String
  @Option var precision: String
  @Option var threads: Int
  @Argument var model: String

  func run() throws {
    guard let kind = ModelPlan.RuntimeKind(rawValue: runtime),
      let precision = RuntimeOptions.Precision(rawValue: precision),
      let host = WorkerHost(socket: Self.channel)
    else { throw ValidationError("it is for servers to start") }
    let options = RuntimeOptions(threadCount: threads, precision: precision)
    let plan = ModelPlan(
      name: "isolated", version: 1, source: .file(path: model), runtime: kind, options: options)
    let settings = try ModelArguments.parse([]).settings()
    let loader = Loaders(settings: settings).loader(for: plan)
    host.serve { () throws(RuntimeFault) in try loader.load(plan.source, options: plan.options) }
  }

  /// What a server starts for this plan.
  static func program(for plan: ModelPlan) -> @Sendable (String, RuntimeOptions) -> [String] {
    let runtime = Loaders.runtime(of: plan).rawValue
    return { path, options in
      [
        "/proc/self/exe", "worker", "--runtime", runtime, "--precision",
        options.precision.rawValue, "--threads", String(options.threadCount), path,
      ]
    }
  }
}
