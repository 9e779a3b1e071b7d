import Batching
import Inference
import Synchronization
import TestSupport
import Testing

@testable import Serving

/// Models that all claim one of a resource, each with an instance and a gate.
private struct LimitedHouse {
  let server: InferenceServer
  let entrance: Entrance
  let gates: [Gate]
  let models: [FakeModel]

  init(
    count: Int = 2, supplies: [ResourceSupply]? = [], isCheap: Bool = false,
    isEventLoop: Bool = false, sharing gate: Gate? = nil
  ) throws {
    var settings = ServingSettings(coreCount: 4)
    settings.resources = supplies
    settings.proofRunTimeout = nil
    server = InferenceServer(settings: settings, loopCount: 1, observer: RecordingObserver())
    entrance = server.makeEntrance(isEventLoop: isEventLoop)
    let gates = (0..<count).map { _ in gate ?? Gate() }
    self.gates = gates
    models = gates.map { FakeModel(.gated($0), isCheap: isCheap) }
    for (place, model) in models.enumerated() {
      try server.load(Self.specification("m\(place)", model))
    }
  }

  static func specification(
    _ name: String, _ model: FakeModel, claim: Int = 1, isGlobal: Bool = true
  ) -> ModelSpecification {
    var specification = ModelSpecification(
      name: name, source: .file(path: "m.fake"), loader: FakeLoader { model })
    var group = InstanceGroup(count: 1)
    group.limit = RateLimitPolicy(
      claims: [ResourceClaim(name: "R", isGlobal: isGlobal, count: claim)])
    specification.scheduling.instances = [group]
    return specification
  }

  func submit(
    to place: Int, deadline: Instant = .distantFuture
  ) throws -> (sink: RecordingSink, handle: RequestHandle) {
    let sink = RecordingSink()
    let context = RequestContext(
      id: "r", caller: Caller(name: "a"), dialect: .embedded, arrival: MonotonicClock.now(),
      deadline: deadline)
    let tensor = Tensor([1] as [Float], datatype: .float32, shape: [1])
    let lease = try entrance.lease(ModelAddress(name: "m\(place)"))
    let request = InferenceRequest(context: context, body: .tensors(.init(inputs: [tensor])))
    return (sink, entrance.submit(request, to: lease, sink: sink))
  }

  func started(_ place: Int) -> Int {
    models[place].startedCount.load(ordering: .sequentiallyConsistent)
  }
}

