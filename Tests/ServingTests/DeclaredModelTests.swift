import Inference
import TestSupport
import Testing

@testable import Serving

/// Gives the shapes of its inputs as its answer, two outputs in the model's order.
@Suite struct DeclaredModelTests {
  static let signature = ModelSignature(
    inputs: [
      TensorDescription(name: "a", datatype: .float32, dimensions: [.any(name: nil), .fixed(2)]),
      TensorDescription(
        name: "b", datatype: .float32, dimensions: [.any(name: nil), .any(name: nil), .fixed(1)]),
    ],
    outputs: [
      TensorDescription(name: "a", datatype: .float32, dimensions: [.any(name: nil), .fixed(2)]),
      TensorDescription(
        name: "b", datatype: .float32, dimensions: [.any(name: nil), .any(name: nil), .fixed(1)]),
    ], hasRowAxis: true)

  func tensor(_ values: [Float], _ shape: TensorShape) -> Tensor {
    Tensor(values, datatype: .float32, shape: shape)
  }

  func declared(
    _ name: String, _ dimensions: [Int], to: [Int]? = nil
  ) -> DeclaredTensor {
    DeclaredTensor(name: name, datatype: .float32, dimensions: dimensions, modelDimensions: to)
  }

  @Test func `order, shapes and choice of outputs are the declaration's`() throws {
    let model = try DeclaredModel(
      FakeModel(signature: Self.signature),
      as: DeclaredSignature(
        inputs: [declared("b", [1, -1], to: [-1, 1]), declared("a", [2, 1], to: [2])],
        outputs: [declared("a", [1, 2], to: [2])], rowsMax: 8))
    #expect(model.signature.inputs.map(\.name) == ["b", "a"])
    #expect(model.signature.outputs.map(\.metadataShape) == [[-1, 1, 2]])
    let instance = try model.makeInstance(stop: StopFlag())
    var parts: [RunPart] = []
    // The fake model answers with what it is given, in its own order and shapes.
    try instance.run(
      RunBatch(
        inputs: [tensor([5, 6, 7, 8, 9, 10], [2, 1, 3]), tensor([1, 2, 3, 4], [2, 2, 1])],
        rowCount: 2)
    ) { parts.append($0) }
    guard case .outputs(let rows, let tensors)? = parts.first else {
      return #expect(Bool(false), "no outputs")
    }
    #expect(rows == 0..<2 && tensors.first?.shape == [2, 1, 2])
    #expect(tensors.first?.elements(as: Float.self) == [1, 2, 3, 4])
  }

  @Test func `a declaration that changes nothing costs nothing`() throws {
    let fake = FakeModel(signature: Self.signature)
    let model = try DeclaredModel(fake, as: DeclaredSignature(rowsMax: 8))
    let plain = try fake.makeInstance(stop: StopFlag())
    let instance = try model.makeInstance(stop: StopFlag())
    #expect(type(of: instance) == type(of: plain))
  }

  @Test func `an input that is not of the declared shape fails the run`() throws {
    let model = try DeclaredModel(
      FakeModel(signature: Self.signature),
      as: DeclaredSignature(
        inputs: [declared("a", [2, 1], to: [2]), declared("b", [-1, 1])], rowsMax: 8))
    let instance = try model.makeInstance(stop: StopFlag())
    #expect(throws: RuntimeFault.self) {
      try instance.run(
        RunBatch(inputs: [tensor([1, 2], [1, 2]), tensor([1], [1, 1, 1])], rowCount: 1)
      ) { _ in }
    }
  }

  @Test func `a model that is not as declared does not load, with both in the sentence`() throws {
    let server = InferenceServer(
      settings: ServingSettings(coreCount: 1), loopCount: 0, observer: RecordingObserver())
    defer { server.shutDown() }
    let fake = FakeModel(signature: Self.signature)
    var specification = ModelSpecification(
      name: "m", source: .file(path: "m.fake"), loader: FakeLoader { fake })
    specification.declared = DeclaredSignature(inputs: [declared("a", [3])], rowsMax: 8)
    specification.warnings = ["something is not obeyed"]
    let fault = #expect(throws: ServerFault.self) { try server.load(specification) }
    let said = fault.map { "\($0)" } ?? ""
    #expect(said.contains("FP32 [3]") && said.contains("FP32 [-1,2]"), "\(said)")
    #expect(server.statuses.first?.warnings == ["something is not obeyed"])
  }
}
