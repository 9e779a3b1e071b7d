/// Values in each other, read in the order of the file: JSON as text, or the binary form of it.
///
/// Reading goes once from front to back, and gives values out as they come: nothing is kept that
/// nobody asked for, and nothing is allocated for what a file merely declares.
protocol ModelSource {
  /// What the next value is.
  mutating func nextKind() throws(FormatProblem) -> ModelValueKind
  mutating func beginObject() throws(FormatProblem)
  /// The next key of the object that was begun last, or nil at its end.
  mutating func nextKey() throws(FormatProblem) -> ModelKey?
  mutating func beginArray() throws(FormatProblem)
  /// Whether the array that was begun last has one more value, which then is next.
  mutating func hasElement() throws(FormatProblem) -> Bool
  mutating func string() throws(FormatProblem) -> String
  /// A whole number; true and false are 1 and 0.
  mutating func integer() throws(FormatProblem) -> Int
  mutating func double() throws(FormatProblem) -> Double
  /// All of an array of numbers, in place of what the array held.
  mutating func floats(into values: inout [Float]) throws(FormatProblem)
  mutating func doubles(into values: inout [Double]) throws(FormatProblem)
  mutating func integers(into values: inout [Int]) throws(FormatProblem)
  /// Passes over the next value, whatever it is.
  mutating func skip() throws(FormatProblem)
  /// How far it has come.
  var place: Int { get }
  /// Bytes of the file.
  var byteCount: Int { get }
}

enum ModelValueKind: Equatable {
  case object, array, string, number, boolean, null
}

/// A key where it lies in the file. Keys are compared as bytes; those of models have no escapes.
struct ModelKey {
  let bytes: UnsafeRawBufferPointer

  static func ~= (pattern: StaticString, key: ModelKey) -> Bool {
    pattern.utf8CodeUnitCount == key.bytes.count
      && key.bytes.elementsEqual(
        UnsafeRawBufferPointer(start: pattern.utf8Start, count: pattern.utf8CodeUnitCount))
  }

  var text: String { String(decoding: bytes, as: UTF8.self) }
}

extension ModelSource {
  mutating func strings() throws(FormatProblem) -> [String] {
    var values: [String] = []
    try beginArray()
    while try hasElement() { values.append(try string()) }
    return values
  }

  /// XGBoost writes the numbers of its parameters as strings.
  mutating func integerOrText() throws(FormatProblem) -> Int {
    guard try nextKind() == .string else { return try integer() }
    let text = try string()
    guard let value = Int(text) else {
      throw FormatProblem("\"\(text.prefix(40))\" stands where a whole number belongs")
    }
    return value
  }

  /// A string, or a number or a truth value spelled out.
  mutating func label() throws(FormatProblem) -> String {
    switch try nextKind() {
    case .string: return try string()
    case .boolean: return try integer() == 1 ? "true" : "false"
    case .number:
      let value = try double()
      return Int(exactly: value).map(String.init) ?? String(value)
    case .object, .array, .null:
      try skip()
      return ""
    }
  }
}
