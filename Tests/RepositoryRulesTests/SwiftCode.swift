/// Just enough of Swift's grammar to tell code from comments and strings, so that a rule does not
/// trip over a sentence about the rule. Code inside of an interpolation stays.
enum SwiftCode {
  private enum Place {
    case code(openParentheses: Int)
    case string(hashCount: Int, isMultiline: Bool)
    case lineComment
    case blockComment
  }

  /// The same text with blanks in place of every comment and string; line breaks stay.
  static func withoutCommentsAndStrings(_ text: String) -> String {
    var scan = Scan(bytes: Array(text.utf8))
    while scan.step() {}
    return String(decoding: scan.output, as: UTF8.self)
  }

  /// Walks once over the bytes. The stack of places is never empty.
  private struct Scan {
    let bytes: [UInt8]
    var position = 0
    var places: [Place] = [.code(openParentheses: 0)]
    var output: [UInt8] = []

    init(bytes: [UInt8]) {
      self.bytes = bytes
      output.reserveCapacity(bytes.count)
    }

    mutating func step() -> Bool {
      guard position < bytes.count else { return false }
      switch places[places.count - 1] {
      case .code(let open): stepInCode(open)
      case .string(let hashes, let isMultiline): stepInString(hashes, isMultiline)
      case .lineComment:
        if bytes[position] == newline { places.removeLast() }
        blank(1)
      case .blockComment:
        if isNext("*/") {
          places.removeLast()
          blank(2)
        } else if isNext("/*") {
          enter(.blockComment, skipping: 2)
        } else {
          blank(1)
        }
      }
      return true
    }

    private mutating func stepInCode(_ open: Int) {
      if bytes[position] == slash {
        if isNext("//") { return enter(.lineComment, skipping: 2) }
        if isNext("/*") { return enter(.blockComment, skipping: 2) }
      }
      let hashes = bytes[position...].prefix { $0 == hash }.count
      if position + hashes < bytes.count, bytes[position + hashes] == quote {
        let isMultiline = bytes[(position + hashes)...].starts(with: [quote, quote, quote])
        let place = Place.string(hashCount: hashes, isMultiline: isMultiline)
        return enter(place, skipping: hashes + (isMultiline ? 3 : 1))
      }
      switch bytes[position] {
      case UInt8(ascii: "("): places[places.count - 1] = .code(openParentheses: open + 1)
      case UInt8(ascii: ")") where open == 0 && places.count > 1:
        places.removeLast()
        return blank(1)
      case UInt8(ascii: ")"): places[places.count - 1] = .code(openParentheses: open - 1)
      default: break
      }
      output.append(bytes[position])
      position += 1
    }

    /// A string of one line ends with its line at the latest, so that a quotation mark inside of a
    /// regular expression does no harm beyond it.
    private mutating func stepInString(_ hashes: Int, _ isMultiline: Bool) {
      let byte = bytes[position]
      guard byte == backslash || byte == quote else {
        if !isMultiline && byte == newline { places.removeLast() }
        return blank(1)
      }
      let fence = String(repeating: "#", count: hashes)
      let end = (isMultiline ? "\"\"\"" : "\"") + fence
      if isNext("\\" + fence + "(") {
        enter(.code(openParentheses: 0), skipping: 2 + hashes)
      } else if isNext("\\" + fence) {
        blank(2 + hashes)
      } else if isNext(end) {
        places.removeLast()
        blank(end.utf8.count)
      } else {
        blank(1)
      }
    }

    private mutating func enter(_ place: Place, skipping count: Int) {
      places.append(place)
      blank(count)
    }

    private mutating func blank(_ count: Int) {
      let end = min(position + count, bytes.count)
      while position < end {
        output.append(bytes[position] == newline ? newline : UInt8(ascii: " "))
        position += 1
      }
    }

    private func isNext(_ word: String) -> Bool {
      bytes[position...].starts(with: word.utf8)
    }
  }

  private static let newline = UInt8(ascii: "\n")
  private static let hash = UInt8(ascii: "#")
  private static let slash = UInt8(ascii: "/")
  private static let quote = UInt8(ascii: "\"")
  private static let backslash = UInt8(ascii: "\\")
}
