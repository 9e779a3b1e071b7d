import Glibc

/// The head of an answer: what decides where it ends (RFC 9112).
struct HTTPHead: Equatable {
  let status: Int
  private(set) var contentLength: Int?
  private(set) var isChunked = false
  private(set) var closes = false

  /// What the bytes of an answer's beginning are.
  enum Reading: Equatable {
    /// A whole head, of so many bytes.
    case whole(HTTPHead, byteCount: Int)
    /// A head's beginning.
    case part
    case nonsense
  }

  /// Reads a head in one pass, from its first byte on.
  static func read(_ bytes: UnsafeRawBufferPointer) -> Reading {
    // `HTTP/1.1 200`, RFC 9112, 4.
    guard begins(bytes, as: "http/1.") else { return .nonsense }
    guard let first = lineEnd(bytes, from: 0) else { return .part }
    guard first >= 12, bytes[8] == UInt8(ascii: " "), let status = integer(bytes, 9..<12) else {
      return .nonsense
    }
    var head = HTTPHead(status: status, closes: bytes[7] == UInt8(ascii: "0"))
    var start = first + 1
    var isNonsense = false
    while let end = lineEnd(bytes, from: start) {
      if isEmpty(bytes, start..<end) {
        return isNonsense ? .nonsense : .whole(head, byteCount: end + 1)
      }
      if !head.readField(bytes, start..<end) { isNonsense = true }
      start = end + 1
    }
    return .part
  }

  /// Whether reading may tell more than it did of the first `start` bytes: where the first line was not
  /// whole, or the head may end. So one that comes in many pieces is not read again with each of them.
  static func isWorthReading(_ bytes: UnsafeRawBufferPointer, after start: Int) -> Bool {
    guard let first = lineEnd(bytes, from: 0), first < start else { return true }
    // Of its end three bytes may have come before.
    var place = max(0, start - 3)
    while let end = lineEnd(bytes, from: place) {
      let next = end + 1
      if next < bytes.count, bytes[next] == 10 { return true }
      if next + 1 < bytes.count, bytes[next] == 13, bytes[next + 1] == 10 { return true }
      place = next
    }
    return false
  }

  private init(status: Int, closes: Bool) {
    self.status = status
    self.closes = closes
  }

  /// Where the next line feed is.
  static func lineEnd(_ bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    guard start < bytes.count, let base = bytes.baseAddress,
      let found = memchr(base + start, 10, bytes.count - start)
    else { return nil }
    return UnsafeRawPointer(found) - base
  }

  private static func isEmpty(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) -> Bool {
    line.isEmpty || (line.count == 1 && bytes[line.lowerBound] == 13)
  }

  /// False where a length is no number.
  private mutating func readField(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) -> Bool {
    // Only names that begin with C or T are of interest.
    let initial = bytes[line.lowerBound] | 0x20
    guard initial == UInt8(ascii: "c") || initial == UInt8(ascii: "t"),
      let colon = bytes[line].firstIndex(of: UInt8(ascii: ":"))
    else { return true }
    let name = line.lowerBound..<colon
    let value = Self.trimmed(bytes, colon + 1..<line.upperBound)
    if Self.isEqual(bytes, name, to: "content-length") {
      guard let length = Self.integer(bytes, value) else { return false }
      contentLength = length
    } else if Self.isEqual(bytes, name, to: "transfer-encoding") {
      isChunked = Self.isEqual(bytes, value.suffix(7), to: "chunked")
    } else if Self.isEqual(bytes, name, to: "connection") {
      readConnection(bytes, value)
    }
    return true
  }

  /// Words with commas between them; `close`, or `keep-alive` of HTTP/1.0, decides.
  private mutating func readConnection(_ bytes: UnsafeRawBufferPointer, _ value: Range<Int>) {
    var start = value.lowerBound
    while start < value.upperBound {
      let end =
        bytes[start..<value.upperBound].firstIndex(of: UInt8(ascii: ",")) ?? value.upperBound
      let word = Self.trimmed(bytes, start..<end)
      if Self.isEqual(bytes, word, to: "close") { closes = true }
      if Self.isEqual(bytes, word, to: "keep-alive") { closes = false }
      start = end + 1
    }
  }

  private static func trimmed(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Range<Int> {
    var range = range
    while let last = range.last, bytes[last] <= 32 { range = range.dropLast() }
    while let first = range.first, bytes[first] <= 32 { range = range.dropFirst() }
    return range
  }

  /// Whether a range holds this text, in letters of any case.
  private static func isEqual(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, to text: StaticString
  ) -> Bool {
    range.count == text.utf8CodeUnitCount
      && begins(UnsafeRawBufferPointer(rebasing: bytes[range]), as: text)
  }

  /// Whether bytes begin with this text, or are its beginning.
  private static func begins(_ bytes: UnsafeRawBufferPointer, as text: StaticString) -> Bool {
    for place in 0..<min(bytes.count, text.utf8CodeUnitCount) {
      let byte = bytes[place]
      let lower = byte >= 65 && byte <= 90 ? byte + 32 : byte
      if lower != text.utf8Start[place] { return false }
    }
    return true
  }

  private static func integer(_ bytes: UnsafeRawBufferPointer, _ range: Range<Int>) -> Int? {
    guard !range.isEmpty, range.count <= 15 else { return nil }
    var value = 0
    for place in range {
      guard bytes[place] >= 48, bytes[place] <= 57 else { return nil }
      value = value * 10 + Int(bytes[place] - 48)
    }
    return value
  }
}
