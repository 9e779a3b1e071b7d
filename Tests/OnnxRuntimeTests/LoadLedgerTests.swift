import Inference
import Synchronization
import TestSupport
import Testing

@testable import OnnxRuntime

@Suite struct LoadLedgerTests {
  @Test func `a load alone has all that grew`() {
    var ledger = LoadLedger()
    let first = ledger.begin(sourceByteCount: 10, allocated: 100)
    #expect(ledger.end(first, allocated: 130) == 30)
    let second = ledger.begin(sourceByteCount: 10, allocated: 130)
    #expect(ledger.end(second, allocated: 150) == 20, "the one before is over")
  }

  @Test func `loads that overlap share what grew by the size of their sources`() {
    var ledger = LoadLedger()
    let large = ledger.begin(sourceByteCount: 30, allocated: 0)
    let small = ledger.begin(sourceByteCount: 10, allocated: 0)
    #expect(ledger.end(large, allocated: 80) == 60)
    #expect(ledger.end(small, allocated: 80) == 20)
  }

  @Test func `sizes that are not known, and memory that shrank, count as nothing`() {
    var ledger = LoadLedger()
    let first = ledger.begin(sourceByteCount: 0, allocated: 50)
    let second = ledger.begin(sourceByteCount: 0, allocated: 50)
    #expect(ledger.end(first, allocated: 60) == 10)
    #expect(ledger.end(second, allocated: 40) == 0)
    #expect(ledger.end(second, allocated: 90) == 0, "it is over")
  }
}

@Suite(.timeLimit(.minutes(1))) struct ParallelLoadTests {
  /// As many models at a time as threads, each loaded, run and released.
  @Test func `models are loaded at the same time, each right and of its own size`() throws {
    let alone = try OnnxFixtures.load("add-sub").footprintByteCount
    let wrong = Guarded<[String]>([])
    let done = Guarded(0)
    for _ in 0..<4 {
      Thread.start {
        for _ in 0..<8 {
          if let complaint = Self.complaint(alone: alone) {
            wrong.withLock { $0.append(complaint) }
          }
        }
        done.withLock { $0 += 1 }
      }
    }
    #expect(eventually { done.withLock { $0 } == 4 })
    #expect(wrong.withLock { $0 } == [])
  }

  private static func complaint(alone: Int) -> String? {
    do {
      let model = try OnnxFixtures.load("add-sub")
      // Other threads allocate, too: a share is an estimate, and yet none of the whole process.
      if model.footprintByteCount > 16 * alone + (8 << 20) {
        return "\(model.footprintByteCount) bytes, \(alone) alone"
      }
      let instance = try model.makeInstance(stop: StopFlag())
      let tensor = Tensor([Int32](repeating: 3, count: 16), datatype: .int32, shape: [1, 16])
      let outputs = try outputs(
        of: instance, for: RunBatch(inputs: [tensor, tensor], rowCount: 1))
      return outputs.first?.elements(as: Int32.self) == Array(repeating: 6, count: 16)
        ? nil : "a wrong answer"
    } catch {
      return "\(error)"
    }
  }

  /// A load that has begun and not ended holds up no other.
  @Test func `a load that fails leaves the next ones alone`() throws {
    #expect(throws: RuntimeFault.self) {
      try OnnxFixtures.load(path: TestFiles.fixture("onnx/make.py"))
    }
    #expect(try OnnxFixtures.load("add-sub").footprintByteCount > 0)
  }
}
