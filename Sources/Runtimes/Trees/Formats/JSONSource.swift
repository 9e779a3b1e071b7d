/// JSON text, with NaN and Infinity as XGBoost writes them.
struct JSONSource: ModelSource {
  private let bytes: UnsafeRawBufferPointer
  private(set) var place: Int
  private var depth = 0
  /// A value was read, so that a comma must come before the next.
  private var isAfterValue = false

  init(_ bytes: UnsafeRawBufferPointer, from place: Int = 0) {
    self.bytes = bytes
    self.place = place
  }

  var byteCount: Int { bytes.count }

  /// The next byte that is no white space.
  private mutating func look() throws(FormatProblem) -> UInt8 {
    while place < bytes.count {
      let byte = bytes[place]
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return byte }
      place += 1
    }
    throw .truncated(at: place)
  }

  private mutating func take(_ byte: UInt8, _ what: String) throws(FormatProblem) {
    guard try look() == byte else { throw unexpected(what) }
    place += 1
  }

  private func unexpected(_ what: String) -> FormatProblem {
    FormatProblem("\(what) was expected at byte \(place)")
  }

  mutating func nextKind() throws(FormatProblem) -> ModelValueKind {
    switch try look() {
    case UInt8(ascii: "{"): .object
    case UInt8(ascii: "["): .array
    case UInt8(ascii: "\""): .string
    case UInt8(ascii: "t"), UInt8(ascii: "f"): .boolean
    case UInt8(ascii: "n"): .null
    default: .number
    }
  }

  private mutating func begin(_ byte: UInt8, _ what: String) throws(FormatProblem) {
    try take(byte, what)
    depth += 1
    guard depth <= FormatLimits.depth else {
      throw FormatProblem("values lie more than \(FormatLimits.depth) deep in each other")
    }
    isAfterValue = false
  }

  /// Whether the object or array ends here; if not, the comma is taken.
  private mutating func ends(with byte: UInt8) throws(FormatProblem) -> Bool {
    if try look() == byte {
      place += 1
      depth -= 1
      isAfterValue = true
      return true
    }
    if isAfterValue { try take(UInt8(ascii: ","), "a comma") }
    isAfterValue = false
    return false
  }

  mutating func beginObject() throws(FormatProblem) { try begin(UInt8(ascii: "{"), "an object") }
  mutating func beginArray() throws(FormatProblem) { try begin(UInt8(ascii: "["), "an array") }

  mutating func hasElement() throws(FormatProblem) -> Bool {
    try !ends(with: UInt8(ascii: "]"))
  }

  mutating func nextKey() throws(FormatProblem) -> ModelKey? {
    if try ends(with: UInt8(ascii: "}")) { return nil }
    let (range, _) = try quoted()
    try take(UInt8(ascii: ":"), "a colon")
    isAfterValue = false
    return ModelKey(bytes: UnsafeRawBufferPointer(rebasing: bytes[range]))
  }

  /// Where the text between the quotes lies, and whether it has escapes.
  private mutating func quoted() throws(FormatProblem) -> (range: Range<Int>, hasEscapes: Bool) {
    try take(UInt8(ascii: "\""), "a string")
    let start = place
    var hasEscapes = false
    while place < bytes.count {
      let byte = bytes[place]
      place += 1
      if byte == UInt8(ascii: "\"") {
        isAfterValue = true
        return (start..<place - 1, hasEscapes)
      }
      if byte == UInt8(ascii: "\\") {
        hasEscapes = true
        place += 1
      }
    }
    throw .truncated(at: bytes.count)
  }

  mutating func string() throws(FormatProblem) -> String {
    let (range, hasEscapes) = try quoted()
    let raw = UnsafeRawBufferPointer(rebasing: bytes[range])
    return hasEscapes ? JSONEscapes.resolved(raw) : String(decoding: raw, as: UTF8.self)
  }

  mutating func double() throws(FormatProblem) -> Double {
    let first = try look()
    defer { isAfterValue = true }
    if let number = DecimalText(bytes, at: &place) { return number.double(of: bytes) }
    return try named(first)
  }

  private mutating func float() throws(FormatProblem) -> Float {
    let first = try look()
    defer { isAfterValue = true }
    if let number = DecimalText(bytes, at: &place) { return number.float(of: bytes) }
    return Float(try named(first))
  }

  /// NaN and the infinities. XGBoost's writer spells them so, beyond what JSON has.
  private mutating func named(_ first: UInt8) throws(FormatProblem) -> Double {
    if takeWord("NaN") { return .nan }
    if takeWord("Infinity") || takeWord("inf") { return .infinity }
    if takeWord("-Infinity") || takeWord("-inf") { return -.infinity }
    if takeWord("nan") || takeWord("-nan") { return .nan }
    throw unexpected("a number")
  }

  private mutating func takeWord(_ word: StaticString) -> Bool {
    let length = word.utf8CodeUnitCount
    guard bytes.count - place >= length else { return false }
    let here = UnsafeRawBufferPointer(rebasing: bytes[place..<place + length])
    guard
      here.elementsEqual(UnsafeRawBufferPointer(start: word.utf8Start, count: length))
    else { return false }
    place += length
    return true
  }

  mutating func integer() throws(FormatProblem) -> Int {
    let first = try look()
    defer { isAfterValue = true }
    if first == UInt8(ascii: "t"), takeWord("true") { return 1 }
    if first == UInt8(ascii: "f"), takeWord("false") { return 0 }
    guard let number = DecimalText(bytes, at: &place) else { throw unexpected("a whole number") }
    if number.exponent == 0, !number.isCut, let value = Int(exactly: number.digits) {
      return number.isNegative ? -value : value
    }
    guard let value = Int(exactly: number.double(of: bytes)) else {
      throw unexpected("a whole number")
    }
    return value
  }

  mutating func floats(into values: inout [Float]) throws(FormatProblem) {
    values.removeAll(keepingCapacity: true)
    try beginArray()
    while try hasElement() { values.append(try float()) }
  }

  mutating func doubles(into values: inout [Double]) throws(FormatProblem) {
    values.removeAll(keepingCapacity: true)
    try beginArray()
    while try hasElement() { values.append(try double()) }
  }

  mutating func integers(into values: inout [Int]) throws(FormatProblem) {
    values.removeAll(keepingCapacity: true)
    try beginArray()
    while try hasElement() { values.append(try integer()) }
  }

  /// Brackets are counted, not matched: what is passed over need not be right inside.
  mutating func skip() throws(FormatProblem) {
    var open = 0
    repeat {
      switch try look() {
      case UInt8(ascii: "\""): _ = try quoted()
      case UInt8(ascii: "{"), UInt8(ascii: "["):
        open += 1
        place += 1
      case UInt8(ascii: "}"), UInt8(ascii: "]"):
        guard open > 0 else { throw unexpected("a value") }
        open -= 1
        place += 1
      case UInt8(ascii: ","), UInt8(ascii: ":"):
        guard open > 0 else { throw unexpected("a value") }
        place += 1
      default: skipWord()
      }
    } while open > 0
    isAfterValue = true
  }

  private mutating func skipWord() {
    while place < bytes.count {
      switch bytes[place] {
      case UInt8(ascii: ","), UInt8(ascii: "]"), UInt8(ascii: "}"), UInt8(ascii: ":"), 0x20, 0x0A,
        0x0D, 0x09:
        return
      default: place += 1
      }
    }
  }
}
