package import Inference
import Synchronization

/// The log's settings as Triton names them (`/v2/logging`).
///
/// A verbose level above 0 writes debug lines. Of formats there are Triton's words, `default` for the
/// one that the server was started with and `ISO8601` for text, and our own, `json` and `text`. The file
/// is chosen where the server is started: a client must not choose where it writes.
package final class LogSettings: RunningSettings {
  private typealias Change = (name: String, value: RunningSetting.Value?)

  private let log: ServerLog
  private let state = Guarded(State())

  /// What was asked for, in its own words.
  private struct State {
    var verboseLevel: Int64?
    var format: String?
  }

  private static let levels: [String: LogLevel] = [
    "log_info": .info, "log_warning": .warn, "log_error": .error,
  ]
  /// Beside `default`.
  private static let formats: [String: LogFormat] = [
    "ISO8601": .text, "text": .text, "json": .json,
  ]

  package init(_ log: ServerLog) { self.log = log }

  package func values(ofModel model: String?) -> [RunningSetting] {
    let state = state.withLock { $0 }
    let filter = log.filter
    return [
      RunningSetting("log_file", .text(log.settings.path ?? "")),
      RunningSetting("log_info", .boolean(filter.takes(.info))),
      RunningSetting("log_warning", .boolean(filter.takes(.warn))),
      RunningSetting("log_error", .boolean(filter.takes(.error))),
      RunningSetting(
        "log_verbose_level", .integer(state.verboseLevel ?? (filter.takes(.debug) ? 1 : 0))),
      RunningSetting("log_format", .text(state.format ?? "default")),
    ]
  }

  package func change(
    _ changes: [(name: String, value: RunningSetting.Value?)], ofModel model: String?
  ) throws(InferenceFailure) {
    do throws(InputProblem) {
      for change in changes { try check(change) }
    } catch {
      throw .invalidInput(error)
    }
    for change in changes { carryOut(change) }
  }

  private func check(_ change: Change) throws(InputProblem) {
    switch (change.name, change.value) {
    case (let name, .boolean), (let name, nil):
      if Self.levels[name] != nil { return }
      if change.value == nil, ["log_verbose_level", "log_format", "log_file"].contains(name) {
        return
      }
      throw unknown(change)
    case ("log_verbose_level", .integer(let level)) where level >= 0: return
    case ("log_format", .text(let format))
    where format == "default" || Self.formats[format] != nil:
      return
    case ("log_file", .text(let path)) where path == log.settings.path ?? "": return
    default: throw unknown(change)
    }
  }

  private func unknown(_ change: Change) -> InputProblem {
    let expected =
      switch change.name {
      case "log_info", "log_warning", "log_error": "true or false"
      case "log_verbose_level": "a whole number of 0 or more"
      case "log_format": "default or \(Self.formats.keys.sorted().joined(separator: " or "))"
      case "log_file": "no change, as the file is chosen where the server is started"
      default:
        "log_info, log_warning, log_error, log_verbose_level or log_format"
      }
    return .parameter(change.name, expected: expected, got: change.value?.summary ?? "null")
  }

  private func carryOut(_ change: Change) {
    let filter = log.filter
    switch (change.name, change.value) {
    case ("log_verbose_level", let value):
      let level: Int64? = if case .integer(let level)? = value { level } else { nil }
      state.withLock { $0.verboseLevel = level }
      filter.set(.debug, isWritten: level.map { $0 > 0 } ?? (log.settings.level == .debug))
    case ("log_format", let value):
      let format: String? = if case .text(let format)? = value { format } else { nil }
      state.withLock { $0.format = format }
      filter.format = format.flatMap { Self.formats[$0] } ?? log.settings.format
    case (let name, let value):
      guard let level = Self.levels[name] else { return }
      let isWritten: Bool? = if case .boolean(let flag)? = value { flag } else { nil }
      filter.set(level, isWritten: isWritten ?? (level >= log.settings.level))
    }
  }
}

extension RunningSetting.Value {
  /// For sentences.
  var summary: String {
    switch self {
    case .boolean(let flag): "\(flag)"
    case .integer(let number): "\(number)"
    case .text(let text): text
    case .texts(let texts): "[\(texts.joined(separator: ", "))]"
    }
  }
}
