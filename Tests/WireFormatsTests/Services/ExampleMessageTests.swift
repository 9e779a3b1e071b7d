import Inference
import Testing

@testable import WireFormats

/// `tensorflow.Example` as inputs, and scores as TensorFlow Serving's results.
@Suite struct ExampleMessageTests {
  private typealias Fixture = ServiceFixture

  private func wide(_ datatype: Datatype = .float32, metadata: [String: String] = [:])
    -> ModelSignature
  {
    let input = TensorDescription(
      name: "x", datatype: datatype, dimensions: [.any(name: nil), .any(name: nil)])
    return ModelSignature(
      inputs: [input], outputs: [input], hasRowAxis: true, metadata: metadata)
  }

  private func floats(_ values: Float...) -> [UInt8] { Fixture.packed(1, floats: values) }
  private func integers(_ values: Int64...) -> [UInt8] { Fixture.packed(1, values) }

  private func request(
    _ examples: [[UInt8]], context: [UInt8]? = nil, _ signature: ModelSignature,
    limit: Int = 1 << 16
  ) -> Result<ServiceRequest, InferenceFailure> {
    let list = examples.flatMap { Fixture.field(1, $0) }
    let input =
      context.map { Fixture.field(2, list + Fixture.field(2, $0)) } ?? Fixture.field(1, list)
    return Fixture.read(
      Fixture.spec() + Fixture.field(2, input),
      ExampleMessage(.classify, tensorBytesMax: limit), signature)
  }

  @Test func `features are the columns of the one wide input, in the model's order`() throws {
    let examples = [
      Fixture.example(Fixture.feature("b", 2, floats(2)), Fixture.feature("a", 3, integers(1))),
      Fixture.example(Fixture.feature("a", 2, floats(3)), Fixture.feature("b", 2, floats(4))),
    ]
    let named = wide(metadata: ["feature_names": #"["a","b"]"#])
    let tensor = Fixture.tensors(try request(examples, named).get())[0]
    #expect(tensor?.elements(as: Float.self) == [1, 2, 3, 4] && tensor?.shape == [2, 2])
  }

  @Test func `features are the inputs of their names, with as many values as they have`() throws {
    let inputs = [
      TensorDescription(name: "n", datatype: .int32, dimensions: [.any(name: nil)]),
      TensorDescription(name: "v", datatype: .float64, dimensions: [.any(name: nil), .fixed(2)]),
      TensorDescription(name: "s", datatype: .bytes, dimensions: [.any(name: nil), .fixed(1)]),
    ]
    let signature = ModelSignature(inputs: inputs, outputs: inputs, hasRowAxis: true)
    let example = Fixture.example(
      Fixture.feature("n", 3, integers(-5)), Fixture.feature("v", 2, floats(0.5, 1)),
      Fixture.feature("s", 1, Fixture.text(1, "word")))
    let tensors = Fixture.tensors(try request([example, example], signature).get())
    #expect(tensors[0]?.elements(as: Int32.self) == [-5, -5])
    #expect(tensors[1]?.elements(as: Double.self) == [0.5, 1, 0.5, 1])
    #expect(tensors[2]?.strings == ["word", "word"] && tensors[2]?.shape == [2, 1])
  }

  @Test func `what examples share each of them has, unless it says so itself`() throws {
    let own = Fixture.example(Fixture.feature("b", 2, floats(9)))
    let examples = [
      Fixture.example(Fixture.feature("a", 2, floats(1))),
      Fixture.example(Fixture.feature("a", 2, floats(2)), Fixture.feature("b", 2, floats(5))),
    ]
    let tensor = Fixture.tensors(try request(examples, context: own, wide()).get())[0]
    #expect(tensor?.elements(as: Float.self) == [1, 9, 2, 5])
  }

  @Test func `refuses rows that differ, values of the wrong kind, and no rows`() {
    let one = Fixture.example(Fixture.feature("a", 2, floats(1)))
    let other = Fixture.example(Fixture.feature("b", 2, floats(1)))
    let two = Fixture.example(Fixture.feature("a", 2, floats(1, 2)))
    let word = Fixture.example(Fixture.feature("a", 1, Fixture.text(1, "x")))
    let twice = Fixture.example(
      Fixture.feature("a", 2, floats(1)), Fixture.feature("a", 2, floats(1)))
    let empty = Fixture.example(Fixture.field(1, Fixture.text(1, "a")))
    for rows in [[], [one, other], [two], [word], [twice], [empty], [one, []]] {
      #expect(throws: InferenceFailure.self) { try request(rows, wide()).get() }
    }
    #expect(throws: InferenceFailure.self) { try request([one], wide(.int64)).get() }
    let large = Fixture.example(Fixture.feature("a", 3, integers(300)))
    #expect(throws: InferenceFailure.self) { try request([large], wide(.uint8)).get() }
  }

  @Test func `what is shared cannot make a short message large`() {
    let input = TensorDescription(
      name: "a", datatype: .float32, dimensions: [.any(name: nil), .any(name: nil)])
    let signature = ModelSignature(inputs: [input], outputs: [input], hasRowAxis: true)
    let shared = Fixture.example(
      Fixture.feature("a", 2, Fixture.packed(1, floats: [Float](repeating: 1, count: 1_000))))
    let examples = [[UInt8]](repeating: [], count: 1_000)
    #expect(throws: InferenceFailure.tooLarge(.body(bytesMax: 1 << 16))) {
      try request(examples, context: shared, signature).get()
    }
    let many = Fixture.example(
      (0..<2_000).flatMap { Fixture.feature("f\($0)", 2, floats(1)) })
    let none = [[UInt8]](repeating: [], count: 100_000)
    #expect(throws: InferenceFailure.tooLarge(.body(bytesMax: 1 << 40))) {
      try request(none, context: many, wide(), limit: 1 << 40).get()
    }
  }

