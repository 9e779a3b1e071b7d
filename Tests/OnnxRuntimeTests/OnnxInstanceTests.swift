import Inference
import OnnxRuntime
import TestSupport
import Testing

@Suite struct OnnxInstanceTests {
  @Test(arguments: Datatype.allCases)
  func `an identity model gives back every datatype bit for bit`(_ datatype: Datatype) throws {
    let model = try OnnxFixtures.load("identity-\(datatype.name)")
    let input = Self.sample(of: datatype)
    let output = try #require(try answer(model, [input], rows: 2).first)
    #expect(output.datatype == datatype)
    #expect(output.shape == input.shape)
    #expect(output.elements(as: UInt8.self) == input.elements(as: UInt8.self))
  }

  @Test(arguments: Datatype.allCases)
  func `an identity model keeps the rules of every instance`(_ datatype: Datatype) throws {
    let model = try OnnxFixtures.load("identity-\(datatype.name)")
    try checkModelInstance(
      model, answers: RunBatch(inputs: [Self.sample(of: datatype)], rowCount: 2))
  }

  @Test func `two inputs and two outputs keep the rules of every instance`() throws {
    let model = try OnnxFixtures.load("add-sub")
    let left = Tensor((0..<32).map(Int32.init), datatype: .int32, shape: [2, 16])
    let right = Tensor([Int32](repeating: 1, count: 32), datatype: .int32, shape: [2, 16])
    try checkModelInstance(model, answers: RunBatch(inputs: [left, right], rowCount: 2))
    let outputs = try answer(model, [left, right], rows: 2)
    #expect(outputs[0].elements(as: Int32.self) == (0..<32).map { $0 + 1 })
    #expect(outputs[1].elements(as: Int32.self) == (0..<32).map { $0 - 1 })
  }

  @Test func `outputs whose shape follows from the inputs are written where the batch wants`()
    throws
  {
    let memory = RecordingMemory()
    let model = try OnnxFixtures.load("dynamic-axes")
    let output = try answer(model, [.float([1, 2, 3, 4, 5, 6], [2, 3])], rows: 2, memory: memory)[0]
    #expect(output.shape == [3, 2])
    #expect(output.floats == [1, 4, 2, 5, 3, 6])
    #expect(memory.requests == [.init(output: 0, byteCount: 24)])
  }

  @Test func `a scalar comes back with rank zero`() throws {
    let output = try answer(try OnnxFixtures.load("scalar"), [.float([1, 2, 3.5], [3])])[0]
    #expect(output.shape == [])
    #expect(output.floats == [6.5])
  }

  @Test func `a tensor without elements goes in and comes out`() throws {
    let model = try OnnxFixtures.load("identity-FP32")
    let output = try answer(model, [.float([], [0, 4])], rows: 0)[0]
    #expect(output.shape == [0, 4])
    #expect(output.byteCount == 0)
  }

  @Test func `rows of a larger tensor are read where they lie`() throws {
    let model = try OnnxFixtures.load("identity-FP32")
    let whole = Tensor.float((0..<12).map(Float.init), [4, 3])
    let output = try answer(model, [whole.rows(1..<3)], rows: 2)[0]
    #expect(output.floats == [3, 4, 5, 6, 7, 8])
  }

  @Test func `an output that is the input itself keeps the request's memory alive`() throws {
    var made = MadeModel()
    made.inputs = [MadeModel.value("x", MadeModel.tensor(1, nil))]
    made.outputs = [MadeModel.value("x", MadeModel.tensor(1, nil))]
    let model = try OnnxFixtures.load(embedded: made.bytes)
    let output = try answer(model, [.float([1, 2, 3], [3])])[0]
    // Freed memory of this size would be taken again here.
    let others = (0..<64).map { Tensor.float([Float($0), 0, 0], [3]) }
    #expect(output.floats == [1, 2, 3])
    #expect(others.count == 64)
  }

  @Test func `an output that is a constant of the model outlives the model`() throws {
    var made = MadeModel.single("Identity", input: [2], output: [2])
    made.initializers = [MadeModel.floats("w", [7, 8, 9])]
    made.outputs.append(MadeModel.value("w", MadeModel.tensor(1, nil)))
    let bytes = made.bytes
    let output = try answer(try OnnxFixtures.load(embedded: bytes), [.float([1, 2], [2])])[1]
    #expect(output.floats == [7, 8, 9])
  }

  @Test func `a model that declares a wrong output shape answers all the same`() throws {
    // How many elements are not zero, no declaration can know.
    var lying = MadeModel.single("NonZero", input: [-1], output: nil)
    lying.outputs = [MadeModel.value("y", MadeModel.tensor(7, [1, 2]))]
    let model = try OnnxFixtures.load(embedded: lying.bytes)
    #expect(try answer(model, [.float([0, 5, 6, 7], [4])])[0].int64s == [1, 2, 3])
    #expect(try answer(model, [.float([5, 6], [2])])[0].shape == [1, 2])
  }

  @Test func `an input of undeclared rank takes any shape`() throws {
    let model = try OnnxFixtures.load(
      embedded: MadeModel.single("Identity", input: nil, output: nil).bytes)
    #expect(model.signature.inputs[0].isShapeless)
    #expect(try answer(model, [.float([1, 2], [2, 1])])[0].shape == [2, 1])
    #expect(try answer(model, [.float([1], [])])[0].shape == [])
  }

  /// Two rows of three elements with all sorts of bits.
  private static func sample(of datatype: Datatype) -> Tensor {
    if datatype == .bytes {
      return Tensor(strings: ["a", "", "zero\0inside", "鳥", "e", "f"], shape: [2, 3])
    }
    let count = 6 * (datatype.elementByteCount ?? 0)
    let bytes = (0..<count).map { datatype == .bool ? UInt8($0 % 2) : UInt8($0 * 37 % 251) }
    return Tensor(bytes, datatype: datatype, shape: [2, 3])
  }
}
