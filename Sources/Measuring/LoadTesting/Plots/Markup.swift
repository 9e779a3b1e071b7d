/// Elements of HTML, SVG or XML, written one after the other into one text.
///
/// Every text and every attribute's value is escaped, and characters that XML forbids become U+FFFD, so
/// nothing that came from outside can end an element.
package struct Markup: Sendable {
  package private(set) var text = ""

  package init() {}

  package typealias Attributes = KeyValuePairs<String, String>

  /// An element with what `content` puts into it.
  package mutating func element(
    _ name: String, _ attributes: Attributes = [:], _ content: (inout Markup) -> Void
  ) {
    open(name, attributes)
    text += ">"
    content(&self)
    text += "</\(name)>"
  }

  /// An element with a text in it.
  package mutating func element(_ name: String, _ attributes: Attributes = [:], _ content: String) {
    element(name, attributes) { $0.add(content) }
  }

  /// The same without attributes.
  package mutating func element(_ name: String, _ content: String) { element(name, [:], content) }

  /// An element that never has anything in it.
  package mutating func empty(_ name: String, _ attributes: Attributes = [:]) {
    open(name, attributes)
    text += "/>"
  }

  /// A text, escaped.
  package mutating func add(_ text: String) { self.text += Self.escaped(text) }

  /// What is markup already, or a style of ours.
  package mutating func add(raw markup: String) { text += markup }

  private mutating func open(_ name: String, _ attributes: Attributes) {
    text += "<\(name)"
    for (key, value) in attributes { text += " \(key)=\"\(Self.escaped(value))\"" }
  }

  package static func escaped(_ text: String) -> String {
    var clean = String.UnicodeScalarView()
    for scalar in text.unicodeScalars {
      switch scalar {
      case "&": clean.append(contentsOf: "&amp;".unicodeScalars)
      case "<": clean.append(contentsOf: "&lt;".unicodeScalars)
      case ">": clean.append(contentsOf: "&gt;".unicodeScalars)
      case "\"": clean.append(contentsOf: "&quot;".unicodeScalars)
      case "'": clean.append(contentsOf: "&#39;".unicodeScalars)
      default: clean.append(isCharacter(scalar) ? scalar : "\u{FFFD}")
      }
    }
    return String(clean)
  }

  /// XML 1.0, 2.2: `Char`. C1 controls are allowed there, and of no use.
  private static func isCharacter(_ scalar: Unicode.Scalar) -> Bool {
    switch scalar.value {
    case 9, 10, 13: true
    case 0..<0x20, 0x7F..<0xA0, 0xFFFE, 0xFFFF: false
    default: true
    }
  }
}
