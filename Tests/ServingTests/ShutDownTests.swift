import Inference
import Serving
import Synchronization
import TestSupport
import Testing

@Suite(.timeLimit(.minutes(1))) struct ShutDownTests {
  @Test func `a call elsewhere that never ends does not keep the server`() throws {
    let model = HeldModel()
    let house = try OneModelHouse(model) { $0.stopGraceSeconds = 0 }
    let (sink, handle) = try house.submit()
    let waiting = try house.submit().sink
    #expect(eventually { model.isHolding })
    house.server.shutDown()
    guard case .runtimeFailed(let fault) = sink.failure else {
      Issue.record("got \(String(describing: sink.failure))")
      return
    }
    #expect(fault.code == .stopped)
    #expect(waiting.failure == .draining)
    // What comes too late is nobody's any more.
    model.release()
    handle.cancel()
    #expect(sink.ends.count == 1)
  }

  @Test func `a run that does not stop does not keep the server`() throws {
    let gate = Gate()
    let house = try OneModelHouse(FakeModel(.stuck(gate))) { $0.stopGraceSeconds = 0 }
    defer { gate.open() }
    let sink = try house.submit().sink
    #expect(eventually { gate.waiting == 1 })
    house.server.shutDown()
    #expect(sink.ends.count == 1)
    #expect(house.server.abandonedThreadCount == 1)
  }

  @Test func `a version that drains when the server ends does not keep it`() throws {
    let model = HeldModel()
    let house = try OneModelHouse(model) { $0.stopGraceSeconds = 0 }
    let sink = try house.submit().sink
    #expect(eventually { model.isHolding })
    let isUnloaded = Guarded(false)
    house.server.unload(name: "m") { isUnloaded.withLock { $0 = true } }
    #expect(eventually { house.server.statuses.isEmpty })
    house.server.shutDown()
    #expect(isUnloaded.withLock { $0 })
    #expect(sink.ends.count == 1)
  }

  @Test func `one version that takes its time to drain keeps no other in memory`() throws {
    let model = HeldModel()
    let house = try OneModelHouse(model) { $0.stopGraceSeconds = 0 }
    let sink = try house.submit().sink
    #expect(eventually { model.isHolding })
    try house.server.load(
      ModelSpecification(
        name: "other", source: .file(path: "o.fake"), loader: FakeLoader { FakeModel() }))
    house.server.unload(name: "m") {}
    #expect(eventually { house.server.statuses(named: "m").isEmpty })
    let isUnloaded = Guarded(false)
    house.server.unload(name: "other") { isUnloaded.withLock { $0 = true } }
    #expect(eventually { isUnloaded.withLock { $0 } })
    #expect(sink.ends.isEmpty)
    model.release()
    #expect(eventually { sink.ends.count == 1 })
  }

  @Test func `a full queue of calls that end at once needs no deep stack`() throws {
    let model = HeldModel()
    let count = 20_000
    let house = try OneModelHouse(model, waitingMax: count)
    let first = try house.submit().sink
    #expect(eventually { model.isHolding })
    let sinks = try (0..<count).map { _ in try house.submit().sink }
    model.release()
    #expect(first.ends.count == 1)
    #expect(sinks.allSatisfy { $0.isDone })
  }
}
