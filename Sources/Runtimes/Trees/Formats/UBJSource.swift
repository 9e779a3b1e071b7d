/// Universal Binary JSON (draft 12): each value after a byte that says what it is, numbers with the
/// highest byte first, arrays of one type and a count without anything between the values.
struct UBJSource: ModelSource {
  private let bytes: UnsafeRawBufferPointer
  private(set) var place: Int
  /// Arrays and objects that were begun and not ended.
  private var open: [Container] = []

  /// `left` is nil where an end mark comes after the last; `type` is 0 where each value has its own.
  private struct Container {
    var left: Int?
    var type: UInt8
    var isObject = false
  }

  init(_ bytes: UnsafeRawBufferPointer, from place: Int = 0) {
    self.bytes = bytes
    self.place = place
  }

  var byteCount: Int { bytes.count }

  private mutating func take(_ count: Int) throws(FormatProblem) -> Int {
    guard count >= 0, count <= bytes.count - place else { throw .truncated(at: bytes.count) }
    defer { place += count }
    return place
  }

  private func peek() throws(FormatProblem) -> UInt8 {
    guard place < bytes.count else { throw .truncated(at: bytes.count) }
    return bytes[place]
  }

  /// What the next value is: said by the array it lies in, or by a byte of its own.
  private mutating func marker() throws(FormatProblem) -> UInt8 {
    if let type = open.last?.type, type != 0 { return type }
    var mark = bytes[try take(1)]
    while mark == UInt8(ascii: "N") { mark = bytes[try take(1)] }
    return mark
  }

  private func unexpected(_ what: String, _ mark: UInt8) -> FormatProblem {
    FormatProblem("\(what) was expected at byte \(place), not a value of type \(mark)")
  }

  mutating func nextKind() throws(FormatProblem) -> ModelValueKind {
    let start = place
    defer { place = start }
    switch try marker() {
    case UInt8(ascii: "{"): return .object
    case UInt8(ascii: "["): return .array
    case UInt8(ascii: "S"), UInt8(ascii: "C"), UInt8(ascii: "H"): return .string
    case UInt8(ascii: "T"), UInt8(ascii: "F"): return .boolean
    case UInt8(ascii: "Z"): return .null
    default: return .number
    }
  }

  mutating func beginObject() throws(FormatProblem) { try begin(UInt8(ascii: "{"), "an object") }
  mutating func beginArray() throws(FormatProblem) { try begin(UInt8(ascii: "["), "an array") }

  private mutating func begin(_ mark: UInt8, _ what: String) throws(FormatProblem) {
    let found = try marker()
    guard found == mark else { throw unexpected(what, found) }
    guard open.count < FormatLimits.depth else {
      throw FormatProblem("values lie more than \(FormatLimits.depth) deep in each other")
    }
    open.append(try container())
  }

  /// The type and count that may stand at the beginning.
  private mutating func container() throws(FormatProblem) -> Container {
    var type: UInt8 = 0
    if try peek() == UInt8(ascii: "$") {
      place += 1
      type = bytes[try take(1)]
      guard try peek() == UInt8(ascii: "#") else {
        throw FormatProblem("an array of one type has no count, at byte \(place)")
      }
    }
    guard try peek() == UInt8(ascii: "#") else { return Container(left: nil, type: type) }
    place += 1
    let count = try length()
    // Whatever the values are, each takes a byte or more: true, false and null of one type do not,
    // and no model has arrays of those.
    guard count <= bytes.count - place else {
      throw FormatProblem(
        "\(count) values are declared at byte \(place), where the file ends sooner")
    }
    return Container(left: count, type: type)
  }

  private mutating func length() throws(FormatProblem) -> Int {
    let mark = bytes[try take(1)]
    let count = try wholeNumber(mark)
    guard count >= 0 else { throw FormatProblem("a length below zero at byte \(place)") }
    return count
  }

  mutating func hasElement() throws(FormatProblem) -> Bool {
    try goesOn(until: UInt8(ascii: "]"))
  }

