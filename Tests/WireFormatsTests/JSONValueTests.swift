import Inference
import Testing
import WireFormats

@Suite struct JSONValueTests {
  private func parsed(_ text: String, depthMax: Int = 64) -> Result<JSONValue, InputProblem> {
    parsed(Array(text.utf8), depthMax: depthMax)
  }

  private func parsed(_ bytes: [UInt8], depthMax: Int = 64) -> Result<JSONValue, InputProblem> {
    bytes.withUnsafeBytes { raw in
      Result { () throws(InputProblem) in try JSONValue(parsing: raw, depthMax: depthMax) }
    }
  }

  @Test(
    arguments: [
      ("null", .null), (" true\n", .bool(true)), ("\tfalse\r", .bool(false)), ("0", .integer(0)),
      ("-0", .integer(0)), ("-12", .integer(-12)), ("1.5", .number(1.5)), ("1e2", .number(100)),
      ("1E+2", .number(100)), ("25e-1", .number(2.5)),
      ("9223372036854775808", .number(9_223_372_036_854_775_808)),
      (#""""#, .string("")), (#""a\"\\\/\b\f\n\r\tz""#, .string("a\"\\/\u{8}\u{C}\n\r\tz")),
      (#""\u00e9\u20AC""#, .string("é€")), (#""\ud83d\ude00""#, .string("😀")),
      (#""éß€😀 plain text that is long""#, .string("éß€😀 plain text that is long")),
      ("[]", .array([])), ("[ ]", .array([])), ("{ }", .object([])),
      ("[1, [2], {}]", .array([.integer(1), .array([.integer(2)]), .object([])])),
      (
        #"{"a":1,"b":[true]}"#,
        .object([.init("a", .integer(1)), .init("b", .array([.bool(true)]))])
      ),
    ] as [(String, JSONValue)])
  func `what is JSON is read`(_ text: String, _ value: JSONValue) throws {
    #expect(try parsed(text).get() == value)
  }

  @Test(
    arguments: [
      ("", 0), (" ", 1), ("nul", 0), ("nulls", 0), ("True", 0), ("NaN", 0), ("Infinity", 0),
      ("+1", 0),
      ("01", 1), ("-", 1), ("-a", 1), ("1.", 2), ("1.e5", 2), (".5", 0), ("1e", 2), ("1e+", 3),
      ("1 2", 2), ("[1,]", 3), ("[,1]", 1), ("[1 2]", 3), ("[1", 2), ("[", 1), ("]", 0),
      (#"{"a"}"#, 4), (#"{"a":}"#, 5), (#"{"a":1,}"#, 7), (#"{a:1}"#, 1), (#"{"a":1"#, 6),
      (#"{'a':1}"#, 1), (#""abc"#, 4), (#""a\x""#, 3), (#""\u12g4""#, 5), (#""\ud800""#, 7),
      (#""\ud800\n""#, 7), (#""\ud800\u0041""#, 13), (#""\udc00""#, 7), ("\"a\nb\"", 2),
      ("\"\u{0}\"", 1),
      ("[1]x", 3), ("1e400", 5), ("0x10", 1), ("[1,2", 4), ("\u{FEFF}1", 0), ("/* */1", 0),
    ] as [(String, Int)])
  func `what is not JSON is refused where it goes wrong`(_ text: String, _ offset: Int) throws {
    guard case .syntax(.json, _, let byteOffset) = try #require(parsed(text).failure) else {
      Issue.record("\(String(describing: parsed(text).failure))")
      return
    }
    #expect(byteOffset == offset)
  }

  @Test(
    arguments: [
      [0x80], [0xC0, 0x80], [0xC1, 0xBF], [0xC3], [0xE0, 0x80, 0x80], [0xE2, 0x82],
      [0xED, 0xA0, 0x80],
      [0xF0, 0x80, 0x80, 0x80], [0xF4, 0x90, 0x80, 0x80], [0xF5, 0x80, 0x80, 0x80], [0xFF],
      [0xE2, 0x28, 0xA1],
    ] as [[UInt8]])
  func `ill-formed UTF-8 is refused`(_ bytes: [UInt8]) throws {
    let text = [0x22] + bytes + [0x22]
    #expect(
      parsed(text).failure == .syntax(.json, expected: "well-formed UTF-8", byteOffset: 1))
  }

  @Test func `nesting is taken up to its limit and no deeper`() throws {
    let open = String(repeating: "[", count: 64)
    let close = String(repeating: "]", count: 64)
    #expect(parsed(open + close).failure == nil)
    #expect(parsed("[" + open + close + "]").failure == .nestedTooDeep(.json, limit: 64))
    let thousand = String(repeating: #"{"a":"#, count: 1_000)
    #expect(parsed(thousand).failure == .nestedTooDeep(.json, limit: 64))
  }

  @Test func `a key that comes twice is refused`() {
    #expect(
      parsed(#"{"a":1,"b":2,"a":3}"#).failure == .fieldOfWrongKind("a", expected: "given once"))
  }

  @Test func `what is written is read back the same`() throws {
    let value = JSONValue.object([
      .init("text", .string("a\"b\\c\n\u{1}é😀")), .init("none", .null),
      .init("list", .array([.integer(.min), .number(0.1), .number(1e300), .bool(false)])),
    ])
    #expect(try parsed(value.bytes).get() == value)
    #expect(value["none"] == .null)
    #expect(value["absent"] == nil)
  }
}
