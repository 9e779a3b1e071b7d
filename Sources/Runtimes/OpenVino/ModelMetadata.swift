import Inference

/// What an intermediate representation says about itself: the entries of its `rt_info`.
///
/// Converters write a model's own metadata there, each entry as an element `<key value="..."/>`,
/// under `framework` where it came from the original file.
enum IntermediateMetadata {
  private static let bytesMax = 4 << 20

  static func read(_ bytes: UnsafeRawBufferPointer) -> [String: String] {
    // The model's own section is the last; those of layers stand before it.
    let end = UnsafeRawBufferPointer(rebasing: bytes[max(0, bytes.count - bytesMax)...])
    let text = String(decoding: end, as: UTF8.self)
    guard let edges = text.range(after: "</edges>"),
      let section = text[edges...].range(after: "<rt_info>")
    else { return [:] }
    var metadata: [String: String] = [:]
    for element in text[section...].split(separator: "<") {
      let name = element.prefix { !$0.isWhitespace && $0 != "/" && $0 != ">" }
      guard !name.isEmpty, let start = element.range(after: "value=\"") else { continue }
      metadata[String(name)] = plain(element[start...].prefix { $0 != "\"" })
    }
    return metadata
  }

  private static func plain(_ text: Substring) -> String {
    guard text.contains("&") else { return String(text) }
    var plain = ""
    var rest = text
    while let start = rest.firstIndex(of: "&") {
      plain += rest[..<start]
      rest = rest[start...]
      let known = entities.first { rest.hasPrefix($0.name) }
      plain.append(known?.character ?? "&")
      rest = rest.dropFirst(known?.name.count ?? 1)
    }
    return plain + rest
  }

  private static let entities: [(name: String, character: Character)] = [
    ("&quot;", "\""), ("&apos;", "'"), ("&lt;", "<"), ("&gt;", ">"), ("&amp;", "&"),
    ("&#10;", "\n"), ("&#xA;", "\n"),
  ]
}

/// `metadata.yaml` as exporters of detectors write it beside models whose format has no place for
/// metadata: `key: value` lines, and under a key without a value its entries, indented.
enum MetadataFile {
  static let name = "metadata.yaml"
  private static let bytesMax = 1 << 20

  /// The entries of the file in the model's directory; none where there is no such file.
  static func read(beside path: String) -> [String: String] {
    let folder =
      MappedFile.isDirectory(path)
      ? path : path.lastIndex(of: "/").map { String(path[..<$0]) } ?? "."
    var entries: [String: String] = [:]
    // A file that is absent or cannot be read leaves the metadata unsaid.
    try? MappedFile.withBytes(of: "\(folder)/\(name)") { (bytes) throws(RuntimeFault) in
      if bytes.count <= bytesMax { entries = parse(String(decoding: bytes, as: UTF8.self)) }
    }
    return entries
  }

  /// Indented entries become one line in braces, as the same exporters write them into ONNX files:
  /// `names: {0: 'person', 1: 'bicycle'}`; a list becomes one in brackets.
  static func parse(_ text: String) -> [String: String] {
    var entries: [String: String] = [:]
    var open: (key: String, parts: [String], isList: Bool)?
    func close() {
      guard let block = open, !block.parts.isEmpty else { return }
      let joined = block.parts.joined(separator: ", ")
      entries[block.key] = block.isList ? "[\(joined)]" : "{\(joined)}"
    }
    for line in text.split(separator: "\n") where !line.hasPrefix("#") {
      let content = line.trimmed
      if content.hasPrefix("- ") {
        open?.isList = true
        open?.parts.append(String(content.dropFirst(2)))
        continue
      }
      guard let colon = content.firstIndex(of: ":") else { continue }
      let key = String(content[..<colon])
      let value = unquoted(content[content.index(after: colon)...].trimmed)
      if line.first == " " {
        open?.parts.append(Int(key) == nil ? "'\(key)': \(value)" : "\(key): '\(value)'")
      } else {
        close()
        open = value.isEmpty ? (key, [], false) : nil
        if !value.isEmpty { entries[key] = value }
      }
    }
    close()
    return entries
  }

  private static func unquoted(_ text: Substring) -> String {
    guard text.count >= 2, let quote = text.first, quote == text.last, "'\"".contains(quote)
    else { return String(text) }
    return String(text.dropFirst().dropLast())
  }
}

extension Substring {
  fileprivate var trimmed: Substring {
    var text = drop(while: \.isWhitespace)
    while text.last?.isWhitespace ?? false { text.removeLast() }
    return text
  }
}

extension StringProtocol {
  /// Where the text begins that follows the first `mark`.
  fileprivate func range(after mark: String) -> Index? {
    var start = startIndex
    while let hit = self[start...].firstIndex(of: mark.first ?? " ") {
      if self[hit...].hasPrefix(mark) { return index(hit, offsetBy: mark.count) }
      start = index(after: hit)
    }
    return nil
  }
}
