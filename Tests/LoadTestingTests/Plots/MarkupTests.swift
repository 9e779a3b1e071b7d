import Testing

@testable import LoadTesting

@Suite struct MarkupTests {
  @Test func `texts and attributes cannot end their element`() {
    var markup = Markup()
    markup.element("p", ["title": "\"><script>alert(1)</script>"], "</p>&amp;'")
    #expect(
      markup.text
        == "<p title=\"&quot;&gt;&lt;script&gt;alert(1)&lt;/script&gt;\">&lt;/p&gt;&amp;amp;&#39;</p>"
    )
  }

  @Test func `characters that XML forbids are replaced`() {
    #expect(Markup.escaped("a\u{0}b\u{1B}[31m\u{FFFE}\t\n") == "a\u{FFFD}b\u{FFFD}[31m\u{FFFD}\t\n")
  }
}

/// Whether a text is well-formed: elements end in the order in which they began.
enum WellFormed {
  static func problem(_ text: String) -> String? {
    var open: [Substring] = []
    var rest = text[...]
    while let start = rest.firstIndex(of: "<") {
      guard let end = rest[start...].firstIndex(of: ">") else { return "a tag without an end" }
      let tag = rest[rest.index(after: start)..<end]
      rest = rest[rest.index(after: end)...]
      if tag.contains("<") { return "a tag in a tag: \(tag)" }
      if tag.hasPrefix("!") || tag.hasPrefix("?") || tag.hasSuffix("/") { continue }
      let name = tag.drop { $0 == "/" }.prefix { $0 != " " }
      if !tag.hasPrefix("/") {
        open.append(name)
      } else if open.popLast() != name {
        return "\(name) ends out of order"
      }
    }
    return open.isEmpty ? nil : "\(open) never end"
  }
}
