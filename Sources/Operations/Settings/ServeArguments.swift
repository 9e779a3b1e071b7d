/// The words after `apus serve`: models, and flags that name settings.
package struct ServeArguments: Sendable, Equatable {
  /// Files and directories, in the order given.
  package private(set) var models: [String] = []
  /// By name without dashes; the last of several wins, but names of several are all taken.
  package private(set) var flags: [String: String] = [:]
  package private(set) var wantsHelp = false

  /// Reads `--name value`, `--name=value`, and everything else as a model; after `--` nothing is a
  /// flag. `--print-config` alone means text, and a yes-or-no flag alone means yes.
  package static func parse(_ words: [String]) throws(SettingsFault) -> ServeArguments {
    var arguments = ServeArguments()
    var rest = words[...]
    while let word = rest.popFirst() {
      if word == "--" {
        arguments.models += rest
        break
      } else if word == "--help" || word == "-h" {
        arguments.wantsHelp = true
      } else if word.hasPrefix("--") {
        try arguments.take(word.dropFirst(2), &rest)
      } else {
        arguments.models.append(word)
      }
    }
    return arguments
  }

  private mutating func set(_ name: String, to value: String) {
    guard let known = flags[name], let setting = SettingName(rawValue: name),
      SettingsTable.row(setting).kind.isList
    else {
      flags[name] = value
      return
    }
    flags[name] = "\(known),\(value)"
  }

  private mutating func take(
    _ flag: Substring, _ rest: inout ArraySlice<String>
  ) throws(SettingsFault) {
    if let mark = flag.firstIndex(of: "=") {
      set(String(flag[..<mark]), to: String(flag[flag.index(after: mark)...]))
      return
    }
    let name = String(flag)
    guard let setting = SettingName(rawValue: name) else {
      // `resolve` names the nearest setting.
      flags[name] = ""
      return
    }
    let kind = SettingsTable.row(setting).kind
    if let alone = kind.meaningAlone(of: setting), !(rest.first.map(kind.takes) ?? false) {
      flags[name] = alone
    } else if let value = rest.popFirst() {
      set(name, to: value)
    } else {
      throw .wrongValue(
        setting, origin: .flag("--\(name)"), expected: kind.expectation, got: "nothing")
    }
  }
}

extension Setting.Kind {
  /// What a flag without a value stands for, where it may stand alone.
  fileprivate func meaningAlone(of setting: SettingName) -> String? {
    switch self {
    case .boolean: "true"
    case .choice where setting == .printConfig: "text"
    default: nil
    }
  }

  /// Whether the next word is this flag's value rather than a model.
  fileprivate func takes(_ word: String) -> Bool {
    switch self {
    case .boolean: ["true", "false", "yes", "no", "on", "off"].contains(word)
    case .choice(let words): words.contains(word)
    default: true
    }
  }
}

extension SettingsTable {
  /// The settings as `apus serve --help` lists them.
  package static func helpText() -> String {
    var text = """
      Models are ONNX files, or directories of them; with none named, the demo models are served.
      Each setting is also a variable (APUS_HTTP_PORT) and a key of apus.yaml (http-port).

        apus serve yolo11n.onnx --http-port 9000
        apus serve models/ --instances 2 --access-log all

      """
    for topic in Setting.Topic.allCases {
      text += "\n\(topic.rawValue):\n"
      for row in rows where row.topic == topic {
        let value = row.fallback.isEmpty ? "" : " (\(row.fallback))"
        text += "  \(row.name.flag)\(value)\n      \(row.purpose)\n"
      }
    }
    return text
  }
}
