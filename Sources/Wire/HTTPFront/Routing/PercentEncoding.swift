/// The `%41` of URLs (RFC 3986) and the `+` of forms.
enum PercentEncoding {
  /// `nil` where a `%` is not followed by two hexadecimal digits, or the bytes are no UTF-8.
  static func decode(_ text: Substring, plusIsSpace: Bool = false) -> String? {
    let bytes = text.utf8
    guard bytes.contains(where: { $0 == 37 || (plusIsSpace && $0 == 43) }) else {
      return String(text)
    }
    var decoded: [UInt8] = []
    var rest = bytes[...]
    while let byte = rest.popFirst() {
      if byte == 37 {
        guard let high = rest.popFirst().flatMap(digit), let low = rest.popFirst().flatMap(digit)
        else { return nil }
        decoded.append(high << 4 | low)
      } else {
        decoded.append(plusIsSpace && byte == 43 ? 32 : byte)
      }
    }
    return String(validating: decoded, as: UTF8.self)
  }

  /// As one segment of a path.
  static func encode(_ text: String) -> String {
    var encoded = ""
    for byte in text.utf8 {
      switch byte {
      case 48...57, 65...90, 97...122, 45, 46, 95, 126:
        encoded.unicodeScalars.append(Unicode.Scalar(byte))
      default:
        let digits = String(byte, radix: 16, uppercase: true)
        encoded += (digits.utf8.count == 1 ? "%0" : "%") + digits
      }
    }
    return encoded
  }

  private static func digit(_ byte: UInt8) -> UInt8? {
    switch byte {
    case 48...57: byte - 48
    case 65...70: byte - 55
    case 97...102: byte - 87
    default: nil
    }
  }

  /// The names and values of a query or of a form, in order; `nil` where one is not decodable.
  static func pairs(in text: String) -> [(name: String, value: String)]? {
    var pairs: [(name: String, value: String)] = []
    for piece in text.split(separator: "&") {
      let mark = piece.firstIndex(of: "=")
      let rawValue = mark.map { piece[piece.index(after: $0)...] } ?? ""
      guard let name = decode(piece[..<(mark ?? piece.endIndex)], plusIsSpace: true),
        let value = decode(rawValue, plusIsSpace: true)
      else { return nil }
      pairs.append((name, value))
    }
    return pairs
  }
}