  @Test func `answers a list of classes for each example, or a number`() throws {
    let scores = Tensor([0.25, 0.75] as [Float], datatype: .float32, shape: [1, 2])
    let example = Fixture.example(Fixture.feature("a", 2, floats(1)))
    let classes = try request([example], wide()).get().answer.message(
      for: [NamedTensor(name: "y", tensor: scores)], of: Fixture.model)
    let found = try classes.document(as: "tensorflow.serving.ClassificationResponse")
    let expected = [("cat", 0.25), ("1", 0.75)].map {
      JSONValue.object([.init("label", .string($0)), .init("score", .number($1))])
    }
    let row = JSONValue.object([.init("classes", .array(expected))])
    #expect(found["result"]?["classifications"] == .array([row]))
    let tasks = ["classify", "regress"].map {
      Fixture.field(1, Fixture.spec() + Fixture.text(2, "tensorflow/serving/\($0)"))
    }
    let several =
      Array(tasks.joined()) + Fixture.field(2, Fixture.field(1, Fixture.field(1, example)))
    let answer = try Fixture.read(
      several, ExampleMessage(.several, tensorBytesMax: 1 << 10), wide()
    ).get().answer
    let number = Tensor([2] as [Float], datatype: .float32, shape: [1, 1])
    let both = try answer.message(
      for: [NamedTensor(name: "y", tensor: number)], of: Fixture.model
    ).document(as: "tensorflow.serving.MultiInferenceResponse")
    guard case .array(let results)? = both["results"] else { return }
    #expect(results.count == 2 && results[0]["classification_result"] != nil)
    let regressions = JSONValue.array([.object([.init("value", .number(2))])])
    #expect(results[1]["regression_result"]?["regressions"] == regressions)
  }

  @Test func `several tasks are of one model`() {
    let tasks = ["m", "n"].map {
      Fixture.field(1, Fixture.spec($0) + Fixture.text(2, "tensorflow/serving/classify"))
    }
    #expect(throws: InputProblem.self) {
      try Fixture.head(
        Array(tasks.joined()), ExampleMessage(.several, tensorBytesMax: 1)
      ).get()
    }
  }
}
