import Inference
import Testing

@testable import LoadTesting

@Suite struct SampleInputsTests {
  private func signature(_ datatype: Datatype, _ dimensions: [Dimension]) -> ModelSignature {
    ModelSignature(
      inputs: [TensorDescription(name: "x", datatype: datatype, dimensions: dimensions)],
      outputs: [], hasRowAxis: false)
  }

  @Test(arguments: Datatype.allCases)
  func `has the form that the signature asks for`(datatype: Datatype) throws {
    let inputs = try SampleInputs(signature(datatype, [.any(name: nil), .fixed(3)]))
    let requests = try inputs.requests(seed: 1)
    #expect(requests.count == SampleInputs.countMax)
    for request in requests {
      let tensor = try #require(request.inputs[0])
      #expect(tensor.datatype == datatype)
      #expect(tensor.shape == [1, 3])
      if datatype == .bytes { #expect(tensor.strings.count == 3) }
    }
  }

  @Test func `the same seed makes the same inputs, and they differ from each other`() throws {
    let inputs = try SampleInputs(signature(.float32, [.fixed(16)]))
    func elements(_ seed: UInt64) throws -> [[Float]] {
      try inputs.requests(seed: seed).map { try #require($0.inputs[0]).elements(as: Float.self) }
    }
    let first = try elements(1)
    #expect(try elements(1) == first)
    #expect(try elements(2) != first)
    #expect(Set(first).count == first.count)
    #expect(first.joined().allSatisfy { $0 >= 0 && $0 < 1 })
  }

  @Test func `stays within its memory, with one input at least`() throws {
    let inputs = try SampleInputs(signature(.float32, [.fixed(1_000)]))
    #expect(try inputs.requests(seed: 1, byteCountMax: 10_000).count == 2)
    #expect(try inputs.requests(seed: 1, byteCountMax: 10).count == 1)
  }

  @Test func `takes shapes for axes of any length and no others`() throws {
    let signature = signature(.float32, [.any(name: nil), .fixed(3)])
    let inputs = try SampleInputs(signature, lengths: ["x": [7, 3]])
    #expect(try inputs.requests(seed: 1)[0].inputs[0]?.shape == [7, 3])
    #expect(throws: SampleInputs.Problem.self) {
      try SampleInputs(signature, lengths: ["x": [7, 4]]).requests(seed: 1)
    }
    #expect(throws: SampleInputs.Problem.self) {
      try SampleInputs(signature, lengths: ["y": [7, 3]])
    }
  }
}