  private mutating func goesOn(until end: UInt8) throws(FormatProblem) -> Bool {
    guard let last = open.indices.last else { throw FormatProblem("nothing was begun") }
    if let left = open[last].left {
      guard left == 0 else {
        open[last].left = left - 1
        return true
      }
    } else {
      while try peek() == UInt8(ascii: "N") { place += 1 }
      guard try peek() == end else { return true }
      place += 1
    }
    open.removeLast()
    return false
  }

  mutating func nextKey() throws(FormatProblem) -> ModelKey? {
    guard try goesOn(until: UInt8(ascii: "}")) else { return nil }
    let count = try length()
    let start = try take(count)
    return ModelKey(bytes: UnsafeRawBufferPointer(rebasing: bytes[start..<start + count]))
  }

  mutating func string() throws(FormatProblem) -> String {
    let mark = try marker()
    let count: Int
    switch mark {
    case UInt8(ascii: "S"), UInt8(ascii: "H"): count = try length()
    case UInt8(ascii: "C"): count = 1
    default: throw unexpected("a string", mark)
    }
    let start = try take(count)
    return String(decoding: bytes[start..<start + count], as: UTF8.self)
  }

  mutating func integer() throws(FormatProblem) -> Int { try wholeNumber(try marker()) }

  private mutating func wholeNumber(_ mark: UInt8) throws(FormatProblem) -> Int {
    switch mark {
    case UInt8(ascii: "T"): return 1
    case UInt8(ascii: "F"): return 0
    default:
      guard let width = Self.width(of: mark) else { throw unexpected("a whole number", mark) }
      let start = try take(width)
      guard let value = Self.wholeNumber(mark, UnsafeRawBufferPointer(rebasing: bytes[start...]))
      else { throw unexpected("a whole number", mark) }
      return value
    }
  }

  mutating func double() throws(FormatProblem) -> Double {
    let mark = try marker()
    guard let width = Self.width(of: mark) else { throw unexpected("a number", mark) }
    let start = try take(width)
    return Self.number(mark, UnsafeRawBufferPointer(rebasing: bytes[start...]))
  }

