/// Why the settings cannot be used: what is wrong, where it stands, and what would be right.
package enum SettingsFault: Error, Sendable, Equatable {
  case unknownName(String, origin: SettingOrigin, nearest: String?)
  /// Known, but not to be set there: `config` in a file.
  case misplaced(SettingName, origin: SettingOrigin)
  case wrongValue(SettingName, origin: SettingOrigin, expected: String, got: String)
  case fileUnreadable(path: String, reason: String)
  /// The file is not YAML, or not of the form that settings have.
  case fileMalformed(path: String, line: Int, reason: String)
  /// Each setting is fine alone, but not beside the other.
  case contradiction(SettingName, SettingName, reason: String)
}

extension SettingsFault: CustomStringConvertible {
  package var description: String {
    switch self {
    case .unknownName(let name, let origin, let nearest):
      "unknown setting \(name) (\(origin))" + (nearest.map { "; did you mean \($0)?" } ?? "")
    case .misplaced(let name, let origin):
      "\(name.rawValue) cannot be set there (\(origin)); give \(name.flag) on the command line"
    case .wrongValue(let name, let origin, let expected, let got):
      "\(name.rawValue) (\(origin)): expected \(expected), got \"\(got)\""
    case .fileUnreadable(let path, let reason):
      "cannot read the settings in \(path): \(reason)"
    case .fileMalformed(let path, let line, let reason):
      "\(path) line \(line): \(reason)"
    case .contradiction(let first, let second, let reason):
      "\(first.rawValue) and \(second.rawValue) contradict each other: \(reason)"
    }
  }
}

/// Where a setting's value came from.
package enum SettingOrigin: Sendable, Hashable, CustomStringConvertible {
  case flag(String)
  case variable(String)
  case file(path: String, line: Int)
  case fallback

  package var description: String {
    switch self {
    case .flag(let flag): "flag \(flag)"
    case .variable(let variable): "variable \(variable)"
    case .file(let path, let line): "\(path) line \(line)"
    case .fallback: "default"
    }
  }
}
