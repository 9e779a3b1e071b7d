import Inference
import OnnxRuntime
import Synchronization
import TestSupport
import Testing

@Suite struct OnnxConcurrencyTests {
  @Test(.timeLimit(.minutes(1)))
  func `instances of one model compute at the same time`() throws {
    let model = try OnnxFixtures.load("add-sub")
    let tally = Tally()
    for thread in 0..<4 {
      Thread.start {
        tally.wrong.add(Self.wrongAnswers(of: model, thread: Int32(thread)), ordering: .relaxed)
        tally.done.add(1, ordering: .releasing)
      }
    }
    #expect(eventually { tally.done.load(ordering: .acquiring) == 4 })
    #expect(tally.wrong.load(ordering: .relaxed) == 0)
  }

  @Test(.timeLimit(.minutes(1)))
  func `a run in progress ends when its flag is raised, and the instance runs again`() throws {
    let model = try OnnxFixtures.load("slow")
    let stop = StopFlag()
    let memory = RecordingMemory()
    let outcome = Outcome()
    Thread.start {
      // An hour of turns, were it not stopped.
      let batch = RunBatch(
        inputs: [.int64([5_000_000], [1])], rowCount: 1, outputMemory: memory)
      let code = Self.faultCode(of: model, batch, stop: stop)
      outcome.code.withLock { $0 = code }
    }
    #expect(eventually { memory.requests.count == 2 })
    stop.raise()
    #expect(eventually { outcome.code.withLock { $0 } != nil })
    #expect(outcome.code.withLock { $0 } == .stopped)
  }

  private final class Tally: Sendable {
    let wrong = Atomic(0)
    let done = Atomic(0)
  }

  private final class Outcome: Sendable {
    let code = Guarded<RuntimeFault.Code?>(nil)
  }

  private static func faultCode(
    of model: any ComputingModel, _ batch: RunBatch, stop: StopFlag
  ) -> RuntimeFault.Code? {
    do {
      let instance = try model.makeInstance(stop: stop)
      try instance.run(batch) { _ in }
      return nil
    } catch { return error.code }
  }

  private static func wrongAnswers(of model: any ComputingModel, thread: Int32) -> Int {
    var wrong = 0
    guard let instance = try? model.makeInstance(stop: StopFlag()) else { return 1 }
    for turn in Int32(0)..<200 {
      let rows = Int(turn % 3) + 1
      let value = thread * 1000 + turn
      let tensor = Tensor(
        [Int32](repeating: value, count: rows * 16), datatype: .int32, shape: [rows, 16])
      let batch = RunBatch(inputs: [tensor, tensor], rowCount: rows)
      let tensors = try? outputs(of: instance, for: batch)
      if tensors?.first?.elements(as: Int32.self) != Array(repeating: value * 2, count: rows * 16) {
        wrong += 1
      }
    }
    return wrong
  }
}