  mutating func floats(into values: inout [Float]) throws(FormatProblem) {
    try numbers(into: &values) { mark, bytes in
      mark == UInt8(ascii: "d")
        ? Float(bitPattern: UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
        : Float(Self.number(mark, bytes))
    }
  }

  mutating func doubles(into values: inout [Double]) throws(FormatProblem) {
    try numbers(into: &values) { mark, bytes in Self.number(mark, bytes) }
  }

  mutating func integers(into values: inout [Int]) throws(FormatProblem) {
    try numbers(into: &values) { mark, bytes in Self.wholeNumber(mark, bytes) }
  }

  /// `read` gets the type of a number and bytes that begin with it, and enough of them.
  private mutating func numbers<Value>(
    into values: inout [Value], read: (UInt8, UnsafeRawBufferPointer) -> Value?
  ) throws(FormatProblem) {
    values.removeAll(keepingCapacity: true)
    try beginArray()
    let array = open[open.count - 1]
    if array.type != 0, let count = array.left {
      guard let width = Self.width(of: array.type) else {
        throw unexpected("an array of numbers", array.type)
      }
      guard count <= (bytes.count - place) / width else { throw .truncated(at: bytes.count) }
      values.reserveCapacity(count)
      for index in 0..<count {
        let start = place + index * width
        values.append(try value(array.type, at: start, width: width, read: read))
      }
      place += count * width
      open.removeLast()
      return
    }
    while try hasElement() {
      let mark = try marker()
      if mark == UInt8(ascii: "T") || mark == UInt8(ascii: "F") {
        values.append(try truth(mark, read: read))
        continue
      }
      guard let width = Self.width(of: mark) else { throw unexpected("a number", mark) }
      values.append(try value(mark, at: try take(width), width: width, read: read))
    }
  }

  private func value<Value>(
    _ mark: UInt8, at start: Int, width: Int, read: (UInt8, UnsafeRawBufferPointer) -> Value?
  ) throws(FormatProblem) -> Value {
    let here = UnsafeRawBufferPointer(rebasing: bytes[start..<start + width])
    guard let value = read(mark, here) else { throw unexpected("a whole number", mark) }
    return value
  }

  /// A truth value is the number 1 or 0.
  private func truth<Value>(
    _ mark: UInt8, read: (UInt8, UnsafeRawBufferPointer) -> Value?
  ) throws(FormatProblem) -> Value {
    let value: UInt8 = mark == UInt8(ascii: "T") ? 1 : 0
    return try withUnsafeBytes(of: value) { (bytes) throws(FormatProblem) in
      guard let value = read(UInt8(ascii: "U"), bytes) else {
        throw unexpected("a whole number", mark)
      }
      return value
    }
  }

  mutating func skip() throws(FormatProblem) {
    let depth = open.count
    repeat {
      if open.count > depth {
        // Keys of objects are told by the way the container was begun.
        guard try passInside() else { continue }
      }
      try passValue()
    } while open.count > depth
  }

  /// Whether a value comes next in the container that was begun last.
  private mutating func passInside() throws(FormatProblem) -> Bool {
    guard open[open.count - 1].isObject else { return try hasElement() }
    return try nextKey() != nil
  }

  private mutating func passValue() throws(FormatProblem) {
    let start = place
    let mark = try marker()
    switch mark {
    case UInt8(ascii: "{"), UInt8(ascii: "["):
      place = start
      try begin(mark, "a value")
      open[open.count - 1].isObject = mark == UInt8(ascii: "{")
    case UInt8(ascii: "S"), UInt8(ascii: "H"): _ = try take(try length())
    case UInt8(ascii: "T"), UInt8(ascii: "F"), UInt8(ascii: "Z"): break
    default:
      guard let width = Self.width(of: mark) else { throw unexpected("a value", mark) }
      _ = try take(width)
    }
  }
}

extension UBJSource {
  /// Bytes of a number or character of a type; nil for all else.
  fileprivate static func width(of mark: UInt8) -> Int? {
    switch mark {
    case UInt8(ascii: "i"), UInt8(ascii: "U"), UInt8(ascii: "C"): 1
    case UInt8(ascii: "I"), UInt8(ascii: "u"): 2
    case UInt8(ascii: "l"), UInt8(ascii: "d"), UInt8(ascii: "m"): 4
    case UInt8(ascii: "L"), UInt8(ascii: "D"), UInt8(ascii: "M"): 8
    default: nil
    }
  }

  fileprivate static func wholeNumber(_ mark: UInt8, _ bytes: UnsafeRawBufferPointer) -> Int? {
    switch mark {
    case UInt8(ascii: "i"): Int(Int8(bitPattern: bytes[0]))
    case UInt8(ascii: "U"), UInt8(ascii: "C"): Int(bytes[0])
    case UInt8(ascii: "I"): Int(Int16(bigEndian: bytes.loadUnaligned(as: Int16.self)))
    case UInt8(ascii: "u"): Int(UInt16(bigEndian: bytes.loadUnaligned(as: UInt16.self)))
    case UInt8(ascii: "l"): Int(Int32(bigEndian: bytes.loadUnaligned(as: Int32.self)))
    case UInt8(ascii: "m"): Int(UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self)))
    case UInt8(ascii: "L"): Int(Int64(bigEndian: bytes.loadUnaligned(as: Int64.self)))
    case UInt8(ascii: "M"):
      Int(exactly: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
    default: Int(exactly: number(mark, bytes))
    }
  }

  fileprivate static func number(_ mark: UInt8, _ bytes: UnsafeRawBufferPointer) -> Double {
    switch mark {
    case UInt8(ascii: "d"):
      Double(Float(bitPattern: UInt32(bigEndian: bytes.loadUnaligned(as: UInt32.self))))
    case UInt8(ascii: "D"):
      Double(bitPattern: UInt64(bigEndian: bytes.loadUnaligned(as: UInt64.self)))
    default: Double(wholeNumber(mark, bytes) ?? 0)
    }
  }
}
