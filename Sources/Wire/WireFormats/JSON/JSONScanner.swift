import Inference

/// Reads JSON text by RFC 8259, to the letter, from left to right.
///
/// A cursor over memory that the caller keeps valid meanwhile; a value, used by one function at a
/// time. Refuses what is not JSON with the place and what was expected there; arrays and objects
/// nested deeper than `depthMax` are refused before they are entered.
struct JSONScanner {
  let start: UnsafePointer<UInt8>
  let end: UnsafePointer<UInt8>
  var cursor: UnsafePointer<UInt8>
  let depthMax: Int
  private(set) var depth = 0
  /// `NaN`, `Infinity` and `-Infinity` are read over as values, which is how Python writes them.
  var takesNonFinite = false
  /// So are they among the numbers of tensors, and `null` for a missing one.
  var takesMissing = false {
    didSet { takesNonFinite = takesNonFinite || takesMissing }
  }
  let tables = DecimalTables.shared

  /// `bytes` must not be empty; see `scanning`.
  private init(_ bytes: UnsafeRawBufferPointer, depthMax: Int) {
    let base = bytes.bindMemory(to: UInt8.self)
    start = base.baseAddress.unsafelyUnwrapped
    end = start + base.count
    cursor = start
    self.depthMax = depthMax
  }

  /// Runs `body` over `bytes`, of which nothing but white space may remain afterwards.
  static func scanning<Result>(
    _ bytes: UnsafeRawBufferPointer, depthMax: Int,
    _ body: (inout JSONScanner) throws(InputProblem) -> Result
  ) throws(InputProblem) -> Result {
    guard !bytes.isEmpty else {
      throw .syntax(.json, expected: "a value", byteOffset: 0)
    }
    var scanner = JSONScanner(bytes, depthMax: depthMax)
    let result = try body(&scanner)
    scanner.skipSpace()
    guard scanner.cursor == scanner.end else { throw scanner.unexpected("the end of the document") }
    return result
  }

  /// Bytes not read yet.
  @inline(__always)
  var remainingByteCount: Int { end - cursor }

  /// The problem that something else was expected at the cursor.
  @inline(never)
  func unexpected(_ expected: String) -> InputProblem {
    .syntax(.json, expected: expected, byteOffset: cursor - start)
  }
}

extension JSONScanner {
  @inline(__always)
  mutating func skipSpace() {
    while cursor < end {
      let byte = cursor[0]
      guard byte <= 0x20 else { return }
      guard byte == 0x20 || byte == 0x0A || byte == 0x0D || byte == 0x09 else { return }
      cursor += 1
    }
  }

  /// The next byte that is not white space, not yet taken; 0 at the end.
  @inline(__always)
  mutating func peek() -> UInt8 {
    skipSpace()
    return cursor < end ? cursor[0] : 0
  }

  /// Takes `byte` where it is next.
  @inline(__always)
  mutating func take(_ byte: Unicode.Scalar) -> Bool {
    guard peek() == UInt8(truncatingIfNeeded: byte.value), cursor < end else { return false }
    cursor += 1
    return true
  }

  @inline(__always)
  mutating func expect(_ byte: Unicode.Scalar) throws(InputProblem) {
    guard take(byte) else { throw unexpected("`\(byte)`") }
  }

  /// Takes the opening bracket of an array or object and counts its depth.
  @inline(__always)
  mutating func open(_ bracket: Unicode.Scalar) throws(InputProblem) {
    try expect(bracket)
    depth += 1
    if depth > depthMax { throw .nestedTooDeep(.json, limit: depthMax) }
  }

  /// Takes the closing bracket that the caller has seen.
  @inline(__always)
  mutating func close() {
    cursor += 1
    depth -= 1
  }

  /// Reads an object, calling `member` with each key, the cursor before its value.
  mutating func readObject(
    _ member: (inout JSONScanner, String) throws(InputProblem) -> Void
  ) throws(InputProblem) {
    try open("{")
    if peek() == UInt8(ascii: "}") { return close() }
    while true {
      guard peek() == UInt8(ascii: "\"") else { throw unexpected("a key in quotes") }
      let key = try readString()
      try expect(":")
      try member(&self, key)
      if take(",") { continue }
      guard peek() == UInt8(ascii: "}") else { throw unexpected("`,` or `}`") }
      return close()
    }
  }

  /// Reads an array, calling `element` with the cursor before each element.
  mutating func readArray(
    _ element: (inout JSONScanner) throws(InputProblem) -> Void
  ) throws(InputProblem) {
    try open("[")
    if peek() == UInt8(ascii: "]") { return close() }
    while true {
      try element(&self)
      if take(",") { continue }
      guard peek() == UInt8(ascii: "]") else { throw unexpected("`,` or `]`") }
      return close()
    }
  }

  /// Takes `true`, `false` or `null`, whole; false where something else is next.
  @inline(__always)
  mutating func takeWord(_ word: StaticString) -> Bool {
    skipSpace()
    let count = word.utf8CodeUnitCount
    guard remainingByteCount >= count else { return false }
    for index in 0..<count where cursor[index] != word.utf8Start[index] { return false }
    if remainingByteCount > count, Self.continuesWord(cursor[count]) { return false }
    cursor += count
    return true
  }

  /// Takes a word for a number that JSON has not.
  private mutating func takeNonFinite() -> Bool {
    takeWord("NaN") || takeWord("Infinity") || takeWord("-Infinity")
  }

  private static func continuesWord(_ byte: UInt8) -> Bool {
    let letter = byte | 0x20
    return letter >= UInt8(ascii: "a") && letter <= UInt8(ascii: "z")
      || byte >= UInt8(ascii: "0") && byte <= UInt8(ascii: "9")
  }

  /// Reads over one value of any kind, as strictly as if it were used.
  mutating func skipValue() throws(InputProblem) {
    switch peek() {
    case UInt8(ascii: "{"):
      try readObject { (scanner, _) throws(InputProblem) in try scanner.skipValue() }
    case UInt8(ascii: "["):
      try readArray { (scanner) throws(InputProblem) in try scanner.skipValue() }
    case UInt8(ascii: "\""): try skipString()
    case _ where takesNonFinite && takeNonFinite(): break
    case UInt8(ascii: "-"), UInt8(ascii: "0")...UInt8(ascii: "9"): _ = try readNumber()
    default:
      guard takeWord("true") || takeWord("false") || takeWord("null") else {
        throw unexpected("a value")
      }
    }
  }
}
