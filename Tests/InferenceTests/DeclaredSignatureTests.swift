import Inference
import Testing

@Suite struct DeclaredSignatureTests {
  static let model = ModelSignature(
    inputs: [
      TensorDescription(
        name: "x", datatype: .float32, dimensions: [.any(name: "n"), .fixed(3), .any(name: nil)]),
      TensorDescription(
        name: "mask", datatype: .int64, dimensions: [.any(name: "n"), .fixed(1)], isOptional: true),
    ],
    outputs: [
      TensorDescription(name: "y", datatype: .float32, dimensions: [.any(name: "n"), .fixed(10)]),
      TensorDescription(name: "z", datatype: .float32, dimensions: [.any(name: "n")]),
    ], hasRowAxis: true)

  static let static1 = ModelSignature(
    inputs: [TensorDescription(name: "x", datatype: .float32, dimensions: [.fixed(1), .fixed(4)])],
    outputs: [], hasRowAxis: false)

  func tensor(
    _ name: String, _ dimensions: [Int], _ datatype: Datatype = .float32, to: [Int]? = nil
  ) -> DeclaredTensor {
    DeclaredTensor(name: name, datatype: datatype, dimensions: dimensions, modelDimensions: to)
  }

  @Test func `what is not declared is completed from the model`() throws {
    let empty = try DeclaredSignature().completed(from: Self.model)
    #expect(empty.inputs == Self.model.inputs && empty.outputs == Self.model.outputs)
    #expect(empty.hasRowAxis)
    let one = try DeclaredSignature(inputs: [tensor("x", [3, -1])]).completed(from: Self.model)
    #expect(one.inputs.map(\.name) == ["x", "mask"] && one.hasRowAxis)
    let whole = try DeclaredSignature(inputs: [tensor("x", [-1, 3, -1])]).completed(
      from: Self.model)
    #expect(!whole.hasRowAxis && whole.inputs[0].metadataShape == [-1, 3, -1])
  }

  @Test func `a declaration narrows, leaves outputs out and orders them`() throws {
    let declared = DeclaredSignature(
      inputs: [tensor("mask", [1], .int64), tensor("x", [3, 224])], outputs: [tensor("z", [])],
      rowsMax: 8)
    let signature = try declared.completed(from: Self.model)
    #expect(signature.inputs.map(\.name) == ["mask", "x"])
    #expect(signature.inputs[1].metadataShape == [-1, 3, 224])
    #expect(signature.outputs.map(\.name) == ["z"])
  }

  @Test func `tensors of the server stay as the model has them`() throws {
    let declared = DeclaredSignature(
      inputs: [], outputs: [tensor("y", [10])], rowsMax: 8, serverTensors: ["z"])
    #expect(try declared.completed(from: Self.model).outputs.map(\.name) == ["y", "z"])
  }

  @Test(
    arguments: [
      ("gone", [3, -1], .float32, 8, "has no input gone; it has x, mask"),
      ("x", [3, -1], .int32, 8, "the datatypes differ"),
      ("x", [4, -1], .float32, 8, "the shapes differ"), ("x", [3], .float32, 8, "the ranks differ"),
      ("x", [3, -1], .float32, 0, "the ranks differ"),
      ("mask", [1], .int64, 8, "needs the input x"),
    ] as [(String, [Int], Datatype, Int, String)])
  func `a clash says both sides`(
    _ name: String, _ dimensions: [Int], _ datatype: Datatype, _ rowsMax: Int, _ expected: String
  ) throws {
    let declared = DeclaredSignature(
      inputs: [tensor(name, dimensions, datatype)], rowsMax: rowsMax)
    let clash = #expect(throws: DeclaredSignature.Clash.self) {
      try declared.completed(from: Self.model)
    }
    #expect(clash?.sentence.contains(expected) ?? false, "\(clash?.sentence ?? "")")
  }

  @Test func `rows need an open first axis`() {
    for declared in [
      DeclaredSignature(rowsMax: 4), DeclaredSignature(inputs: [tensor("x", [4])], rowsMax: 4),
    ] {
      let clash = #expect(throws: DeclaredSignature.Clash.self) {
        try declared.completed(from: Self.static1)
      }
      #expect(clash?.sentence.contains("0") ?? false)
    }
  }

  @Test(arguments: [
    ([784], [1, 28, 28], true), ([1], [], true), ([-1, 4], [4, -1], true), ([2], [3], false),
    ([-1], [2], false), ([-1, -1], [-1], false),
    ([Int.max, 4], [Int.max, 4], true),
  ])
  func `a reshape holds the same elements`(_ one: [Int], _ other: [Int], _ fits: Bool) {
    #expect(tensor("x", one, to: other).isReshapable == fits)
  }
}
