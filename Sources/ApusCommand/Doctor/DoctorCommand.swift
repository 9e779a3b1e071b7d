import ArgumentParser
import Reports
import Settings
import WireFormats

/// `apus doctor`: what works on this machine.
struct DoctorCommand: ParsableCommand {
  static let configuration = CommandConfiguration(
    commandName: "doctor",
    abstract: "Show what works on this machine, and how to get what is missing.",
    discussion: """
      Ends with 1 where something is missing without which ONNX models cannot be served.

      apus doctor
      apus doctor --json
      """)

  @Flag(help: "Print JSON.")
  var json = false

  func run() throws {
    let (ports, problem) = ports()
    let findings =
      MachineChecks().findings() + LibraryChecks().findings + TrialChecks().findings
      + ServingChecks(ports: ports).findings + problem
    let report = DoctorReport(findings)
    Terminal.tell(
      json
        ? String(decoding: report.json.bytes, as: UTF8.self)
        : report.lines.joined(separator: "\n"))
    if !report.isFit { throw ExitCode(1) }
  }

  /// The ports that `apus serve` would take here and now, or, where its settings are wrong, those it
  /// takes without any.
  private func ports() -> ([ServingChecks.Port], [Finding]) {
    do throws(SettingsFault) {
      let settings = try ServeSettings.resolve(
        flags: [:], environment: Environment.all, file: "apus.yaml")
      let ports = [
        ("HTTP", settings.httpPort), ("gRPC", settings.grpcPort),
        ("metrics", settings.metricsPort),
      ]
      // 0 means off, or any port.
      return (ports.filter { $0.1 != 0 }.map { .init($0.0, $0.1) }, [])
    } catch {
      let finding = Finding.missing(
        .serving, "settings", "\(error)", remedy: "correct it; apus serve --help lists them all")
      return ([.init("HTTP", 8_000), .init("gRPC", 8_001), .init("metrics", 8_002)], [finding])
    }
  }
}
