/// Makes what OpenVINO says fit for a client: no place in its sources, no check's text, no file
/// path, no address, one line, a limited length.
enum OpenVinoMessage {
  static let charactersMax = 800

  static func cleaned(_ text: String) -> String {
    let lines = text.split(whereSeparator: \.isNewline).map(withoutPlace).filter { !isNoise($0) }
    let words = lines.joined(separator: " ").split(whereSeparator: \.isWhitespace)
    let line = words.map(withoutFolder).filter { !$0.hasPrefix("0x") }.joined(separator: " ")
    return line.count > charactersMax ? line.prefix(charactersMax) + "..." : line
  }

  /// `Check 'x > 0' failed at src/core/node.cpp:53:` and `Exception from src/core/node.cpp:53:`
  /// lead in what matters; they go, with what stands before them on their line.
  private static func withoutPlace(_ line: Substring) -> Substring {
    for mark in [" failed at src/", "Exception from src/"] {
      guard let start = range(of: mark, in: line) else { continue }
      let rest = line[start.upperBound...]
      guard let colon = rest.firstIndex(of: ":") else { continue }
      let number = rest[rest.index(after: colon)...].drop { $0.isNumber }
      return number.drop { $0 == ":" || $0 == " " }
    }
    return line
  }

  /// Lines that only introduce others.
  private static func isNoise(_ line: Substring) -> Bool {
    let text = line.drop(while: \.isWhitespace)
    return text.isEmpty || text == "Loading input model" || text.hasPrefix("FrontEnd API failed")
      || text.hasPrefix("Model wasn't fully converted") || text.hasPrefix("Summary:")
  }

  /// `/models/bird/part.weights` loses its folder; a node's name, which has slashes too, is shortened
  /// likewise.
  private static func withoutFolder(_ word: Substring) -> Substring {
    // An address on the web stays whole.
    if word.hasPrefix("https://") { return word }
    guard let start = word.firstIndex(of: "/"), let slash = word.lastIndex(of: "/") else {
      return word
    }
    let isPath = start == word.startIndex || !word[word.index(before: start)].isLetter
    guard isPath, start != slash else { return word }
    return word[..<start] + word[word.index(after: slash)...]
  }

  private static func range(of mark: String, in line: Substring) -> Range<Substring.Index>? {
    var start = line.startIndex
    while start < line.endIndex {
      if line[start...].hasPrefix(mark) {
        return start..<line.index(start, offsetBy: mark.count)
      }
      start = line.index(after: start)
    }
    return nil
  }
}
