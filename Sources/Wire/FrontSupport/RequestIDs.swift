/// Makes the ids of requests that bring none: 13 letters and digits, which a Swift string holds
/// without memory of its own. Unique within a process as far as 64 random bits go; no secret.
package struct RequestIDs: Sendable {
  private var next: UInt64

  /// Longest id of a client that is taken over.
  package static let byteCountMax = 128

  package init(seed: UInt64) { next = seed }

  package mutating func make() -> String {
    // An odd step visits every number once; this one (2^64 over the golden ratio) also makes
    // neighbours look unlike each other.
    next &+= 0x9E37_79B9_7F4A_7C15
    var rest = next
    return String(unsafeUninitializedCapacity: 13) { letters in
      for index in 0..<13 {
        let digit = UInt8(truncatingIfNeeded: rest & 31)
        letters[index] = digit < 10 ? 48 + digit : 87 + digit
        rest >>= 5
      }
      return 13
    }
  }

  /// Whether a client's id may appear in headers and logs: visible ASCII, not too long.
  package static func isAcceptable(_ id: String) -> Bool {
    let bytes = id.utf8
    return !bytes.isEmpty && bytes.count <= byteCountMax && bytes.allSatisfy { 33...126 ~= $0 }
  }
}
