import Inference
import Synchronization
import TestSupport
import Testing

@testable import Serving

/// A model that says when its memory is gone.
private final class Tracked: ComputingModel {
  let signature = ModelSignature.oneRow()
  let capabilities = ModelCapabilities()
  let footprintByteCount = 1
  let platformName = "fake"
  private let inner = FakeModel()
  private let onGone: @Sendable () -> Void

  init(onGone: @escaping @Sendable () -> Void) { self.onGone = onGone }

  deinit { onGone() }

  func makeInstance(stop: StopFlag) throws(RuntimeFault) -> any ModelInstance {
    try inner.makeInstance(stop: stop)
  }
}

@Suite(.timeLimit(.minutes(1))) struct LifecycleTests {
  @Test func `a failed load is remembered with its reason and the others are served`() throws {
    let house = try OneModelHouse(FakeModel())
    let fault = RuntimeFault(code: .invalidModel, message: "cut off")
    let bad = ModelSpecification(
      name: "bad", source: .file(path: "bad.fake"),
      loader: FakeLoader { () throws(RuntimeFault) in throw fault })
    #expect(throws: ServerFault.modelLoadFailed(model: "bad", file: "bad.fake", fault)) {
      try house.server.load(bad)
    }
    let states = house.server.statuses.map(\.state)
    #expect(states == [.failed(reason: "model bad: cannot load bad.fake: cut off"), .ready])
    #expect(!house.server.isReady)
    let sink = try house.submit().sink
    #expect(eventually { sink.isDone })
    #expect(throws: InferenceFailure.modelNotReady(name: "bad", state: states[0])) {
      try house.entrance.lease(ModelAddress(name: "bad"))
    }
  }

  @Test func `a server that is starting is not ready, whatever it knows of its models`() throws {
    let server = InferenceServer(
      settings: ServingSettings(coreCount: 1), loopCount: 1, observer: RecordingObserver())
    server.beginOpening()
    #expect(server.unreadiness?.contains("starting") == true)
    try server.load(
      ModelSpecification(name: "t", source: .file(path: "t"), loader: FakeLoader { FakeModel() }))
    #expect(!server.isReady)
    server.endOpening()
    #expect(server.isReady)
    server.shutDown()
  }

  @Test func `unloading answers what waits and returns the memory`() throws {
    let isGone = Guarded(false)
    let observer = RecordingObserver()
    let server = InferenceServer(
      settings: ServingSettings(coreCount: 2), loopCount: 1, observer: observer)
    try server.load(
      ModelSpecification(
        name: "t", source: .file(path: "t"),
        loader: FakeLoader { Tracked { isGone.withLock { $0 = true } } }))
    #expect(server.isReady)
    server.unload(name: "t")
    #expect(eventually { isGone.withLock { $0 } })
    #expect(server.statuses.isEmpty)
  }

  @Test func `a lease keeps its version in memory while it is unloaded`() throws {
    let isGone = Guarded(false)
    let server = InferenceServer(
      settings: ServingSettings(coreCount: 2), loopCount: 1, observer: RecordingObserver())
    let entrance = server.makeEntrance(isEventLoop: false)
    try server.load(
      ModelSpecification(
        name: "t", source: .file(path: "t"),
        loader: FakeLoader { Tracked { isGone.withLock { $0 = true } } }))
    var lease: ModelLease? = try entrance.lease(ModelAddress(name: "t"))
    let done = Guarded(false)
    Thread.start {
      server.unload(name: "t")
      done.withLock { $0 = true }
    }
    #expect(eventually { server.statuses.isEmpty })
    let sink = RecordingSink()
    let context = RequestContext(
      id: "r", caller: .embedded, dialect: .embedded, arrival: MonotonicClock.now())
    let tensor = Tensor([Float(1)], datatype: .float32, shape: [1])
    if let held = lease {
      _ = entrance.submit(
        InferenceRequest(context: context, body: .tensors(.init(inputs: [tensor]))), to: held,
        sink: sink)
    }
    #expect(eventually { sink.isDone })
    #expect(!done.withLock { $0 })
    lease = nil
    #expect(eventually { done.withLock { $0 } && isGone.withLock { $0 } })
  }

  @Test func `draining fails readiness first and answers everything that was taken`() throws {
    let gate = Gate()
    let house = try OneModelHouse(FakeModel(.gated(gate)))
    let sinks = try (0..<3).map { _ in try house.submit().sink }
    house.server.beginDraining()
    #expect(!house.server.isReady)
    #expect(house.server.isLive)
    let drained = Guarded<Bool?>(nil)
    let limit = MonotonicClock.now().advanced(by: .seconds(30))
    Thread.start { drained.withLock { $0 = house.server.drain(until: limit) } }
    let refused = eventually {
      (try? house.submit().sink.failure) == .draining
    }
    #expect(refused)
    gate.open()
    #expect(eventually { drained.withLock { $0 } == true })
    #expect(sinks.allSatisfy { $0.isDone })
  }

  @Test func `what is not answered within the drain fails`() throws {
    let gate = Gate()
    let house = try OneModelHouse(FakeModel(.gated(gate)))
    let sinks = try (0..<2).map { _ in try house.submit().sink }
    let isDrained = house.server.drain(until: MonotonicClock.now())
    #expect(!isDrained)
    #expect(sinks[1].failure == .draining)
    house.server.shutDown()
    #expect(sinks[0].failure == .runtimeFailed(.init(code: .stopped, message: "told to stop")))
  }

  @Test func `a run that will not stop fails its model, which is loaded again`() throws {
    let gate = Gate()
    let house = try OneModelHouse(FakeModel(.stuck(gate))) {
      $0.runSecondsMax = 0
      $0.stopGraceSeconds = 0
    }
    defer { gate.open() }
    let stuck = try house.submit().sink
    let waiting = try house.submit().sink
    #expect(eventually { stuck.ends.count == 1 })
    guard case .runtimeFailed(let fault) = stuck.failure else {
      Issue.record("got \(String(describing: stuck.failure))")
      return
    }
    #expect(fault.code == .stopped)
    #expect(eventually { waiting.ends.count == 1 })
    guard case .modelNotReady("m", .failed(let reason)) = waiting.failure else {
      Issue.record("got \(String(describing: waiting.failure))")
      return
    }
    #expect(reason.contains("over its bound"))
    #expect(eventually { house.server.unreadiness?.contains("over its bound") == true })
    gate.open()
    #expect(eventually { house.server.isReady })
    let next = try house.submit().sink
    #expect(eventually { next.isDone })
    #expect(house.server.isLive)
  }

  @Test func `a run over its bound is stopped, and its model is loaded again`() throws {
    let gate = Gate()
    let house = try OneModelHouse(FakeModel(.gated(gate))) {
      $0.runSecondsMax = 0
      $0.stopGraceSeconds = 1_000
    }
    let slow = try house.submit().sink
    #expect(eventually { slow.ends.count == 1 })
    #expect(slow.failure == .runtimeFailed(.init(code: .stopped, message: "told to stop")))
    let isTold = eventually {
      house.observer.events.contains { event in
        if case .runExceededBound("m", 1) = event { true } else { false }
      }
    }
    #expect(isTold)
    gate.open()
    // Refused until the fresh version is there.
    let isAnswered = eventually {
      guard let next = try? house.submit().sink else { return false }
      return eventually { !next.ends.isEmpty } && next.isDone
    }
    #expect(isAnswered)
  }

  @Test func `a model that was given up answers what waits, and what comes, with the reason`()
    throws
  {
    let gate = Gate()
    let house = try OneModelHouse(FakeModel(.gated(gate)))
    let running = try house.submit().sink
    #expect(eventually { gate.waiting == 1 })
    let waiting = try house.submit().sink
    try house.entrance.lease(ModelAddress(name: "m")).model.core.giveUp(reason: "stuck")
    let failure = InferenceFailure.modelNotReady(name: "m", state: .failed(reason: "stuck"))
    #expect(waiting.failure == failure)
    #expect(try house.submit().sink.failure == failure)
    gate.open()
    #expect(eventually { running.isDone })
  }
}
