import Inference

/// Base64 with the standard alphabet and padding (RFC 4648, section 4), read strictly.
///
/// White space, a missing pad and bits that a pad cuts off are refused: each text has one meaning.
package enum Base64 {
  /// For each byte its six bits, or 0xFF where it is not of the alphabet.
  private static let alphabet: [UInt8] = {
    var values = [UInt8](repeating: 0xFF, count: 256)
    let letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    for (value, letter) in letters.utf8.enumerated() { values[Int(letter)] = UInt8(value) }
    return values
  }()

  /// The bytes that `text` stands for.
  static func decode(_ text: UnsafeBufferPointer<UInt8>) throws(InputProblem) -> [UInt8] {
    guard text.count % 4 == 0 else {
      throw problem("a length that is a multiple of 4", text.count)
    }
    guard !text.isEmpty else { return [] }
    let padCount = text.suffix(2).reduce(0) { $0 + ($1 == UInt8(ascii: "=") ? 1 : 0) }
    var failedGroup: Int?
    let bytes = [UInt8](unsafeUninitializedCapacity: text.count / 4 * 3) { output, count in
      failedGroup = alphabet.withUnsafeBufferPointer { values in
        decodeGroups(text, padCount: padCount, values, into: output)
      }
      count = failedGroup == nil ? text.count / 4 * 3 - padCount : 0
    }
    if let failedGroup {
      throw problem("4 characters of base64, padded with `=` at the end only", failedGroup * 4)
    }
    return bytes
  }

  private static func problem(_ expected: String, _ offset: Int) -> InputProblem {
    .syntax(.base64, expected: expected, byteOffset: offset)
  }

  /// Decodes all groups of four; gives the first that is wrong.
  private static func decodeGroups(
    _ text: UnsafeBufferPointer<UInt8>, padCount: Int, _ values: UnsafeBufferPointer<UInt8>,
    into output: UnsafeMutableBufferPointer<UInt8>
  ) -> Int? {
    guard let source = text.baseAddress, let target = output.baseAddress else { return nil }
    let groupCount = text.count / 4
    for group in 0..<(padCount > 0 ? groupCount - 1 : groupCount) {
      let word = source + group * 4
      let (a, b, c, d) = (
        values[Int(word[0])], values[Int(word[1])], values[Int(word[2])], values[Int(word[3])]
      )
      if (a | b | c | d) & 0x80 != 0 { return group }
      target[group * 3] = a << 2 | b >> 4
      target[group * 3 + 1] = b << 4 | c >> 2
      target[group * 3 + 2] = c << 6 | d
    }
    guard padCount > 0 else { return nil }
    return decodeLast(
      source + (groupCount - 1) * 4, padCount, values, into: target + (groupCount - 1) * 3)
      ? nil : groupCount - 1
  }

  private static func decodeLast(
    _ word: UnsafePointer<UInt8>, _ padCount: Int, _ values: UnsafeBufferPointer<UInt8>,
    into target: UnsafeMutablePointer<UInt8>
  ) -> Bool {
    let (a, b) = (values[Int(word[0])], values[Int(word[1])])
    let c = padCount == 2 ? 0 : values[Int(word[2])]
    let pads = padCount == 2 ? word[2] : UInt8(ascii: "=")
    // What the pad cuts off must be zero.
    let cutOff = padCount == 2 ? b & 0xF : c & 0x3
    guard (a | b | c) & 0x80 == 0, pads == UInt8(ascii: "="), cutOff == 0 else { return false }
    target[0] = a << 2 | b >> 4
    if padCount == 1 { target[1] = b << 4 | c >> 2 }
    return true
  }

  private static let letters = Array(
    "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)

  /// Characters that `byteCount` bytes become.
  static func encodedByteCount(of byteCount: Int) -> Int { (byteCount + 2) / 3 * 4 }

  /// The bytes as base64 with padding.
  package static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
    var text: [UInt8] = []
    text.reserveCapacity(encodedByteCount(of: bytes.count))
    encode(bytes) { text.append($0) }
    return String(decoding: text, as: UTF8.self)
  }

  /// Gives `emit` the characters that stand for `bytes`, padded.
  static func encode(_ bytes: UnsafeRawBufferPointer, _ emit: (UInt8) -> Void) {
    var index = 0
    while index < bytes.count {
      let count = min(3, bytes.count - index)
      var word: UInt32 = 0
      for offset in 0..<3 {
        word = word << 8 | (offset < count ? UInt32(bytes[index + offset]) : 0)
      }
      for place in 0..<4 {
        let six = Int(truncatingIfNeeded: word >> UInt32(18 - 6 * place)) & 63
        emit(place <= count ? letters[six] : UInt8(ascii: "="))
      }
      index += 3
    }
  }
}

/// Bytes as `{"b64": "..."}`, TensorFlow Serving's form of what is no text.
enum Base64Object {
  /// Whether such an object is at the cursor: its first key tells.
  static func isNext(_ scanner: JSONScanner) -> Bool {
    var scanner = scanner
    guard scanner.take("{"), scanner.take("\"") else { return false }
    return scanner.remainingByteCount >= 4 && scanner.cursor[0] == UInt8(ascii: "b")
      && scanner.cursor[1] == UInt8(ascii: "6") && scanner.cursor[2] == UInt8(ascii: "4")
      && scanner.cursor[3] == UInt8(ascii: "\"")
  }

  /// The bytes of the object at the cursor.
  static func read(_ scanner: inout JSONScanner) throws(InputProblem) -> [UInt8] {
    var bytes: [UInt8]?
    try scanner.readObject { (scanner, key) throws(InputProblem) in
      guard key == "b64", bytes == nil else {
        throw .fieldOfWrongKind("b64", expected: #"the only key, as in {"b64": "..."}"#)
      }
      guard scanner.peek() == UInt8(ascii: "\"") else {
        throw .fieldOfWrongKind("b64", expected: "a string")
      }
      bytes = try decode(try scanner.readStringToken())
    }
    guard let bytes else { throw .missingField("b64") }
    return bytes
  }

  /// Encoders may write `\/`; only then is the text copied before it is decoded.
  static func decode(_ token: JSONStringToken) throws(InputProblem) -> [UInt8] {
    guard token.hasEscapes else { return try Base64.decode(token.content) }
    var plain: [UInt8] = []
    token.append(to: &plain)
    return try plain.withUnsafeBufferPointer { text in
      Result { () throws(InputProblem) in try Base64.decode(text) }
    }.get()
  }
}
