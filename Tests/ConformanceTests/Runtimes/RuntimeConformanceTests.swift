import Inference
import Synchronization
import TestSupport
import Testing

/// The same cases against every runtime.
@Suite struct RuntimeConformanceTests {
  /// Strings are ONNX Runtime's alone, and are tested there.
  static let numeric = Datatype.allCases.filter { $0 != .bytes }

  @Test(arguments: RuntimeUnderTest.allCases, numeric)
  func `an identity model gives back every datatype bit for bit`(
    _ runtime: RuntimeUnderTest, _ datatype: Datatype
  ) throws {
    let input = Self.sample(of: datatype)
    let instance = try runtime.identity(datatype).makeInstance(stop: StopFlag())
    let output = try #require(
      try outputs(of: instance, for: RunBatch(inputs: [input], rowCount: 2)).first)
    #expect(output.datatype == datatype)
    #expect(output.shape == input.shape)
    #expect(output.elements(as: UInt8.self) == input.elements(as: UInt8.self))
  }

  @Test(arguments: RuntimeUnderTest.computing, numeric)
  func `an identity model keeps the rules of every instance`(
    _ runtime: RuntimeUnderTest, _ datatype: Datatype
  ) throws {
    try checkModelInstance(
      runtime.identity(datatype),
      answers: RunBatch(inputs: [Self.sample(of: datatype)], rowCount: 2))
  }

  @Test(arguments: RuntimeUnderTest.computing)
  func `two inputs and two outputs keep the rules of every instance`(
    _ runtime: RuntimeUnderTest
  ) throws {
    let model = try runtime.load(TestFiles.fixture("onnx/add-sub.onnx"))
    let left = Tensor((0..<32).map(Int32.init), datatype: .int32, shape: [2, 16])
    let right = Tensor([Int32](repeating: 1, count: 32), datatype: .int32, shape: [2, 16])
    let batch = RunBatch(inputs: [left, right], rowCount: 2)
    #expect(model.signature.hasRowAxis)
    #expect(model.signature.inputs[0].dimensions == [.any(name: "batch"), .fixed(16)])
    try checkModelInstance(model, answers: batch)
    let answer = try outputs(of: model.makeInstance(stop: StopFlag()), for: batch)
    #expect(answer[0].elements(as: Int32.self) == (0..<32).map { $0 + 1 })
    #expect(answer[1].elements(as: Int32.self) == (0..<32).map { $0 - 1 })
  }

  @Test(arguments: RuntimeUnderTest.computing)
  func `shapes that only the run can tell come out right`(_ runtime: RuntimeUnderTest) throws {
    let model = try runtime.load(TestFiles.fixture("onnx/dynamic-axes.onnx"))
    #expect(!model.signature.hasRowAxis)
    let instance = try model.makeInstance(stop: StopFlag())
    for columns in [3, 1, 5] {
      let input = Tensor(
        (0..<2 * columns).map(Float.init), datatype: .float32, shape: [2, columns])
      let output = try outputs(of: instance, for: RunBatch(inputs: [input], rowCount: 1))[0]
      #expect(output.shape == [columns, 2])
      #expect(output.elements(as: Float.self).suffix(1) == [Float(2 * columns - 1)])
    }
  }

  @Test(arguments: RuntimeUnderTest.computing)
  func `a scalar comes back with rank zero`(_ runtime: RuntimeUnderTest) throws {
    let model = try runtime.load(TestFiles.fixture("onnx/scalar.onnx"))
    let input = Tensor([Float(1), 2, 3.5], datatype: .float32, shape: [3])
    let batch = RunBatch(inputs: [input], rowCount: 1)
    let output = try outputs(of: model.makeInstance(stop: StopFlag()), for: batch)[0]
    #expect(output.shape == [])
    #expect(output.elements(as: Float.self) == [6.5])
  }

  @Test(arguments: RuntimeUnderTest.allCases)
  func `a tensor without elements, and rows of a larger one, go in and come out`(
    _ runtime: RuntimeUnderTest
  ) throws {
    let instance = try runtime.identity(.float32).makeInstance(stop: StopFlag())
    let none = Tensor([Float](), datatype: .float32, shape: [0, 4])
    let empty = try outputs(of: instance, for: RunBatch(inputs: [none], rowCount: 0))[0]
    #expect(empty.shape == [0, 4] && empty.byteCount == 0)
    let whole = Tensor((0..<12).map(Float.init), datatype: .float32, shape: [4, 3])
    let batch = RunBatch(inputs: [whole.rows(1..<3)], rowCount: 2)
    let output = try outputs(of: instance, for: batch)[0]
    #expect(output.elements(as: Float.self) == [3, 4, 5, 6, 7, 8])
  }

  @Test(arguments: RuntimeUnderTest.computing)
  func `metadata comes as the file has it`(_ runtime: RuntimeUnderTest) throws {
    let metadata = try runtime.load(TestFiles.fixture("onnx/custom-metadata.onnx")).signature
      .metadata
    #expect(metadata["author"] == "Apus")
    #expect(metadata["empty"] == "")
    #expect(metadata["note"] == "two\nlines, \"quotes\" and a bird: 鳥")
    #expect(metadata["ключ"] == "a key that is not ASCII")
    #expect(metadata["onnx.producer_name"] == "apus")
    #expect(metadata["onnx.domain"] == "org.example")
    #expect(metadata["onnx.model_version"] == "42")
    #expect(metadata["onnx.description"] == "About the model.")
    #expect(metadata["onnx.graph_name"] == "custom-metadata")
  }

  @Test(.timeLimit(.minutes(1)), arguments: RuntimeUnderTest.computing)
  func `instances of one model compute at the same time`(_ runtime: RuntimeUnderTest) throws {
    let model = try runtime.load(TestFiles.fixture("onnx/add-sub.onnx"))
    let tally = Tally()
    // Two more than the model was loaded for.
    for thread in 0..<6 {
      Thread.start {
        tally.wrong.add(Self.wrongAnswers(of: model, thread: Int32(thread)), ordering: .relaxed)
        tally.done.add(1, ordering: .releasing)
      }
    }
    #expect(eventually { tally.done.load(ordering: .acquiring) == 6 })
    #expect(tally.wrong.load(ordering: .relaxed) == 0)
  }

  private final class Tally: Sendable {
    let wrong = Atomic(0)
    let done = Atomic(0)
  }

  private static func wrongAnswers(of model: any ComputingModel, thread: Int32) -> Int {
    var wrong = 0
    guard let instance = try? model.makeInstance(stop: StopFlag()) else { return 1 }
    for turn in Int32(0)..<200 {
      let rows = Int(turn % 3) + 1
      let value = thread * 1000 + turn
      let tensor = Tensor(
        [Int32](repeating: value, count: rows * 16), datatype: .int32, shape: [rows, 16])
      let tensors = try? outputs(
        of: instance, for: RunBatch(inputs: [tensor, tensor], rowCount: rows))
      if tensors?.first?.elements(as: Int32.self) != Array(repeating: value * 2, count: rows * 16) {
        wrong += 1
      }
    }
    return wrong
  }

  /// Two rows of three elements of many bits; integers of 64 bits within what 32 hold, since
  /// OpenVINO computes with those.
  private static func sample(of datatype: Datatype) -> Tensor {
    if datatype == .int64 {
      return Tensor(
        [Int64(0), 1, -1, 2_147_483_647, -2_147_483_648, 77], datatype: .int64, shape: [2, 3])
    }
    let count = 6 * (datatype.elementByteCount ?? 0)
    let bytes = (0..<count).map { datatype == .bool ? UInt8($0 % 2) : UInt8($0 * 37 % 251) }
    return Tensor(bytes, datatype: datatype, shape: [2, 3])
  }
}
