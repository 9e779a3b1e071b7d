/// The head of an answer: what decides where it ends.
struct HTTPHead: Equatable {
  let status: Int
  private(set) var contentLength: Int?
  private(set) var isChunked = false
  private(set) var closes = false

  /// How many bytes the head has, its empty line included; `nil` while that has not come.
  static func end(in bytes: UnsafeRawBufferPointer, from start: Int) -> Int? {
    var place = start
    while place + 3 < bytes.count {
      if bytes[place + 3] == 10, bytes[place + 2] == 13, bytes[place + 1] == 10, bytes[place] == 13
      {
        return place + 4
      }
      place += 1
    }
    return nil
  }

  /// Reads a whole head; `nil` where it is none.
  init?(_ bytes: UnsafeRawBufferPointer) {
    // `HTTP/1.1 200`, RFC 9112, 4.
    guard bytes.count >= 16, Self.isEqual(bytes, 0..<7, to: "http/1."),
      let status = Self.integer(bytes, 9..<12)
    else { return nil }
    self.status = status
    closes = bytes[7] == UInt8(ascii: "0")
    var start = bytes.firstIndex(of: 10).map { $0 + 1 } ?? bytes.count
    while start < bytes.count {
      let end = bytes[start...].firstIndex(of: 10) ?? bytes.count
      guard readField(bytes, start..<end) else { return nil }
      start = end + 1
    }
  }

  /// False where a length is no number.
  private mutating func readField(_ bytes: UnsafeRawBufferPointer, _ line: Range<Int>) -> Bool {
    guard let colon = bytes[line].firstIndex(of: UInt8(ascii: ":")) else { return true }
    let name = line.lowerBound..<colon
    var value = colon + 1..<line.upperBound
    while let last = value.last, bytes[last] <= 32 { value = value.dropLast() }
    while let first = value.first, bytes[first] <= 32 { value = value.dropFirst() }
    if Self.isEqual(bytes, name, to: "content-length") {
      guard let length = Self.integer(bytes, value) else { return false }
      contentLength = length
    } else if Self.isEqual(bytes, name, to: "transfer-encoding") {
      isChunked = Self.isEqual(bytes, value.suffix(7), to: "chunked")
    } else if Self.isEqual(bytes, name, to: "connection") {
      closes = Self.isEqual(bytes, value, to: "close")
    }
    return true
  }

  /// Whether a range holds this text, in letters of any case.
  private static func isEqual(
    _ bytes: UnsafeRawBufferPointer, _ range: Range<Int>, to text: StaticString
  ) -> Bool {
    guard range.count == text.utf8CodeUnitCount else { return false }
    for (index, place) in range.enumerated() {
      let byte = bytes[place]
      let lower = byte >= 65 && byte <= 90 ? byte + 32 : byte
      if lower != text.utf8Start[index] { return false }
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
