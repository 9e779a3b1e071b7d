/// Text from outside (a client's names, a runtime's message) made fit to be shown to a client.
package enum PublicText {
  private static let nameCharactersMax = 80
  private static let messageCharactersMax = 300

  /// A name in back-ticks: cut where it is long, control characters replaced.
  package static func quoted(_ name: String) -> String { "`" + cut(name, nameCharactersMax) + "`" }

  /// Names in back-ticks, the first ten of them.
  package static func quoted(_ names: [String]) -> String {
    if names.isEmpty { return "none" }
    let shown = names.prefix(10).map(quoted).joined(separator: ", ")
    return names.count > 10 ? shown + " and \(names.count - 10) more" : shown
  }

  package static func cut(_ text: String, _ charactersMax: Int) -> String {
    let part = text.unicodeScalars.prefix(charactersMax).map { scalar in
      scalar.properties.generalCategory == .control ? "\u{FFFD}" : Character(scalar)
    }
    return String(part) + (part.count < text.unicodeScalars.count ? "..." : "")
  }

  /// A library's message without what tells of this machine: file paths, addresses, source lines.
  package static func withoutPlaces(_ message: String) -> String {
    let words = message.split(whereSeparator: \.isWhitespace).filter { word in
      !word.contains("/") && !word.contains("\\") && !word.lowercased().contains("0x")
        && !isSourceLine(word)
    }
    return cut(words.joined(separator: " "), messageCharactersMax)
  }

  /// `session.cc:1234`.
  private static func isSourceLine(_ word: Substring) -> Bool {
    let parts = word.split(separator: ":")
    return parts.count >= 2 && parts[0].contains(".") && parts[1].first?.isNumber == true
  }
}
