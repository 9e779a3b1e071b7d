import Inference
import OnnxRuntime
import TestSupport
import Testing

@Suite struct OnnxContainerTests {
  private let features = Tensor.float([2, 0, 0, 0.5], [2, 2])
  private let expected: [Float] = [0.86681, 0.11731, 0.01588, 0.27407, 0.45186, 0.27407]

  @Test(arguments: ["zipmap", "zipmap-strings"])
  func `a sequence of maps becomes one tensor with a column for each key`(
    _ name: String
  ) throws {
    let model = try OnnxFixtures.load(name)
    #expect(model.signature.outputs[1].datatype == .float32)
    #expect(model.signature.outputs[1].metadataShape == [-1, -1])
    let output = try answer(model, [features], rows: 2)[1]
    #expect(output.shape == [2, 3])
    for (got, wanted) in zip(output.floats, expected) { #expect(abs(got - wanted) < 1e-4) }
  }

  @Test func `the keys of the columns are in the metadata`() throws {
    #expect(
      try OnnxFixtures.load("zipmap").signature.metadata["output_probability.keys"]
        == "[10,20,30]")
    #expect(
      try OnnxFixtures.load("zipmap-strings").signature.metadata["output_probability.keys"]
        == #"["no","perhaps","yes"]"#)
  }

  @Test func `labels that are strings come out as bytes`() throws {
    let model = try OnnxFixtures.load("zipmap-strings")
    #expect(try answer(model, [features], rows: 2)[0].strings == ["no", "perhaps"])
  }

  @Test func `a sequence of equal tensors is stacked along a new axis`() throws {
    let model = try OnnxFixtures.load("sequence-output")
    let output = try answer(model, [.float([1, 2, 3, 4, 5, 6], [3, 2])])[0]
    #expect(output.shape == [3, 1, 2])
    #expect(output.floats == [1, 2, 3, 4, 5, 6])
  }

  @Test(arguments: ["zipmap", "zipmap-strings", "sequence-output"])
  func `models with such outputs keep the rules of every instance`(_ name: String) throws {
    let model = try OnnxFixtures.load(name)
    try checkModelInstance(model, answers: RunBatch(inputs: [features], rowCount: 2))
  }

  @Test func `a sequence of unequal tensors is a fault that names both shapes`() throws {
    var made = MadeModel()
    made.nodes = [MadeModel.node("SequenceConstruct", ["a", "b"], ["s"])]
    made.inputs = ["a", "b"].map { MadeModel.value($0, MadeModel.tensor(1, [-1])) }
    made.outputs = [MadeModel.value("s", MadeModel.sequence(MadeModel.tensor(1, [-1])))]
    let model = try OnnxFixtures.load(embedded: made.bytes)
    let fault = #expect(throws: RuntimeFault.self) {
      try answer(model, [.float([1], [1]), .float([2, 3], [2])])
    }
    #expect(fault?.message.contains("[1] and [2]") == true)
    #expect(fault?.message.contains("'s'") == true)
    let equal = try answer(model, [.float([1, 2], [2]), .float([3, 4], [2])])[0]
    #expect(equal.shape == [2, 2])
  }

  @Test func `a sequence of string tensors is stacked as well`() throws {
    var made = MadeModel()
    made.nodes = [MadeModel.node("SequenceConstruct", ["a", "b"], ["s"])]
    made.inputs = ["a", "b"].map { MadeModel.value($0, MadeModel.tensor(8, [-1])) }
    made.outputs = [MadeModel.value("s", MadeModel.sequence(MadeModel.tensor(8, [-1])))]
    let model = try OnnxFixtures.load(embedded: made.bytes)
    let left = Tensor(strings: ["swift", ""], shape: [2])
    let right = Tensor(strings: ["zero\0inside", "swallow"], shape: [2])
    let output = try answer(model, [left, right])[0]
    #expect(output.shape == [2, 2])
    #expect(output.strings == ["swift", "", "zero\0inside", "swallow"])
  }

  @Test func `an empty sequence is a tensor without rows`() throws {
    var made = MadeModel()
    made.nodes = [MadeModel.node("SequenceEmpty", [], ["s"])]
    made.outputs = [MadeModel.value("s", MadeModel.sequence(MadeModel.tensor(1, [3, -1])))]
    let output = try answer(try OnnxFixtures.load(embedded: made.bytes), [])[0]
    #expect(output.shape == [0, 3, 0])
    #expect(output.byteCount == 0)
  }

  @Test func `a sequence or optional input is refused at load by name`() throws {
    for type in [
      MadeModel.sequence(MadeModel.tensor(1, [2])), MadeModel.optional(MadeModel.tensor(1, [2])),
    ] {
      var made = MadeModel()
      made.nodes = [MadeModel.node("Identity", ["x"], ["y"])]
      made.inputs = [MadeModel.value("x", type)]
      made.outputs = [MadeModel.value("y", type)]
      let fault = #expect(throws: RuntimeFault.self) {
        try OnnxFixtures.load(embedded: made.bytes)
      }
      #expect(fault?.code == .invalidModel)
      #expect(fault?.message.contains("input 'x' is a") == true, "\(fault?.message ?? "")")
    }
  }
}
