import Inference
import Testing

@testable import WireFormats

@Suite struct NestedTensorTests {
  private func shape(_ text: String) throws -> [Int] {
    try Array(text.utf8).withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in
        try JSONScanner.scanning(bytes, depthMax: 64) { (scanner) throws(InputProblem) in
          let shape = try NestedShape.measure(scanner, input: "x")
          try scanner.skipValue()
          return shape.array
        }
      }
    }.get()
  }

  private func read(
    _ text: String, _ input: TensorDescription
  ) -> Result<Tensor, InputProblem> {
    Array(text.utf8).withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in
        try JSONScanner.scanning(bytes, depthMax: 64) { (scanner) throws(InputProblem) in
          try NestedInput.read(&scanner, input)
        }
      }
    }
  }

  @Test(arguments: [
    ("1", []), ("\"a,[b\"", []), ("{\"b64\": \"x]\"}", []), ("[]", [0]), ("[ 1 , 2 ]", [2]),
    ("[[],[]]", [2, 0]), ("[[1,2,3],[4,5,6]]", [2, 3]), ("[[[\"[\\\"\"]],[[\"]\"]]]", [2, 1, 1]),
    ("[{\"b64\":\"{[\"},{\"b64\":\"\"}]", [2]), ("[[1],[2,3]]", [2, 1]),
    ("[[[[[[[[1]]]]]]]]", [1, 1, 1, 1, 1, 1, 1, 1]),
  ])
  func `the first array of each level gives its length`(text: String, lengths: [Int]) throws {
    #expect(try shape(text) == lengths)
  }

  @Test func `more axes than a tensor may have are refused`() {
    #expect(throws: InputProblem.rankTooHigh(input: "x", got: 9, limit: 8)) {
      try shape("[[[[[[[[[1]]]]]]]]]")
    }
  }

  @Test(arguments: ["[[1,2],[3]]", "[[1],[2,3]]", "[1,[2]]", "[[1],2]", "[[1,2],[]]"])
  func `ragged arrays are refused`(text: String) {
    let input = TensorDescription(
      name: "x", datatype: .float32, dimensions: [.any(name: nil), .any(name: nil)])
    #expect(read(text, input).failure != nil)
  }

  @Test(arguments: [
    ("[1,2]", [2, 1]), ("[[1],[2]]", [2, 1]), ("[[[1]],[[2]]]", nil), ("[[1,2]]", nil),
  ])
  func `an axis of one is added where it is missing`(text: String, lengths: [Int]?) {
    let read = read(text, tensor("x", .float32, [nil, 1]))
    #expect((try? read.get())?.shape.array == lengths)
  }

  @Test(arguments: [
    ([], "1.0"), ([0], "[]"), ([2], "[1.0,2.0]"), ([2, 0], "[[],[]]"), ([0, 2], "[]"),
    ([2, 2], "[[1.0,2.0],[3.0,4.0]]"), ([2, 1, 2], "[[[1.0,2.0]],[[3.0,4.0]]]"),
    ([1, 2, 2], "[[[1.0,2.0],[3.0,4.0]]]"), ([2, 0, 3], "[[],[]]"),
  ])
  func `outputs are nested as their shape says`(lengths: [Int], text: String) throws {
    let shape = try #require(TensorShape(lengths))
    let numbers = (0..<(shape.elementCount ?? 0)).map { Float($0 + 1) }
    let output = NamedTensor(
      name: "y", tensor: Tensor(numbers, datatype: .float32, shape: shape))
    #expect(try written(try NestedOutput(output)) == text)
  }

  @Test func `strings are text, and base64 where one of them is none`() throws {
    let words = NamedTensor(name: "y", tensor: Tensor(strings: ["a\"", ""], shape: [2, 1]))
    #expect(try written(try NestedOutput(words)) == #"[["a\""],[""]]"#)
    let bytes: [UInt8] = [1, 0, 0, 0, 255, 4, 0, 0, 0, 1, 2, 3, 4]
    let raw = NamedTensor(name: "y", tensor: Tensor(bytes, datatype: .bytes, shape: [2]))
    #expect(try written(try NestedOutput(raw)) == #"[{"b64":"/w=="},{"b64":"AQIDBA=="}]"#)
  }

  @Test func `a row is one step along the first axis`() throws {
    let output = NamedTensor(
      name: "y", tensor: Tensor([Int32](1...6), datatype: .int32, shape: [2, 3]))
    let nested = try NestedOutput(output)
    let text = AnswerText(byteCountMax: nested.byteCountMax) { nested.write(row: 1, to: &$0) }
    #expect(string(text) == "[4,5,6]")
    #expect(nested.hasRows(2) && !nested.hasRows(3))
  }

  /// A long first row does not make room for rows that are not there.
  @Test func `what the text cannot hold is not allocated`() {
    let rows =
      #"{"instances":[{"x":[\#(Array(repeating: "1", count: 1_000).joined(separator: ","))]}"#
      + String(repeating: #",{"x":[]}"#, count: 1_000) + "]}"
    let facts = BodyFacts(signature: signature([tensor("x", .float32, [nil, nil])]))
    let result = Array(rows.utf8).withUnsafeBytes { bytes in
      Result { () throws(InferenceFailure) in try PredictReader(.kserve).read(bytes, facts) }
    }
    #expect(result.failure == .invalidInput(.raggedArray(input: "x")))
  }

  private func written(_ output: NestedOutput) throws -> String {
    string(AnswerText(byteCountMax: output.byteCountMax) { output.write(to: &$0) })
  }

  private func string(_ text: AnswerText) -> String {
    let bytes = [UInt8](unsafeUninitializedCapacity: text.byteCountMax) { memory, count in
      count = text.write(into: UnsafeMutableRawBufferPointer(memory))
    }
    return String(decoding: bytes, as: UTF8.self)
  }
}
