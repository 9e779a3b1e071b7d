extension ServeSettings {
  /// A setting's value as a person would write it; what follows the machine shows its result.
  package func text(of name: SettingName) -> String {
    switch name {
    case .loops: String(loops)
    case .instances: String(instances)
    case .modelLoadThreadCount: String(modelLoadThreadCount)
    default: self[name].text(of: SettingsTable.row(name).kind)
    }
  }

  /// Every setting with its origin, in lines for people that are also a valid `apus.yaml`.
  package func printedText() -> String {
    let entries = printedNames.map {
      ("\($0.rawValue): \(Self.yaml(text(of: $0)))", origin(of: $0))
    }
    let width = entries.map { $0.0.count }.max() ?? 0
    return entries.map { line, origin in
      line + String(repeating: " ", count: width - line.count) + "  # \(origin)\n"
    }.joined()
  }

  /// The same as a JSON object: name to `{"value", "origin"}`.
  package func printedJSON() -> String {
    let members = printedNames.map { name in
      "  \(Self.quoted(name.rawValue)): {\"value\": \(Self.quoted(text(of: name))), "
        + "\"origin\": \(Self.quoted(origin(of: name).description))}"
    }
    return "{\n\(members.joined(separator: ",\n"))\n}\n"
  }

  private var printedNames: [SettingName] {
    SettingsTable.rows.filter { $0.reach == .everywhere }.map(\.name)
  }

  /// A YAML scalar; quoted where it would otherwise read as something else.
  private static func yaml(_ text: String) -> String {
    let isPlain =
      !text.isEmpty
      && text.utf8.allSatisfy { byte in
        byte > 0x20 && byte < 0x7f && !"#:,[]{}&*!|>'\"%@`?".utf8.contains(byte)
      }
    return isPlain ? text : quoted(text)
  }

  /// A JSON string, which is also a double-quoted YAML scalar.
  private static func quoted(_ text: String) -> String {
    var quoted = "\""
    for scalar in text.unicodeScalars {
      switch scalar {
      case "\"": quoted += "\\\""
      case "\\": quoted += "\\\\"
      case "\u{0}"..<"\u{20}", "\u{7f}":
        let digits = String(scalar.value, radix: 16)
        quoted += "\\u" + String(repeating: "0", count: 4 - digits.count) + digits
      default: quoted.unicodeScalars.append(scalar)
      }
    }
    return quoted + "\""
  }
}
