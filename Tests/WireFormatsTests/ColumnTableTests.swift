import Inference
import Testing

@testable import WireFormats

@Suite struct ColumnTableTests {
  private func read(
    _ text: String, _ signature: ModelSignature, contentType: String = "application/json",
    spoken: Dialect? = nil
  ) -> Result<[Tensor?], InferenceFailure> {
    Array(text.utf8).withUnsafeBytes { bytes in
      Result { () throws(InferenceFailure) in
        let request = try InvocationsReader(spoken: spoken).read(
          bytes, BodyFacts(signature: signature, contentType: contentType))
        guard case .tensors(let tensors) = request.content else { return [] }
        return tensors.inputs
      }
    }
  }

  private func floats(_ text: String, _ signature: ModelSignature) throws -> [Float] {
    try read(text, signature).get()[0]?.elements(as: Float.self) ?? []
  }

  private func wide(_ names: String?) -> ModelSignature {
    ModelSignature(
      inputs: [tensor("x", .float32, [nil, 3])], outputs: [], hasRowAxis: true,
      metadata: names.map { ["feature_names": $0] } ?? [:])
  }

  private let shuffled =
    #"{"dataframe_split":{"columns":["c","a","b"],"data":[[3,1,2],[6,4,5]]}}"#

  @Test(arguments: [#"["a","b","c"]"#, "['a', 'b', \"c\"]", "a, b,c"])
  func `columns go where the model's file has their names`(names: String) throws {
    #expect(try floats(shuffled, wide(names)) == [1, 2, 3, 4, 5, 6])
  }

  @Test func `without names columns go by their order`() throws {
    #expect(try floats(shuffled, wide(nil)) == [3, 1, 2, 6, 4, 5])
  }

  @Test(arguments: [
    (#"["a","b","d"]"#, "no column `c`"), (#"["a","b","c","d"]"#, "`d` is missing"),
  ])
  func `a wrong or missing column is named`(names: String, word: String) throws {
    let failure = try #require(read(shuffled, wide(names)).failure)
    #expect(FailureMessage.text(for: failure).contains(word))
  }

  @Test func `columns that are inputs go to those`() throws {
    let two = signature([tensor("n", .int64, [nil, 1]), tensor("s", .bytes, [nil])])
    let tensors = try read(
      #"{"dataframe_records":[{"s":"x","n":1},{"n":2,"s":"y"}]}"#, two
    ).get()
    #expect(tensors[0]?.elements(as: Int64.self) == [1, 2])
    #expect(tensors[0]?.shape == [2, 1])
    #expect(tensors[1]?.strings == ["x", "y"])
  }

  @Test(arguments: [
    #"{"dataframe_records":[{"n":1}]}"#, #"{"dataframe_records":[{"n":1,"s":"x","t":1}]}"#,
    #"{"dataframe_records":[{"n":1,"s":"x"},{"n":1}]}"#,
    #"{"dataframe_records":[{"n":1,"s":"x"},{"n":1,"s":"x","s":"x"}]}"#,
    #"{"dataframe_records":[{"n":null,"s":"x"}]}"#, #"{"dataframe_records":[]}"#,
    #"{"dataframe_records":[1]}"#, #"{"dataframe_split":{"columns":["n","s"]}}"#,
    #"{"dataframe_split":[]}"#, #"{"dataframe_split":{"columns":["n","s"],"data":[]}}"#,
    #"{"dataframe_split":{"columns":["n","s"],"data":[[1,"x",2]]}}"#,
  ])
  func `what is no table of these columns is refused`(text: String) {
    let two = signature([tensor("n", .int64, [nil, 1]), tensor("s", .bytes, [nil])])
    guard case .invalidInput = read(text, two).failure else {
      Issue.record("taken: \(text)")
      return
    }
  }

  @Test func `quotes of comma-separated values hold commas, quotes and lines`() throws {
    let two = signature([tensor("n", .int64, [nil]), tensor("s", .bytes, [nil])])
    let tensors = try read(
      "n,\"s\"\r\n1,\"a,\"\"b\"\"\nc\"\r\n2 , plain \n\n", two, contentType: "text/csv"
    ).get()
    #expect(tensors[0]?.elements(as: Int64.self) == [1, 2])
    #expect(tensors[1]?.strings == ["a,\"b\"\nc", "plain"])
  }

  @Test(arguments: ["[1,2]", "[[1],[2]]"])
  func `tensors of a data frame are columns of one input`(first: String) throws {
    let text =
      #"{"parameters":{"content_type":"pd"},"inputs":[{"name":"b","shape":[2,1],"datatype":"INT64","#
      + #""data":\#(first)},{"name":"a","shape":[2],"datatype":"FP64","data":[3.5,null]}]}"#
    let signature = ModelSignature(
      inputs: [tensor("x", .float32, [nil, 2])], outputs: [], hasRowAxis: true,
      metadata: ["feature_names": "a,b"])
    let request = try Array(text.utf8).withUnsafeBytes { bytes in
      Result { () throws(InputProblem) in
        try OpenInferenceRequest.decode(json: bytes, signature: signature)
      }
    }.get()
    let values = request.body.inputs[0]?.elements(as: Float.self) ?? []
    #expect(values.count == 4 && values[0] == 3.5 && values[1] == 1 && values[3] == 2)
    #expect(values[2].isNaN)
  }

  @Test func `an empty value is NaN, and no integer`() throws {
    let text = "a,b,c\n1,,3\n"
    let values = try read(text, wide(nil), contentType: "text/csv").get()[0]?
      .elements(as: Float.self)
    #expect(values?[0] == 1 && values?[1].isNaN == true && values?[2] == 3)
    let integers = signature([tensor("x", .int32, [nil, 3])])
    #expect(read(text, integers, contentType: "text/csv").failure != nil)
  }

  // MARK: What all examples share

  private func classified(_ context: String, rows: Int) -> Result<[Tensor?], InferenceFailure> {
    let examples = Array(repeating: #"{"n":1}"#, count: rows).joined(separator: ",")
    let model = signature([tensor("n", .int64, [nil, 1]), tensor("s", .bytes, [nil])])
    let text = #"{"context":{\#(context)},"examples":[\#(examples)]}"#
    return Array(text.utf8).withUnsafeBytes { bytes in
      Result { () throws(InferenceFailure) in
        let request = try ExampleReader(.classify).read(bytes, BodyFacts(signature: model))
        guard case .tensors(let tensors) = request.content else { return [] }
        return tensors.inputs
      }
    }
  }

  @Test func `a context is part of every example`() throws {
    #expect(try classified(#""s":"x""#, rows: 3).get()[1]?.strings == ["x", "x", "x"])
  }

  /// A body of less than a megabyte would else become tens of gigabytes.
  @Test func `a context that its examples make too much of is refused`() throws {
    let word = String(repeating: "x", count: 400_000)
    #expect(try classified(#""s":"\#(word)""#, rows: 100).get()[1]?.byteCount == 40_000_400)
    let failure = try #require(classified(#""s":"\#(word)""#, rows: 20_000).failure)
    #expect(FailureMessage.text(for: failure).contains("repeated for each of 20000 examples"))
  }

  @Test func `a context says each thing once`() {
    let problem = InputProblem.fieldOfWrongKind("context.s", expected: "given once")
    #expect(classified(#""s":"x","s":"y""#, rows: 1).failure == .invalidInput(problem))
  }
}
