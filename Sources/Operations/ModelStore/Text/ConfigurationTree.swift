/// What a configuration file says before anybody asks what it means: the same value for protobuf
/// text, JSON and YAML.
package struct ConfigurationTree: Sendable, Equatable {
  /// Where something stands, both counted from 1.
  package struct Place: Sendable, Equatable {
    package let line: Int
    package let column: Int

    package init(line: Int, column: Int) {
      self.line = line
      self.column = column
    }
  }

  package indirect enum Content: Sendable, Equatable {
    /// A bare word or number, as it is written.
    case word(String)
    /// Text in quotes, without them and with its escapes resolved.
    case text(String)
    case list([ConfigurationTree])
    /// In the file's order; in protobuf text a key may come again.
    case group([Entry])
  }

  package struct Entry: Sendable, Equatable {
    package let key: String
    package let place: Place
    package let value: ConfigurationTree
  }

  package let content: Content
  package let place: Place

  package init(_ content: Content, at place: Place) {
    self.content = content
    self.place = place
  }

  /// What is wrong with a text, and where.
  package struct Problem: Error, Sendable, Equatable {
    package let place: Place
    package let reason: String
  }

  /// Groups and lists inside each other; deeper ones are refused before they are entered.
  package static let depthMax = 32
  /// Bytes of a configuration; more are refused before they are read.
  package static let byteCountMax = 1 << 20

  /// As a sentence shows it, cut where it is long.
  var summary: String {
    switch content {
    case .word(let word): Self.cut(word)
    case .text(let text): "\"\(Self.cut(text))\""
    case .list(let elements):
      "[\(Self.cut(elements.map(\.summary).joined(separator: ", ")))]"
    case .group: "a group of keys"
    }
  }

  private static func cut(_ text: String) -> String {
    text.count > 80 ? "\(text.prefix(77))..." : text
  }
}
