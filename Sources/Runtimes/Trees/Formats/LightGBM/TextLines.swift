/// The lines of a text, and on a line what comes before and after the first `=`.
struct TextLines {
  let bytes: UnsafeRawBufferPointer
  private(set) var place = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  /// The next line without its end, or nil after the last. Carriage returns belong to the end.
  mutating func next() -> UnsafeRawBufferPointer? {
    guard place < bytes.count else { return nil }
    let rest = UnsafeRawBufferPointer(rebasing: bytes[place...])
    var length = rest.firstIndex(of: 0x0A) ?? rest.count
    place += min(length + 1, rest.count)
    if length > 0, rest[length - 1] == 0x0D { length -= 1 }
    return UnsafeRawBufferPointer(rebasing: rest[..<length])
  }
}

extension UnsafeRawBufferPointer {
  func hasPrefix(_ text: StaticString) -> Bool {
    count >= text.utf8CodeUnitCount
      && self[..<text.utf8CodeUnitCount].elementsEqual(
        UnsafeRawBufferPointer(start: text.utf8Start, count: text.utf8CodeUnitCount))
  }

  /// Both sides of the first `=`; a line without one is a key alone.
  var keyAndValue: (key: ModelKey, value: UnsafeRawBufferPointer) {
    let middle = firstIndex(of: UInt8(ascii: "=")) ?? count
    return (
      ModelKey(bytes: UnsafeRawBufferPointer(rebasing: self[..<middle])),
      UnsafeRawBufferPointer(rebasing: self[Swift.min(middle + 1, count)...])
    )
  }

  var text: String { String(decoding: self, as: UTF8.self) }

  /// The words between spaces.
  var words: [String] { split(separator: 0x20).map { String(decoding: $0, as: UTF8.self) } }
}

/// Numbers with spaces between them.
struct NumberWords {
  private let bytes: UnsafeRawBufferPointer
  private var place = 0

  init(_ bytes: UnsafeRawBufferPointer) { self.bytes = bytes }

  private mutating func skipSpaces() -> Bool {
    while place < bytes.count, bytes[place] == 0x20 { place += 1 }
    return place < bytes.count
  }

  mutating func doubles(into values: inout [Double]) throws(FormatProblem) {
    values.removeAll(keepingCapacity: true)
    while skipSpaces() {
      if let number = DecimalText(bytes, at: &place) {
        values.append(number.double(of: bytes))
      } else {
        values.append(try named())
      }
      try checkEnd()
    }
  }

  mutating func integers(into values: inout [Int]) throws(FormatProblem) {
    values.removeAll(keepingCapacity: true)
    while skipSpaces() {
      guard let number = DecimalText(bytes, at: &place), number.exponent == 0,
        let value = Int(exactly: number.digits)
      else { throw problem }
      values.append(number.isNegative ? -value : value)
      try checkEnd()
    }
  }

  private func checkEnd() throws(FormatProblem) {
    guard place == bytes.count || bytes[place] == 0x20 else { throw problem }
  }

  /// inf and nan, with or without a sign.
  private mutating func named() throws(FormatProblem) -> Double {
    let end = bytes[place...].firstIndex(of: 0x20) ?? bytes.count
    defer { place = end }
    switch ModelKey(bytes: UnsafeRawBufferPointer(rebasing: bytes[place..<end])) {
    case "inf", "infinity", "+inf": return .infinity
    case "-inf", "-infinity": return -.infinity
    case "nan", "-nan", "NaN": return .nan
    default: throw problem
    }
  }

  private var problem: FormatProblem {
    let word = bytes[place...].prefix { $0 != 0x20 }.prefix(40)
    return FormatProblem(
      "\"\(String(decoding: word, as: UTF8.self))\" stands where a number belongs")
  }
}
