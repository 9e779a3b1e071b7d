import Inference
import Testing

@testable import SampleBackends

struct IdentityTests {
  private static func declared(rowsMax: Int? = 8, output: Datatype = .float32) -> DeclaredSignature
  {
    DeclaredSignature(
      inputs: [
        DeclaredTensor(name: "INPUT0", datatype: .float32, dimensions: [-1]),
        DeclaredTensor(name: "INPUT1", datatype: .bytes, dimensions: [2]),
      ],
      outputs: [
        DeclaredTensor(name: "OUTPUT0", datatype: output, dimensions: [-1]),
        DeclaredTensor(name: "OUTPUT1", datatype: .bytes, dimensions: [2]),
      ], rowsMax: rowsMax)
  }

  private static func load(
    _ declared: DeclaredSignature?, delayMilliseconds: Int = 0
  ) throws -> any ComputingModel {
    let loader = IdentityLoader(declared: declared, delayMilliseconds: delayMilliseconds)
    let model = try loader.load(.file(path: "/nowhere"), options: RuntimeOptions())
    return try #require(model as? any ComputingModel)
  }

  private static func tensor(_ byteCount: Int) throws -> Tensor {
    let shape = try #require(TensorShape([1, byteCount / 4]))
    return Tensor(
      datatype: .float32, shape: shape, storage: TensorStorage(byteCount: byteCount))
  }

  @Test(arguments: [(8, true), (0, false), (nil, false)] as [(Int?, Bool)])
  func `its signature is its configuration, with rows where it asks for them`(
    _ rowsMax: Int?, _ hasRows: Bool
  ) throws {
    let declared = Self.declared(rowsMax: rowsMax)
    let own = try Self.load(declared).signature
    #expect(own.hasRowAxis == hasRows)
    #expect(own.inputs[1].metadataShape == (hasRows ? [-1, 2] : [2]))
    // What the door lays over it is the same again.
    let completed = try declared.completed(from: own)
    #expect(completed.inputs == own.inputs && completed.outputs == own.outputs)
  }

  @Test func `outputs are the inputs themselves, those that are wanted in the order of the wish`()
    throws
  {
    let (first, second) = (try Self.tensor(64), try Self.tensor(128))
    var parts: [[Tensor]] = []
    let instance = try Self.load(Self.declared()).makeInstance(stop: StopFlag())
    for wanted in [[], [1, 0], [1]] {
      let batch = RunBatch(inputs: [first, second], rowCount: 1, outputs: wanted)
      try instance.run(batch) { part in
        if case .outputs(let rows, let tensors) = part, rows == 0..<1 { parts.append(tensors) }
      }
    }
    let expected = [[first, second], [second, first], [second]]
    let addresses = { (tensors: [Tensor]) in tensors.map { ObjectIdentifier($0.storage) } }
    #expect(parts.map(addresses) == expected.map(addresses))
  }

  @Test func `what is no identity is refused at load, in words`() {
    let cases: [(DeclaredSignature?, String)] = [
      (nil, "declare them"), (Self.declared(output: .int32), "declared otherwise"),
      (
        DeclaredSignature(inputs: Self.declared().inputs, outputs: [Self.declared().outputs[0]]),
        "2 inputs and 1 outputs"
      ),
    ]
    for (declared, words) in cases {
      let fault = #expect(throws: RuntimeFault.self) { _ = try Self.load(declared) }
      #expect(fault?.code == .invalidModel)
      #expect(fault?.message.contains(words) == true)
    }
  }

  @Test func `a run that takes its time ends when it is told to`() throws {
    let stop = StopFlag()
    let model = try Self.load(Self.declared(), delayMilliseconds: 3_600_000)
    #expect(!model.capabilities.isDeclaredCheap)
    let instance = try model.makeInstance(stop: stop)
    stop.raise()
    let batch = RunBatch(inputs: [try Self.tensor(64), nil], rowCount: 1)
    let fault = #expect(throws: RuntimeFault.self) { try instance.run(batch) { _ in } }
    #expect(fault?.code == .stopped)
  }

  @Test func `an input that was left out is nobody's output`() throws {
    let instance = try Self.load(Self.declared()).makeInstance(stop: StopFlag())
    let batch = RunBatch(inputs: [try Self.tensor(64), nil], rowCount: 1, outputs: [1])
    let fault = #expect(throws: RuntimeFault.self) { try instance.run(batch) { _ in } }
    #expect(fault?.code == .invalidArgument)
  }
}
