/// Reads protobuf's text format, as `config.pbtxt` is written in it, without knowing its messages.
///
/// Follows the language's public specification (protobuf.dev, "Text Format Language"); extensions
/// and expanded `Any` messages, which no model configuration has, are refused.
package enum ProtobufText {
  /// The message as a group of entries; a repeated field comes as often as it stands there.
  package static func parse(
    _ bytes: [UInt8]
  ) throws(ConfigurationTree.Problem) -> ConfigurationTree {
    var scanner = try ConfigurationScanner(bytes, .protobufText)
    let place = scanner.place
    let entries = try fields(&scanner, until: nil, depth: 1)
    return ConfigurationTree(.group(entries), at: place)
  }

  private static func fields(
    _ scanner: inout ConfigurationScanner, until end: UInt8?, depth: Int
  ) throws(ConfigurationTree.Problem) -> [ConfigurationTree.Entry] {
    guard depth <= ConfigurationTree.depthMax else {
      throw scanner.problem("groups are nested deeper than \(ConfigurationTree.depthMax)")
    }
    var entries: [ConfigurationTree.Entry] = []
    while true {
      guard let byte = scanner.peek() else {
        guard let end else { return entries }
        throw scanner.problem("expected \(sign(end)) before the end of the file")
      }
      if byte == end {
        _ = try scanner.next()
        return entries
      }
      entries.append(try field(&scanner, depth: depth))
      // One comma or semicolon may follow a field and means nothing.
      if !scanner.take(",") { _ = scanner.take(";") }
    }
  }

  private static func field(
    _ scanner: inout ConfigurationScanner, depth: Int
  ) throws(ConfigurationTree.Problem) -> ConfigurationTree.Entry {
    scanner.skipSpace()
    let place = scanner.place
    guard case .word(let name) = try scanner.next(), isName(name) else {
      throw ConfigurationTree.Problem(place: place, reason: "expected the name of a field")
    }
    let hasColon = scanner.take(":")
    guard let first = scanner.peek() else {
      throw scanner.problem("expected a value for \(name) before the end of the file")
    }
    if first == UInt8(ascii: "[") {
      return .init(key: name, place: place, value: try list(&scanner, of: name, depth: depth))
    }
    guard hasColon || isOpening(first) else {
      throw scanner.problem("expected : or { after \(name)")
    }
    return .init(key: name, place: place, value: try value(&scanner, of: name, depth: depth))
  }

  private static func value(
    _ scanner: inout ConfigurationScanner, of name: String, depth: Int
  ) throws(ConfigurationTree.Problem) -> ConfigurationTree {
    scanner.skipSpace()
    let place = scanner.place
    switch try scanner.next() {
    case .word(let word):
      // A sign may stand apart from its number.
      guard word == "-" else { return ConfigurationTree(.word(word), at: place) }
      guard case .word(let number) = try scanner.next(), !number.hasPrefix("-") else {
        throw scanner.problem("expected a number after -")
      }
      return ConfigurationTree(.word("-" + number), at: place)
    case .text(let first):
      return ConfigurationTree(.text(try joined(first, &scanner)), at: place)
    case .sign(let byte) where isOpening(byte):
      let end = byte == UInt8(ascii: "{") ? UInt8(ascii: "}") : UInt8(ascii: ">")
      return ConfigurationTree(
        .group(try fields(&scanner, until: end, depth: depth + 1)), at: place)
    case .sign, .end:
      throw ConfigurationTree.Problem(place: place, reason: "expected a value for \(name)")
    }
  }

  /// Strings that follow each other are one.
  private static func joined(
    _ first: String, _ scanner: inout ConfigurationScanner
  ) throws(ConfigurationTree.Problem) -> String {
    var text = first
    while let byte = scanner.peek(), byte == UInt8(ascii: "\"") || byte == UInt8(ascii: "'") {
      guard case .text(let more) = try scanner.next() else { break }
      text += more
    }
    return text
  }

  private static func list(
    _ scanner: inout ConfigurationScanner, of name: String, depth: Int
  ) throws(ConfigurationTree.Problem) -> ConfigurationTree {
    let place = scanner.place
    _ = scanner.take("[")
    var elements: [ConfigurationTree] = []
    if scanner.take("]") { return ConfigurationTree(.list([]), at: place) }
    while true {
      elements.append(try value(&scanner, of: name, depth: depth))
      if scanner.take(",") { continue }
      guard scanner.take("]") else { throw scanner.problem("expected , or ] in \(name)") }
      return ConfigurationTree(.list(elements), at: place)
    }
  }

  private static func isOpening(_ byte: UInt8) -> Bool {
    byte == UInt8(ascii: "{") || byte == UInt8(ascii: "<")
  }

  private static func isName(_ word: String) -> Bool {
    guard let first = word.utf8.first else { return false }
    return !(48...57).contains(first)
      && word.utf8.allSatisfy { $0 != 0x2B && $0 != 0x2D && $0 != 0x2E }
  }

  private static func sign(_ byte: UInt8) -> String { String(Unicode.Scalar(byte)) }
}
