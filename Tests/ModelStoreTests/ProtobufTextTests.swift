import ModelStore
import Testing

/// A tree as one line, so that a test shows the whole of it.
extension ConfigurationTree {
  var line: String {
    switch content {
    case .word(let word): word
    case .text(let text): "'\(text)'"
    case .list(let elements): "[\(elements.map(\.line).joined(separator: " "))]"
    case .group(let entries):
      "{\(entries.map { "\($0.key)=\($0.value.line)" }.joined(separator: " "))}"
    }
  }
}

@Suite struct ProtobufTextTests {
  func line(_ text: String) throws -> String { try ProtobufText.parse(Array(text.utf8)).line }

  func problem(_ bytes: [UInt8]) -> ConfigurationTree.Problem? {
    do {
      _ = try ProtobufText.parse(bytes)
      return nil
    } catch {
      return error
    }
  }

  @Test(arguments: [
    ("", "{}"), ("# only words\n", "{}"), ("a: 1", "{a=1}"), ("a:1,b:2;c:3", "{a=1 b=2 c=3}"),
    ("a { b: 1 }", "{a={b=1}}"), ("a: { b: 1 }", "{a={b=1}}"), ("a < b: 1 >", "{a={b=1}}"),
    ("a: [1, 2]", "{a=[1 2]}"), ("a [ { b: 1 }, { b: 2 } ]", "{a=[{b=1} {b=2}]}"),
    ("a: []", "{a=[]}"), ("a: -1", "{a=-1}"), ("a: - 1.5e-3f", "{a=-1.5e-3f}"),
    ("a: 'x' \"y\"\n 'z'", "{a='xyz'}"), ("a: \"q\\\"\\n\\x41\\101\\u00e9\"", "{a='q\"\nAAé'}"),
    ("a: \"\\ud83d\\ude00\\U0001F600\"", "{a='😀😀'}"), ("a: 1 # rest\nb: 2", "{a=1 b=2}"),
    ("a: \"# not one\"", "{a='# not one'}"), ("a: TYPE_FP32", "{a=TYPE_FP32}"),
    ("a {} a {}", "{a={} a={}}"),
  ])
  func `text is read as the language has it`(_ text: String, _ expected: String) throws {
    #expect(try line(text) == expected)
  }

  @Test func `everything knows its line and column`() throws {
    let tree = try ProtobufText.parse(Array("a: 1\n  b {\n\tc: 2\n}".utf8))
    guard case .group(let entries) = tree.content, case .group(let inner) = entries[1].value.content
    else { return #expect(Bool(false), "no groups") }
    #expect(entries[1].place == .init(line: 2, column: 3))
    #expect(inner[0].place == .init(line: 3, column: 2))
    #expect(inner[0].value.place == .init(line: 3, column: 5))
  }

  @Test(arguments: [
    ("a", 1, 2, "expected a value for a"), ("a 1", 1, 3, "expected : or {"),
    ("a: }", 1, 4, "expected a value for a"), ("a: 1\n}", 2, 1, "name of a field"),
    ("a {\n b: 1\n", 3, 1, "expected }"), ("a: [1 2]", 1, 7, "expected , or ]"),
    ("a: \"x\ny\"", 1, 4, "no closing quote"), ("a: 'x", 1, 4, "no closing quote"),
    ("a: \"\\q\"", 1, 7, "no such escape"), ("a: \"\\x\"", 1, 7, "too few digits"),
    ("a: \"\\777\"", 1, 9, "below"), ("a: \"\\ud800\"", 1, 11, "surrogate"),
    ("[x.y]: 1", 1, 1, "name of a field"), ("1a: 1", 1, 1, "name of a field"),
    ("a: @", 1, 4, "expected a value"), ("a: 1,,b: 2", 1, 6, "name of a field"),
    ("a: - -1", 1, 8, "expected a number"),
  ])
  func `what is not the language is refused where it stands`(
    _ text: String, _ lineNumber: Int, _ column: Int, _ reason: String
  ) throws {
    let problem = try #require(self.problem(Array(text.utf8)), "accepted: \(text)")
    #expect(problem.reason.contains(reason), "\(problem)")
    #expect(problem.place == .init(line: lineNumber, column: column), "\(problem)")
  }

  @Test func `depth, size and bytes that are no text are bounded`() {
    let deep = Array(String(repeating: "a{", count: 100_000).utf8)
    #expect(problem(deep)?.reason.contains("deeper than 32") ?? false)
    let large = [UInt8](repeating: UInt8(ascii: " "), count: (1 << 20) + 1)
    #expect(problem(large)?.reason.contains("larger than") ?? false)
    #expect(problem(Array("a: \"".utf8) + [0xFF, UInt8(ascii: "\"")]) != nil)
    #expect(problem([0xC0, 0x80]) != nil)
  }
}

@Suite struct JSONTextTests {
  func line(_ text: String) throws -> String { try JSONText.parse(Array(text.utf8)).line }

