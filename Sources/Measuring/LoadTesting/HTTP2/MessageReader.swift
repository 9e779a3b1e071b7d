/// Reads the one message that a call is answered with: five bytes, then so many as they say.
///
/// Counts what goes by and keeps it only where that is wanted.
struct MessageReader {
  /// An answer that is kept, at most.
  static let keptByteCountMax = 64 << 20
  private static let prefixByteCount = 5

  /// The message where it is kept.
  private(set) var kept: [UInt8]?
  private var prefixCount = 0
  private var missingCount = 0
  private var wholeCount = 0

  init(isKept: Bool) { kept = isKept ? [] : nil }

  /// Takes the next bytes; says what is wrong with them.
  mutating func take(_ bytes: UnsafeRawBufferPointer) -> String? {
    var rest = bytes
    while !rest.isEmpty {
      if prefixCount < Self.prefixByteCount {
        if let problem = takePrefix(rest[0]) { return problem }
        rest = UnsafeRawBufferPointer(rebasing: rest[1...])
      } else {
        let taken = min(missingCount, rest.count)
        kept?.append(contentsOf: rest[..<taken])
        missingCount -= taken
        rest = UnsafeRawBufferPointer(rebasing: rest[taken...])
      }
      if prefixCount == Self.prefixByteCount, missingCount == 0 {
        wholeCount += 1
        prefixCount = 0
      }
    }
    return nil
  }

  private mutating func takePrefix(_ byte: UInt8) -> String? {
    if prefixCount == 0 {
      guard byte == 0 else { return "an answer is packed, which nobody asked for" }
      guard wholeCount == 0 else { return "a call has more than one answer" }
    } else {
      missingCount = missingCount << 8 | Int(byte)
    }
    prefixCount += 1
    guard prefixCount == Self.prefixByteCount, kept != nil, missingCount > Self.keptByteCountMax
    else { return nil }
    return "an answer has \(missingCount) bytes, more than are looked at"
  }

  /// What is wrong at the end of a call that went well; `nil` where there is one whole message.
  var problemAtEnd: String? {
    if prefixCount > 0 { return "an answer ends in its middle" }
    return wholeCount == 1 ? nil : "a call that went well has no answer"
  }
}
