/// Reads JSON by RFC 8259 into a tree that knows its lines, for configurations of other servers.
package enum JSONText {
  /// The document, which must be an object, as a group; a key that comes twice is refused.
  package static func parse(
    _ bytes: [UInt8]
  ) throws(ConfigurationTree.Problem) -> ConfigurationTree {
    var scanner = try ConfigurationScanner(bytes, .json)
    let tree = try value(&scanner, depth: 1)
    guard case .group = tree.content else {
      throw .init(place: tree.place, reason: "expected an object in braces")
    }
    guard scanner.peek() == nil else {
      throw scanner.problem("expected the end of the document")
    }
    return tree
  }

  private static func value(
    _ scanner: inout ConfigurationScanner, depth: Int
  ) throws(ConfigurationTree.Problem) -> ConfigurationTree {
    guard depth <= ConfigurationTree.depthMax else {
      throw scanner.problem("groups are nested deeper than \(ConfigurationTree.depthMax)")
    }
    scanner.skipSpace()
    let place = scanner.place
    switch try scanner.next() {
    case .text(let text): return ConfigurationTree(.text(text), at: place)
    case .word(let word) where isValue(word): return ConfigurationTree(.word(word), at: place)
    case .sign(UInt8(ascii: "{")):
      return ConfigurationTree(.group(try members(&scanner, depth: depth)), at: place)
    case .sign(UInt8(ascii: "[")):
      return ConfigurationTree(.list(try elements(&scanner, depth: depth)), at: place)
    case .word, .sign, .end:
      throw ConfigurationTree.Problem(place: place, reason: "expected a JSON value")
    }
  }

  private static func members(
    _ scanner: inout ConfigurationScanner, depth: Int
  ) throws(ConfigurationTree.Problem) -> [ConfigurationTree.Entry] {
    var entries: [ConfigurationTree.Entry] = []
    var keys: Set<String> = []
    if scanner.take("}") { return entries }
    while true {
      scanner.skipSpace()
      let place = scanner.place
      guard case .text(let key) = try scanner.next() else {
        throw ConfigurationTree.Problem(place: place, reason: "expected a key in quotes")
      }
      guard keys.insert(key).inserted else {
        throw ConfigurationTree.Problem(place: place, reason: "\(key) is given twice")
      }
      guard scanner.take(":") else { throw scanner.problem("expected : after \(key)") }
      entries.append(
        .init(key: key, place: place, value: try value(&scanner, depth: depth + 1)))
      if scanner.take(",") { continue }
      guard scanner.take("}") else { throw scanner.problem("expected , or }") }
      return entries
    }
  }

  private static func elements(
    _ scanner: inout ConfigurationScanner, depth: Int
  ) throws(ConfigurationTree.Problem) -> [ConfigurationTree] {
    var elements: [ConfigurationTree] = []
    if scanner.take("]") { return elements }
    while true {
      elements.append(try value(&scanner, depth: depth + 1))
      if scanner.take(",") { continue }
      guard scanner.take("]") else { throw scanner.problem("expected , or ]") }
      return elements
    }
  }

  /// `true`, `false`, `null`, or a number as RFC 8259 writes it.
  private static func isValue(_ word: String) -> Bool {
    if ["true", "false", "null"].contains(word) { return true }
    return word.wholeMatch(of: /-?(0|[1-9][0-9]*)(\.[0-9]+)?([eE][+-]?[0-9]+)?/) != nil
  }
}
