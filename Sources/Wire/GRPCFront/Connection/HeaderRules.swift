/// What HTTP/2 asks of the header fields of a request (RFC 9113, 8.2 and 8.3), checked one after the
/// other.
///
/// In place of the HTTP/2 handler's own check, which goes over what we answer, too, and costs more by a
/// sixteenth of a small call's instructions.
struct HeaderRules {
  private struct Pseudo: OptionSet {
    let rawValue: UInt8
    static let method = Pseudo(rawValue: 1)
    static let path = Pseudo(rawValue: 2)
    static let scheme = Pseudo(rawValue: 4)
    static let authority = Pseudo(rawValue: 8)
    static let needed: Pseudo = [.method, .path, .scheme]

    init(rawValue: UInt8) { self.rawValue = rawValue }

    init?(name: String) {
      switch name {
      case ":method": self = .method
      case ":path": self = .path
      case ":scheme": self = .scheme
      case ":authority": self = .authority
      default: return nil
      }
    }
  }

  private var seen: Pseudo = []
  private var isPastPseudo = false
  private var isBroken = false

  /// To be asked when all fields were checked.
  var areKept: Bool { !isBroken && seen.isSuperset(of: .needed) }

  mutating func check(_ name: String, _ value: String) {
    if name.utf8.first == UInt8(ascii: ":") {
      checkPseudo(name, value)
    } else {
      isPastPseudo = true
      if !Self.isName(name) || Self.isOfConnection(name, value) { isBroken = true }
    }
    if !Self.isValue(value) { isBroken = true }
  }

  private mutating func checkPseudo(_ name: String, _ value: String) {
    guard !isPastPseudo, let field = Pseudo(name: name), !value.isEmpty, !seen.contains(field)
    else {
      isBroken = true
      return
    }
    seen.insert(field)
  }

  /// Visible ASCII without capitals and colons.
  private static func isName(_ name: String) -> Bool {
    !name.isEmpty
      && name.utf8.allSatisfy {
        $0 > 0x20 && $0 < 0x7f && !(0x41...0x5a).contains($0) && $0 != UInt8(ascii: ":")
      }
  }

  /// No line ends and zeros, and no blanks at its ends.
  private static func isValue(_ value: String) -> Bool {
    let bytes = value.utf8
    guard let first = bytes.first, let last = bytes.last else { return true }
    return !isBlank(first) && !isBlank(last)
      && bytes.allSatisfy { $0 != 0 && $0 != 0x0a && $0 != 0x0d }
  }

  private static func isBlank(_ byte: UInt8) -> Bool { byte == 0x20 || byte == 0x09 }

  /// Fields that are about a connection of HTTP/1.1.
  private static func isOfConnection(_ name: String, _ value: String) -> Bool {
    switch name.utf8.count {
    case 2: name == "te" && value != "trailers"
    case 7: name == "upgrade"
    case 10: name == "connection" || name == "keep-alive"
    case 16: name == "proxy-connection"
    case 17: name == "transfer-encoding"
    default: false
    }
  }
}
