import Inference
import Testing

@testable import Trees

@Suite struct TabularPipelineTests {
  /// Every other fixture is answered bit by bit as ONNX Runtime does: all ensembles, scalers and
  /// encoders are. Its kernels for products and exponential functions round otherwise than ours.
  static let tolerances: [String: Tolerance] = [
    "logistic-double": .rounding, "logistic-one-versus-rest": .logistic,
    "logistic-scaled": .logistic, "logistic-sgd": .rounding, "operators": .logistic,
    "poisson": .rounding, "table-logistic": .logistic, "version-five-float64": .rounding,
    "xgboost-poisson": .rounding,
  ]

  @Test func `there are fixtures`() {
    #expect(OnnxFixture.names.count > 60)
    #expect(Self.tolerances.keys.allSatisfy { OnnxFixture.names.contains($0) })
  }

  @Test(arguments: OnnxFixture.names)
  func `answers as ONNX Runtime does`(name: String) throws {
    let fixture = try OnnxFixture(name)
    let pipeline = try fixture.pipeline()
    let tolerance = Self.tolerances[name] ?? .none
    let (own, failed) = try answers(pipeline, fixture.inputs)
    #expect(failed.isEmpty)
    try #require(own.count == fixture.outputs.count)
    for (own, expected) in zip(own, fixture.outputs) {
      try requireEqual(own, expected.tensor, within: tolerance, "\(name): \(expected.name)")
    }
  }

  @Test(arguments: OnnxFixture.names)
  func `declares its outputs as ONNX Runtime does`(name: String) throws {
    let fixture = try OnnxFixture(name)
    let signature = try fixture.pipeline().signature
    #expect(signature.outputs.map(\.name) == fixture.outputs.map(\.name))
    for port in signature.outputs {
      let declared = try #require(fixture.declared[port.name])
      #expect(port.datatype == declared.datatype)
      #expect(port.dimensions.map(\.metadataLength) == declared.shape)
      #expect(signature.metadata["\(port.name).keys"] == fixture.keys[port.name])
    }
  }

  /// Blocks are smaller than these batches.
  @Test(arguments: ["forest", "table-logistic", "operators", "boosting-regression"])
  func `a row's answer is the same alone and in a batch of 600`(name: String) throws {
    let fixture = try OnnxFixture(name)
    let pipeline = try fixture.pipeline()
    let alone = try answers(pipeline, fixture.inputs).tensors
    let copies = 600 / fixture.inputs[0].tensor.shape[0] + 1
    let many = try answers(
      pipeline,
      fixture.inputs.map {
        NamedTensor(name: $0.name, tensor: repeated($0.tensor, copies))
      }
    ).tensors
    for (one, all) in zip(alone, many) {
      let isSame =
        repeated(one, copies).elements(as: UInt8.self) == all.elements(as: UInt8.self)
      #expect(isSame && all.shape[0] == one.shape[0] * copies)
    }
  }

  private func repeated(_ tensor: Tensor, _ copies: Int) -> Tensor {
    var shape = tensor.shape
    shape[0] *= copies
    let bytes = tensor.elements(as: UInt8.self)
    return Tensor(
      (0..<copies).flatMap { _ in bytes }, datatype: tensor.datatype, shape: shape)
  }

  @Test func `gives only the outputs that are wanted`() throws {
    let fixture = try OnnxFixture("forest")
    let scores = try answers(try fixture.pipeline(), fixture.inputs, outputs: [1]).tensors
    try #require(scores.count == 1)
    try requireEqual(scores[0], fixture.outputs[1].tensor, within: .none, "scores")
  }

  @Test func `an unknown category fails its row alone`() throws {
    var inputs = try OnnxFixture("table-strict").inputs
    let place = try #require(inputs.firstIndex { $0.name == "sex" })
    var texts = inputs[place].tensor.strings
    let shape = inputs[place].tensor.shape
    texts[3] = "unknown"
    inputs[place] = NamedTensor(name: "sex", tensor: Tensor(strings: texts, shape: shape))
    let fixture = try OnnxFixture("table-strict")
    let (tensors, failed) = try answers(try fixture.pipeline(), inputs)
    #expect(failed.keys.sorted() == [3])
    #expect(failed[3]?.contains("known categories") == true)
    // Before and after it, with strings, whose bytes have lengths of their own.
    let labels = tensors.filter { $0.datatype == .bytes }.flatMap(\.strings)
    var expected = fixture.outputs[0].tensor.strings
    expected.remove(at: 3)
    #expect(labels == expected)
  }

  @Test func `labels and keys may be any strings`() throws {
    let fixture = try OnnxFixture("forest-names")
    let pipeline = try fixture.pipeline()
    let labels = try answers(pipeline, fixture.inputs).tensors[0].strings
    #expect(labels == fixture.outputs[0].tensor.strings)
    #expect(pipeline.signature.metadata["output_probability.keys"]?.contains("\\\"") == true)
  }

  @Test func `no rows give no rows`() throws {
    let fixture = try OnnxFixture("forest")
    let none = Tensor([Float](), datatype: .float32, shape: [0, 4])
    let tensors = try answers(
      try fixture.pipeline(), [NamedTensor(name: "X", tensor: none)]
    ).tensors
    #expect(tensors.map(\.shape) == [[0], [0, 3]])
  }

  @Test func `refuses inputs that are not its own`() throws {
    let pipeline = try OnnxFixture("forest").pipeline()
    for tensor in [
      Tensor([Float](repeating: 0, count: 3), datatype: .float32, shape: [1, 3]),
      Tensor([Double](repeating: 0, count: 4), datatype: .float64, shape: [1, 4]),
      Tensor([Float](repeating: 0, count: 4), datatype: .float32, shape: [4]),
    ] {
      #expect(throws: RuntimeFault.self) {
        try answers(pipeline, [NamedTensor(name: "X", tensor: tensor)])
      }
    }
  }

  @Test func `strings that end too early are refused`() throws {
    let fixture = try OnnxFixture("table-forest")
    let pipeline = try fixture.pipeline()
    let inputs = fixture.inputs.map { input in
      guard input.name == "sex" else { return input }
      let cut = Array(input.tensor.elements(as: UInt8.self).dropLast(3))
      return NamedTensor(
        name: "sex", tensor: Tensor(cut, datatype: .bytes, shape: input.tensor.shape))
    }
    #expect(throws: RuntimeFault.self) { try answers(pipeline, inputs) }
  }

  @Test func `a raised flag stops a run`() throws {
    let fixture = try OnnxFixture("forest")
    let stop = StopFlag()
    stop.raise()
    let instance = try fixture.pipeline().makeInstance(stop: stop)
    let batch = RunBatch(
      inputs: [fixture.inputs[0].tensor], rowCount: fixture.inputs[0].tensor.shape[0])
    let fault = #expect(throws: RuntimeFault.self) { try instance.run(batch) { _ in } }
    #expect(fault?.code == .stopped)
  }
}