@Suite(.timeLimit(.minutes(1))) struct LimitedRunsTests {
  @Test func `a run waits until its resources are free, and then runs`() throws {
    let house = try LimitedHouse()
    let first = try house.submit(to: 0).sink
    #expect(eventually { house.gates[0].waiting == 1 })
    let second = try house.submit(to: 1).sink
    house.gates[1].open()
    #expect(house.started(1) == 0, "it was handed to nobody")
    #expect(!second.isDone)
    house.gates[0].open()
    #expect(eventually { first.isDone && second.isDone })
  }

  @Test func `many requests of several models are all answered, one run at a time`() throws {
    let gate = Gate()
    gate.open()
    let house = try LimitedHouse(count: 3, sharing: gate)
    var sinks: [RecordingSink] = []
    for _ in 0..<40 { for place in 0..<3 { sinks.append(try house.submit(to: place).sink) } }
    #expect(eventually { sinks.allSatisfy(\.isDone) })
    #expect(sinks.allSatisfy { $0.ends.count == 1 })
    #expect(gate.most == 1)
  }

  @Test func `with rate limiting off, resources are left out of account`() throws {
    let house = try LimitedHouse(supplies: nil)
    defer { for gate in house.gates { gate.open() } }
    _ = try house.submit(to: 0)
    _ = try house.submit(to: 1)
    #expect(eventually { house.gates.allSatisfy { $0.waiting == 1 } })
  }

  @Test func `as much as the operator says may run at once`() throws {
    let house = try LimitedHouse(count: 3, supplies: [ResourceSupply(name: "R", count: 2)])
    defer { for gate in house.gates { gate.open() } }
    for place in 0..<3 { _ = try house.submit(to: place) }
    #expect(eventually { house.gates[0].waiting == 1 && house.gates[1].waiting == 1 })
    #expect(house.started(2) == 0)
  }

  @Test func `a cancelled request gives up its turn and is never run`() throws {
    let house = try LimitedHouse(count: 3)
    let first = try house.submit(to: 0).sink
    #expect(eventually { house.gates[0].waiting == 1 })
    let (cancelled, handle) = try house.submit(to: 1)
    let third = try house.submit(to: 2).sink
    handle.cancel()
    #expect(eventually { cancelled.ends.count == 1 })
    #expect(cancelled.failure == .cancelled)
    for gate in house.gates { gate.open() }
    #expect(eventually { first.isDone && third.isDone })
    #expect(house.started(1) == 0)
    let again = try house.submit(to: 1).sink
    #expect(eventually { again.isDone })
  }

  @Test func `a request that is late while it waits for its turn is never run`() throws {
    let house = try LimitedHouse()
    let first = try house.submit(to: 0).sink
    #expect(eventually { house.gates[0].waiting == 1 })
    let deadline = MonotonicClock.now().advanced(by: .milliseconds(20))
    let late = try house.submit(to: 1, deadline: deadline).sink
    #expect(eventually { late.ends.count == 1 })
    guard case .deadlineExceeded = late.failure else {
      Issue.record("got \(String(describing: late.failure))")
      return
    }
    house.gates[0].open()
    #expect(eventually { first.isDone })
    #expect(house.started(1) == 0)
  }

  @Test func `a model that could never run does not load, and says why`() throws {
    let house = try LimitedHouse(supplies: [ResourceSupply(name: "R", count: 2)])
    let fault = #expect(throws: ServerFault.self) {
      try house.server.load(LimitedHouse.specification("x", FakeModel(), claim: 3))
    }
    #expect("\(try #require(fault))".contains("asks for 3 of the resource R"))
    let other = #expect(throws: ServerFault.self) {
      try house.server.load(LimitedHouse.specification("y", FakeModel(), isGlobal: false))
    }
    #expect("\(try #require(other))".contains("disagree about the resource R"))
  }

  @Test func `a model that left takes no resources with it`() throws {
    let house = try LimitedHouse()
    for gate in house.gates { gate.open() }
    let first = try house.submit(to: 0).sink
    #expect(eventually { first.isDone })
    house.server.unload(name: "m0")
    let second = try house.submit(to: 1).sink
    #expect(eventually { second.isDone })
  }

  @Test func `who waits for a turn is answered when the server ends`() throws {
    let house = try LimitedHouse()
    let first = try house.submit(to: 0).sink
    #expect(eventually { house.gates[0].waiting == 1 })
    let second = try house.submit(to: 1).sink
    house.server.shutDown()
    #expect(first.ends.count == 1)
    #expect(second.ends.count == 1)
  }

  @Test func `a graph claims nothing, so that its steps can run`() throws {
    let house = GraphHouse(resources: [])
    var group = InstanceGroup(count: 1)
    group.limit = RateLimitPolicy(claims: [ResourceClaim(name: "R", isGlobal: true, count: 1)])
    try house.load("a", .adding(1), in: [group])
    try house.load("b", .adding(2), in: [group])
    let steps: [GraphDescription.Step] = [.model("a", "IN", "t"), .model("b", "t", "OUT")]
    try house.load(graph: "g", .floats(steps), in: [group])
    #expect(try house.ask([1]) == [4])
  }

  @Test func `a cheap model that claims resources leaves the event loop`() throws {
    let house = try LimitedHouse(isCheap: true, isEventLoop: true)
    let first = try house.submit(to: 0).sink
    #expect(eventually { house.gates[0].waiting == 1 })
    #expect(!first.isDone)
    house.gates[0].open()
    #expect(eventually { first.isDone })
  }
}

@Suite struct InstancePlacementTests {
  @Test func `groups have their share where there are fewer instances than asked for`() {
    var first = InstanceGroup(count: 3)
    first.hostPolicy = "a"
    let second = InstanceGroup(count: 2, kind: .cpu)
    let names = { InstancePlacement.all(of: [first, second], count: $0).map(\.hostPolicy) }
    #expect(names(2) == ["a", "cpu"])
    #expect(names(5) == ["a", "cpu", "a", "cpu", "a"])
    #expect(names(6) == ["a", "cpu", "a", "cpu", "a", "a"])
  }

  @Test func `instances of a GPU group are on its devices`() {
    let group = InstanceGroup(count: 2, kind: .gpu([1, 3]))
    let placements = InstancePlacement.all(of: [group], count: 4)
    #expect(placements.map(\.device) == [1, 1, 3, 3])
    #expect(placements.map(\.hostPolicy) == ["gpu_1", "gpu_1", "gpu_3", "gpu_3"])
  }

  @Test func `a model without groups runs on the processor and claims nothing`() {
    #expect(InstancePlacement.all(of: [], count: 2) == [InstancePlacement(), InstancePlacement()])
  }
}
