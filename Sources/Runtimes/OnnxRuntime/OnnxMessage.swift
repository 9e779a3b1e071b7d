/// Makes what ONNX Runtime says fit for a client: no place in its sources, no C++ signature, no
/// file path, no address, one line, a limited length.
enum OnnxMessage {
  static let charactersMax = 800

  static func cleaned(_ text: String) -> String {
    var words: [Substring] = []
    var rest = text.split(whereSeparator: \.isWhitespace)[...]
    while let word = rest.popFirst() {
      if isSourcePlace(word) {
        rest = afterSignature(rest)
      } else if !isPath(word) && !isAddress(word) {
        words.append(withoutFolder(word))
      }
    }
    let line = words.joined(separator: " ")
    return line.count > charactersMax ? line.prefix(charactersMax) + "..." : line
  }

  static func tellsOfMemory(_ text: String) -> Bool {
    text.contains("Failed to allocate memory") || text.contains("bad_alloc")
  }

  /// An output was to be written into memory of another shape than it came in. Releases word it
  /// differently: "OrtValue shape verification failed", "The output OrtValue provided for output
  /// 'y' ... has shape {1,2} but the computed output shape".
  static func tellsOfWrongShape(_ text: String) -> Bool {
    text.contains("OrtValue") && text.contains("shape")
  }

  /// `/sources/core/reshape_helper.h:47`
  private static func isSourcePlace(_ word: Substring) -> Bool {
    guard word.hasPrefix("/"), let colon = word.lastIndex(of: ":") else { return false }
    return word[..<colon].contains(".") && word[word.index(after: colon)...].allSatisfy(\.isNumber)
  }

  /// Node names contain slashes too, but come quoted or after `Name:`.
  private static func isPath(_ word: Substring) -> Bool {
    word.hasPrefix("/") && word.dropFirst().contains("/")
  }

  /// `"/models/bird/part.weights"` loses its folder.
  private static func withoutFolder(_ word: Substring) -> Substring {
    guard word.hasPrefix("\"/"), let slash = word.lastIndex(of: "/") else { return word }
    return "\"" + word[word.index(after: slash)...]
  }

  private static func isAddress(_ word: Substring) -> Bool { word.hasPrefix("0x") }

  /// Leaves out `Type ns::Class::function(A, B) const [with T = int]`, which follows a source
  /// place; everything stays where no such signature is found.
  private static func afterSignature(
    _ words: ArraySlice<Substring>
  ) -> ArraySlice<Substring> {
    var depth = 0
    for (index, word) in zip(words.indices, words) {
      depth += word.count { $0 == "(" } - word.count { $0 == ")" }
      guard depth <= 0, word.contains(")") else { continue }
      return afterQualifiers(words[(index + 1)...])
    }
    return words
  }

  private static func afterQualifiers(_ words: ArraySlice<Substring>) -> ArraySlice<Substring> {
    var rest = words
    if rest.first == "const" { rest.removeFirst() }
    if rest.first == "[with", let end = rest.firstIndex(where: { $0.hasSuffix("]") }) {
      rest = rest[(end + 1)...]
    }
    return rest
  }
}
