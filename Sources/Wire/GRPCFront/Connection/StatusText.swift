/// Writes messages as `grpc-message` takes them: percent-encoded, visible ASCII only.
enum StatusText {
  /// Bytes of a message beyond which it is cut: clients have limits on headers, too.
  static let byteCountMax = 4_096

  static func encode(_ message: String) -> String {
    let utf8 = message.utf8
    if utf8.count <= byteCountMax, utf8.allSatisfy({ isPlain($0) }) { return message }
    let digits = Array("0123456789ABCDEF".utf8)
    var encoded: [UInt8] = []
    for byte in utf8.prefix(byteCountMax) {
      if isPlain(byte) {
        encoded.append(byte)
      } else {
        encoded += [UInt8(ascii: "%"), digits[Int(byte >> 4)], digits[Int(byte & 15)]]
      }
    }
    return String(decoding: encoded, as: UTF8.self)
  }

  private static func isPlain(_ byte: UInt8) -> Bool {
    (0x20...0x7E).contains(byte) && byte != UInt8(ascii: "%")
  }
}
