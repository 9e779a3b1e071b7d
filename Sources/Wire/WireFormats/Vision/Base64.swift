import Inference

/// Base64 with the standard alphabet and padding (RFC 4648, section 4), read strictly.
///
/// White space, a missing pad and bits that a pad cuts off are refused: each text has one meaning.
enum Base64 {
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
}

extension Base64 {
  /// The bytes as base64 with padding.
  static func encode(_ bytes: UnsafeRawBufferPointer) -> String {
    let letters = Array("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/".utf8)
    var text: [UInt8] = []
    text.reserveCapacity((bytes.count + 2) / 3 * 4)
    for start in stride(from: 0, to: bytes.count, by: 3) {
      let group = bytes[start..<min(start + 3, bytes.count)]
      let bits = (0..<3).reduce(UInt32(0)) { bits, place in
        bits << 8 | (place < group.count ? UInt32(group[start + place]) : 0)
      }
      for place in 0..<4 {
        let isPadding = place > group.count
        text.append(
          isPadding ? UInt8(ascii: "=") : letters[Int(bits >> (18 - 6 * UInt32(place)) & 63)])
      }
    }
    return String(decoding: text, as: UTF8.self)
  }
}
