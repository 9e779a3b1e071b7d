import Inference
import Testing

@testable import Trees

@Suite struct RowThreadsTests {
  static let shape = ForestShape(name: "six levels", trees: 60, outputs: 2)
  /// Many parts, and the last is a short one.
  static let rowCount = 6_001

  static func model(threadCount: Int) throws -> TreesModel {
    let model = TabularModel(
      features: [TabularFeature](repeating: TabularFeature(), count: shape.features),
      predictor: .trees(shape.ensemble(seed: 5)),
      transform: OutputTransform(.sigmoid(slope: 1), precision: .float),
      objective: "binary:logistic", format: .xgboost, rounds: 60)
    return try TreesModel(
      model, platform: "xgboost_json", fileByteCount: 0, forest: nil, threadCount: threadCount)
  }

  static func batch() -> RunBatch {
    let rows = shape.rows(rowCount, seed: 6).map(Float.init)
    let tensor = Tensor(rows, datatype: .float32, shape: [rowCount, shape.features])
    return RunBatch(inputs: [tensor], rowCount: rowCount)
  }

  static func answer(_ instance: any ModelInstance, _ batch: RunBatch) throws -> [UInt8] {
    var bytes: [UInt8] = []
    try instance.run(batch) { part in
      if case .outputs(_, let tensors) = part, let found = tensors[0].hostBytes {
        bytes = Array(found)
      }
    }
    return bytes
  }

  @Test(arguments: [2, 3, 8])
  func `a run over several threads answers what one thread answers`(threadCount: Int) throws {
    let batch = Self.batch()
    let alone = try Self.model(threadCount: 1)
    #expect(alone.threads == nil)
    let expected = try Self.answer(try alone.makeInstance(stop: StopFlag()), batch)
    #expect(expected.count == Self.rowCount * Self.shape.outputs * 4)
    let model = try Self.model(threadCount: threadCount)
    #expect(model.threads != nil)
    let instance = try model.makeInstance(stop: StopFlag())
    for _ in 0..<20 {
      let found = try Self.answer(instance, batch)
      #expect(found == expected)
    }
  }

  @Test func `several runs at a time do not disturb each other`() async throws {
    let batch = Self.batch()
    let model = try Self.model(threadCount: 3)
    let expected = try Self.answer(try model.makeInstance(stop: StopFlag()), batch)
    try await withThrowingTaskGroup(of: Bool.self) { group in
      for _ in 0..<4 {
        group.addTask {
          let instance = try model.makeInstance(stop: StopFlag())
          return try (0..<10).allSatisfy { _ in
            try Self.answer(instance, batch) == expected
          }
        }
      }
      for try await isRight in group { #expect(isRight) }
    }
  }

  @Test(arguments: [1, 3])
  func `a run that is told to stop ends`(threadCount: Int) throws {
    let stop = StopFlag()
    let instance = try Self.model(threadCount: threadCount).makeInstance(stop: stop)
    stop.raise()
    #expect(throws: RuntimeFault.self) { try Self.answer(instance, Self.batch()) }
    stop.lower()
    #expect(try Self.answer(instance, Self.batch()).isEmpty == false)
  }

  @Test func `each part is done once, and one run at a time has the threads`() throws {
    let model = try Self.model(threadCount: 4)
    let threads = try #require(model.threads)
    let engine = RowEngine(model.model, model.computer)
    for partCount in [0, 1, 2, 500] {
      var times = [Int](repeating: 0, count: partCount)
      var nested = false
      let isDone = times.withUnsafeMutableBufferPointer { times in
        threads.run(partCount: partCount, engine: engine) { part, own in
          times[part] += 1
          if own === engine {
            nested = threads.run(partCount: 1, engine: engine) { _, _ in } || nested
          }
        }
      }
      #expect(isDone)
      #expect(!nested)
      #expect(times == [Int](repeating: 1, count: partCount))
    }
  }
}
