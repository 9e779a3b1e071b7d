import Inference
import Testing

@testable import SampleBackends

@Suite(.timeLimit(.minutes(1))) struct AnswerTests {
  private static func declared(
    _ inputs: [(String, Datatype, Int)], _ outputs: [(String, Datatype, Int)], rowsMax: Int = 0
  ) -> DeclaredSignature {
    DeclaredSignature(
      inputs: inputs.map { DeclaredTensor(name: $0.0, datatype: $0.1, dimensions: [$0.2]) },
      outputs: outputs.map { DeclaredTensor(name: $0.0, datatype: $0.1, dimensions: [$0.2]) },
      rowsMax: rowsMax)
  }

  private static let repeated = declared(
    [("IN", .int32, -1), ("DELAY", .uint32, -1), ("WAIT", .uint32, 1)],
    [("OUT", .int32, 1), ("IDX", .uint32, 1)])
  private static let squared = declared([("IN", .int32, 1)], [("OUT", .int32, 1)], rowsMax: 4)
  private static let iterated = declared(
    [("INPUT", .int32, 1)], [("OUTPUT", .int32, 1)], rowsMax: 4)

  /// What a run gives, as text.
  private static func run(
    _ loader: any ModelLoader, _ batch: RunBatch, stop: StopFlag = StopFlag()
  ) throws -> [String] {
    let model = try #require(
      try loader.load(.file(path: "/nowhere"), options: RuntimeOptions()) as? any ComputingModel)
    var parts: [String] = []
    try model.makeInstance(stop: stop).run(batch) { part in
      switch part {
      case .outputs(let rows, let tensors):
        let values = tensors.map { "\($0.elements(as: Int32.self)[0])" }
        parts.append("\(rows.lowerBound): \(values.joined(separator: " "))")
      case .failed(let row, _): parts.append("\(row) failed")
      case .again(let row, let carried):
        parts.append("\(row) again \(carried[0].elements(as: Int32.self)[0])")
      case .done(let row): parts.append("\(row) done")
      }
    }
    return parts
  }

  private static func rows(_ values: [Int32]) -> RunBatch {
    RunBatch(
      inputs: [Tensor(values, datatype: .int32, shape: [values.count, 1])],
      rowCount: values.count)
  }

  private static func repeating(_ values: [Int32], delays: Int? = nil) -> RunBatch {
    let count = delays ?? values.count
    return RunBatch(
      inputs: [
        Tensor(values, datatype: .int32, shape: [values.count]),
        Tensor([UInt32](repeating: 1, count: count), datatype: .uint32, shape: [count]),
        Tensor([UInt32(0)], datatype: .uint32, shape: [1]),
      ], rowCount: 1)
  }

  @Test func `repeat answers each element with its place`() throws {
    let loader = RepeatLoader(declared: Self.repeated)
    #expect(try Self.run(loader, Self.repeating([7, 9])) == ["0: 7 0", "0: 9 1"])
    #expect(try Self.run(loader, Self.repeating([])) == [])
    var one = Self.repeating([5])
    one.outputs = [1]
    #expect(try Self.run(loader, one) == ["0: 0"])
    #expect(throws: RuntimeFault.self) { try Self.run(loader, Self.repeating([5], delays: 2)) }
  }

  @Test func `square answers each row as often as its value, in turns`() throws {
    let loader = SquareLoader(declared: Self.squared)
    #expect(
      try Self.run(loader, Self.rows([2, 0, 1, -3]))
        == ["0: 2", "2: 1", "2 done", "0: 2", "0 done"])
    let failing = SquareLoader(declared: Self.squared, failureCount: 1)
    #expect(
      try Self.run(failing, Self.rows([2, 1])) == ["0: 2", "0 failed", "1 failed"])
    let never = SquareLoader(declared: Self.squared, failureCount: Int(Int32.max))
    #expect(try Self.run(never, Self.rows([.min, .max])) == ["1 failed"])
  }

  @Test func `an iterative sequence carries what is left`() throws {
    let loader = IterativeSequenceLoader(declared: Self.iterated)
    var batch = Self.rows([3, 1])
    batch.carried = [[], []]
    #expect(try Self.run(loader, batch) == ["0: 2", "0 again 2", "1: 0"])
    batch.carried = [[Tensor([Int32(1)], datatype: .int32, shape: [1, 1])], []]
    #expect(try Self.run(loader, batch) == ["0: 0", "1: 0"])
    #expect(try Self.run(loader, Self.rows([.min, 0, 1])) == ["2: 0"])
  }

  @Test func `a run that is told to stop ends`() throws {
    let stop = StopFlag()
    stop.raise()
    #expect(throws: RuntimeFault.self) {
      try Self.run(RepeatLoader(declared: Self.repeated), Self.repeating([1]), stop: stop)
    }
    #expect(throws: RuntimeFault.self) {
      try Self.run(SquareLoader(declared: Self.squared), Self.rows([1]), stop: stop)
    }
  }

  @Test func `a configuration that does not fit is refused`() {
    let rowed = Self.declared(
      [("IN", .int32, -1), ("DELAY", .uint32, -1), ("WAIT", .uint32, 1)],
      [("OUT", .int32, 1), ("IDX", .uint32, 1)], rowsMax: 4)
    let loaders: [any ModelLoader] = [
      RepeatLoader(declared: Self.squared), RepeatLoader(declared: rowed),
      SquareLoader(declared: Self.repeated), SquareLoader(declared: nil),
      IterativeSequenceLoader(declared: Self.squared),
    ]
    for loader in loaders {
      #expect(throws: RuntimeFault.self) {
        _ = try loader.load(.file(path: "/nowhere"), options: RuntimeOptions())
      }
    }
  }
}