  @Test(arguments: [
    ("{}", "{}"), ("{\"a\": [1, -2.5e3, true, null]}", "{a=[1 -2.5e3 true null]}"),
    ("{\"a\": {\"b\": \"\\u00e9\\/\"}}", "{a={b='é/'}}"),
  ])
  func `documents are read`(_ text: String, _ expected: String) throws {
    #expect(try line(text) == expected)
  }

  @Test(arguments: [
    "", "[]", "{", "{\"a\"}", "{\"a\":}", "{\"a\":1,}", "{\"a\":01}", "{\"a\":+1}", "{\"a\":.5}",
    "{\"a\":'x'}", "{\"a\":1} x", "{\"a\":1,\"a\":2}", "{\"a\":NaN}", "{\"a\":\"\u{1}\"}", "{a:1}",
    "{\"a\":\"\\x41\"}", "# {}",
  ])
  func `what is not JSON is refused`(_ text: String) {
    #expect(throws: ConfigurationTree.Problem.self) { try line(text) }
  }
}

/// Any bytes end in a tree or a problem, never in a trap and never late.
@Suite struct ConfigurationMutationTests {
  static let seeds = [TritonSamples.whole, TritonSamples.sequence, TritonSamples.ensemble]

  @Test(arguments: seeds.indices)
  func `mutated configurations are read or refused`(_ index: Int) throws {
    var random = Seeded(state: UInt64(index) + 7)
    let tree = try Tree(["m/1/model.onnx": "x", "m/config.pbtxt": ""])
    let settings = try settings()
    for round in 0..<1_500 {
      var bytes = Array(Self.seeds[index].utf8)
      for _ in 0...random.below(6) { mutate(&bytes, &random) }
      _ = try? ProtobufText.parse(bytes)
      _ = try? JSONText.parse(bytes)
      guard round % 10 == 0 else { continue }
      try tree.write(bytes, to: "m/config.pbtxt")
      // Only that it comes back counts; both outcomes are right.
      _ = try? ModelPlans.find([tree["m"]], settings: settings)
    }
  }

  private func mutate(_ bytes: inout [UInt8], _ random: inout Seeded) {
    let signs = Array("{}[]<>:,;\"'\\#-0x9_ \n".utf8) + [0, 0x80, 0xFF]
    guard !bytes.isEmpty else { return bytes.append(signs[random.below(signs.count)]) }
    let place = random.below(bytes.count)
    switch random.below(5) {
    case 0: bytes[place] = signs[random.below(signs.count)]
    case 1: bytes.insert(signs[random.below(signs.count)], at: place)
    case 2: bytes.remove(at: place)
    case 3: bytes.removeSubrange(place..<min(bytes.count, place + random.below(40)))
    default: bytes.insert(contentsOf: bytes[place..<min(bytes.count, place + 30)], at: place)
    }
  }
}

/// Much text of what costs most to look at; what grows with its square would not end in time.
@Suite(.timeLimit(.minutes(1))) struct ConfigurationFloodTests {
  @Test(arguments: [
    "nmae:1 ", "input{}", "parameters{key:\"a\"}", "model_warmup{}", "instance_group{}",
    "output{name:\"x\"data_type:1 dims:1}",
  ])
  func `a flood ends soon and with few words`(_ piece: String) throws {
    let text = String(repeating: piece, count: (1 << 18) / piece.utf8.count)
    let tree = try Tree(["m/1/model.onnx": "x", "m/config.pbtxt": text])
    let explained = try ModelPlans.explanations(tree["m"], settings: settings())
    let notes = try #require(explained.first).notes
    #expect(notes.stops.count + notes.warnings.count <= 2 * ConfigurationNotes.countMax)
  }

  @Test func `a graph has a bound`() throws {
    let step = "step { model_name: \"a\" input_map { key: \"x\" value: \"PHOTO\" } }\n"
    let text = TritonSamples.ensemble.replacing(
      "step [", with: String(repeating: step, count: 1_025) + "step [")
    let tree = try Tree(["m/1/model.onnx": "x", "m/config.pbtxt": text])
    #expect(try #require(try refusal(tree["m"])).contains("more than 1024 steps"))
  }
}

/// SplitMix64, so that a failure can be had again.
struct Seeded {
  var state: UInt64

  mutating func below(_ bound: Int) -> Int {
    state &+= 0x9E37_79B9_7F4A_7C15
    var bits = (state ^ (state >> 30)) &* 0xBF58_476D_1CE4_E5B9
    bits = (bits ^ (bits >> 27)) &* 0x94D0_49BB_1331_11EB
    return Int((bits ^ (bits >> 31)) % UInt64(bound))
  }
}
