import ArgumentParser
import Glibc
import Inference
import Settings

/// `apus serve`: its flags are those of the settings table, so they are read by it.
struct ServeCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "serve",
    abstract: "Serve models over HTTP and gRPC until SIGTERM or Ctrl-C.",
    usage: "apus serve [MODEL or DIRECTORY ...] [--SETTING VALUE ...]",
    discussion: SettingsTable.helpText())

  @Argument(parsing: .captureForPassthrough, help: .hidden)
  var arguments: [String] = []

  func run() throws {
    let settings: ServeSettings
    let given: ServeArguments
    do throws(SettingsFault) {
      given = try ServeArguments.parse(arguments)
      settings = try ServeSettings.resolve(
        flags: given.flags, environment: Environment.all, file: "apus.yaml")
    } catch {
      throw Failure.usage("\(error)")
    }
    if given.wantsHelp { throw CleanExit.helpRequest(self) }
    switch settings.printConfig {
    case .text: Terminal.tell(settings.printedText().trimmingLastLine)
    case .json: Terminal.tell(settings.printedJSON().trimmingLastLine)
    case .off: try serve(given.models, settings)
    }
  }

  private func serve(_ models: [String], _ settings: ServeSettings) throws {
    let signals = Signals()
    do throws(ServerFault) {
      let house = try House(models: models, settings: settings)
      try house.open()
      signals.onReopen { house.readFilesAgain() }
      signals.waitForEnd()
      house.close()
    } catch {
      throw Failure.operation("\(error)")
    }
  }
}

extension String {
  /// Without the line break at the end, which `tell` adds again.
  fileprivate var trimmingLastLine: String { hasSuffix("\n") ? String(dropLast()) : self }
}
