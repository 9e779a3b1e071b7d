import Inference
import Serving
import Synchronization
import TestSupport
import Testing

/// A server, and loads whose outcome the test decides.
private struct ManyModelsHouse {
  let server: InferenceServer
  let entrance: Entrance
  let observer = RecordingObserver()

  init(change: (inout ServingSettings) -> Void = { _ in }) {
    var settings = ServingSettings(coreCount: 2)
    change(&settings)
    server = InferenceServer(settings: settings, loopCount: 1, observer: observer)
    entrance = server.makeEntrance(isEventLoop: false)
  }

  func specification(
    _ name: String, version: Int64 = 1, _ model: FakeModel = FakeModel()
  ) -> ModelSpecification {
    ModelSpecification(
      name: name, version: version, source: .file(path: name), loader: FakeLoader { model })
  }

  func ask(_ lease: ModelLease) -> RecordingSink {
    let sink = RecordingSink()
    let context = RequestContext(
      id: "r", caller: .embedded, dialect: .embedded, arrival: MonotonicClock.now())
    let tensor = Tensor([Float(1)], datatype: .float32, shape: [1])
    _ = entrance.submit(
      InferenceRequest(context: context, body: .tensors(.init(inputs: [tensor]))), to: lease,
      sink: sink)
    return sink
  }

  func version(of name: String, _ version: ModelAddress.Version = .any) -> Int64? {
    try? entrance.lease(ModelAddress(name: name, version: version)).version
  }

  func state(of name: String) -> ModelState? { server.statuses(named: name).last?.state }
}

private let broken = FakeLoader { () throws(RuntimeFault) in
  throw RuntimeFault(code: .invalidModel, message: "cut off")
}

@Suite(.timeLimit(.minutes(1))) struct RolloutTests {
  @Test func `several versions answer at once and the latest by default`() throws {
    let house = ManyModelsHouse()
    for version in [1, 3, 2] as [Int64] {
      try house.server.load(house.specification("m", version: version))
    }
    #expect(house.version(of: "m") == 3)
    #expect(house.version(of: "m", .number(1)) == 1)
    house.server.unload(name: "m", version: 3)
    #expect(house.version(of: "m") == 2)
    #expect(throws: InferenceFailure.self) {
      try house.entrance.lease(ModelAddress(name: "m", version: .number(3)))
    }
  }

  @Test func `an alias leads to its version and can be moved and taken away`() throws {
    let house = ManyModelsHouse()
    var first = house.specification("m", version: 1)
    first.aliases = ["stable"]
    try house.server.load(first)
    try house.server.load(house.specification("m", version: 2))
    #expect(house.version(of: "m", .alias("stable")) == 1)
    #expect(house.server.statuses.map(\.aliases) == [["stable"], []])
    try house.server.setAliases(["stable": 2, "canary": 1], of: "m")
    #expect(house.version(of: "m", .alias("stable")) == 2)
    #expect(house.version(of: "m", .alias("canary")) == 1)
    try house.server.setAliases(["canary": nil], of: "m")
    #expect(house.version(of: "m", .alias("canary")) == nil)
    #expect(throws: InferenceFailure.self) { try house.server.setAliases(["x": 1], of: "no") }
  }

  @Test func `the alias default names the version that answers where none is named`() throws {
    let house = ManyModelsHouse()
    try house.server.load(house.specification("m", version: 1))
    try house.server.load(house.specification("m", version: 2))
    #expect(house.version(of: "m") == 2)
    try house.server.setAliases(["default": 1], of: "m")
    #expect(house.version(of: "m") == 1)
    #expect(house.version(of: "m", .number(2)) == 2)
    // Where that version has gone, the rest answers.
    house.server.unload(name: "m", version: 1)
    #expect(house.version(of: "m") == 2)
  }

  @Test func `what is loaded anew takes over when it answers, and not a moment before`() throws {
    let house = ManyModelsHouse()
    let (old, new) = (FakeModel(), FakeModel())
    try house.server.load(house.specification("m", old))
    let gate = Guarded(false)
    var next = house.specification("m")
    next.loader = FakeLoader {
      _ = eventually { gate.withLock { $0 } }
      return new
    }
    let ended = Guarded<[ServerFault]?>(nil)
    house.server.load([next]) { faults in ended.withLock { $0 = faults } }
    let sink = house.ask(try house.entrance.lease(ModelAddress(name: "m")))
    #expect(eventually { sink.isDone })
    #expect(old.startedCount.load(ordering: .relaxed) == 1)
    gate.withLock { $0 = true }
    #expect(eventually { ended.withLock { $0 } == [] })
    let later = house.ask(try house.entrance.lease(ModelAddress(name: "m")))
    #expect(eventually { later.isDone })
    #expect(new.startedCount.load(ordering: .relaxed) == 1)
  }

  @Test func `where the new one fails the old one stays and the reason is seen`() throws {
    let house = ManyModelsHouse()
    try house.server.load(house.specification("m"))
    var bad = house.specification("m")
    bad.loader = broken
    #expect(throws: ServerFault.self) { try house.server.load(bad) }
    #expect(house.state(of: "m") == .ready)
    #expect(house.server.statuses[0].problem?.contains("cut off") == true)
    #expect(house.server.isReady)
    let sink = house.ask(try house.entrance.lease(ModelAddress(name: "m")))
    #expect(eventually { sink.isDone })
    try house.server.load(house.specification("m"))
    #expect(house.server.statuses[0].problem == nil)
  }

  @Test func `a broken new version leaves the one that it would replace`() throws {
    let house = ManyModelsHouse()
    try house.server.load(house.specification("m", version: 1))
    var bad = house.specification("m", version: 2)
    bad.loader = broken
    let ended = Guarded<[ServerFault]?>(nil)
    house.server.load([bad], replacing: "m") { faults in ended.withLock { $0 = faults } }
    #expect(eventually { ended.withLock { $0?.count } == 1 })
    #expect(house.version(of: "m") == 1)
    #expect(house.server.isReady)
    house.server.load([house.specification("m", version: 3)], replacing: "m") { _ in }
    #expect(eventually { house.server.statuses.map(\.version) == [3] })
    #expect(house.version(of: "m") == 3)
  }

  @Test func `no request is lost while versions come and go`() throws {
    let house = ManyModelsHouse()
    try house.server.load(house.specification("m"))
    let isOver = Guarded(false)
    let lost = Guarded(0)
    let asked = Guarded(0)
    let ended = Guarded(0)
    for _ in 0..<2 {
      Thread.start {
        while !isOver.withLock({ $0 }) {
          guard let lease = try? house.entrance.lease(ModelAddress(name: "m")) else {
            lost.withLock { $0 += 1 }
            continue
          }
          asked.withLock { $0 += 1 }
          let sink = house.ask(lease)
          if !eventually({ sink.isDone }) { lost.withLock { $0 += 1 } }
        }
        ended.withLock { $0 += 1 }
      }
    }
    for _ in 0..<100 { try house.server.load(house.specification("m")) }
    isOver.withLock { $0 = true }
    #expect(eventually { ended.withLock { $0 } == 2 })
    #expect(lost.withLock { $0 } == 0)
    #expect(asked.withLock { $0 } > 0)
  }

  @Test func `unloading what is still loading ends its load with a reason`() throws {
    let house = ManyModelsHouse()
    let gate = Guarded(false)
    var slow = house.specification("m")
    slow.loader = FakeLoader {
      _ = eventually { gate.withLock { $0 } }
      return FakeModel()
    }
    let ended = Guarded<[ServerFault]?>(nil)
    house.server.load([slow]) { faults in ended.withLock { $0 = faults } }
    #expect(eventually { house.state(of: "m") == .loading })
    house.server.unload(name: "m")
    #expect(ended.withLock { $0?.count } == 1)
    gate.withLock { $0 = true }
    try house.server.load(house.specification("n"))
    #expect(house.server.statuses.map(\.name) == ["n"])
  }
}

@Suite(.timeLimit(.minutes(1))) struct ProofTests {
  private func house(graceSeconds: Int = 5) -> ManyModelsHouse {
    ManyModelsHouse {
      $0.proofRunTimeout = .milliseconds(200)
      $0.stopGraceSeconds = graceSeconds
    }
  }

  @Test func `a version is asked once before it is ready`() throws {
    let house = house()
    let model = FakeModel()
    try house.server.load(house.specification("m", model))
    #expect(model.startedCount.load(ordering: .relaxed) == 1)
  }

  @Test(arguments: [RuntimeFault.Code.invalidArgument, .failed])
  func `a version that refuses zeros is ready`(code: RuntimeFault.Code) throws {
    let house = house()
    try house.server.load(
      house.specification("m", FakeModel(.failing(RuntimeFault(code: code, message: "no")))))
    #expect(house.server.isReady)
  }

  @Test func `one without memory for a run is not`() throws {
    let house = house()
    let fault = RuntimeFault(code: .outOfMemory, message: "no")
    #expect(throws: ServerFault.self) {
      try house.server.load(house.specification("m", FakeModel(.failing(fault))))
    }
  }

  @Test func `one whose first run hangs is told to stop, and fails`() throws {
    let house = house()
    #expect(throws: ServerFault.self) {
      try house.server.load(house.specification("m", FakeModel(.gated(Gate()))))
    }
    #expect(house.server.abandonedThreadCount == 0)
    #expect(house.server.unreadiness?.contains("first run") == true)
  }

  @Test func `one that does not stop costs its thread and nothing else`() throws {
    let house = house(graceSeconds: 0)
    let gate = Gate()
    defer { gate.open() }
    try house.server.load(house.specification("good"))
    #expect(throws: ServerFault.self) {
      try house.server.load(house.specification("m", FakeModel(.stuck(gate))))
    }
    #expect(house.server.abandonedThreadCount == 1)
    #expect(house.state(of: "good") == .ready)
  }

  @Test func `warm-up requests run before anybody else's, and must succeed`() throws {
    let house = ManyModelsHouse()
    let model = FakeModel()
    var warm = house.specification("m", model)
    let input = WarmUp.Input(name: "INPUT0", datatype: .float32, dimensions: [3], content: .random)
    warm.warmUps = [WarmUp(name: "w", count: 4, inputs: [input])]
    try house.server.load(warm)
    #expect(model.startedCount.load(ordering: .relaxed) == 4)
    for content in [WarmUp.Content.file(path: "/no/such/file")] {
      warm.warmUps = [
        WarmUp(
          name: "w",
          inputs: [.init(name: "INPUT0", datatype: .float32, dimensions: [3], content: content)])
      ]
      #expect(throws: ServerFault.self) { try house.server.load(warm) }
    }
    warm.warmUps = [
      WarmUp(
        name: "w",
        inputs: [.init(name: "OTHER", datatype: .float32, dimensions: [3], content: .zero)])
    ]
    #expect(throws: ServerFault.self) { try house.server.load(warm) }
  }
}

@Suite(.timeLimit(.minutes(1))) struct OnDemandTests {
  private func house(bytesMax: Int? = nil) -> ManyModelsHouse {
    ManyModelsHouse { $0.modelBytesMax = bytesMax }
  }

  private func wait(
    _ house: ManyModelsHouse, _ name: String, until deadline: Instant = .distantFuture
  ) -> Result<ModelLease, InferenceFailure>? {
    let found = Guarded<Result<ModelLease, InferenceFailure>?>(nil)
    do throws(InferenceFailure) {
      let lease = try house.entrance.lease(
        ModelAddress(name: name), waitingUntil: deadline
      ) { result in found.withLock { $0 = result } }
      if let lease { return .success(lease) }
    } catch {
      return .failure(error)
    }
    _ = eventually { found.withLock { $0 != nil } }
    return found.withLock { $0 }
  }

  @Test func `the first request loads the model and is answered by it`() throws {
    let house = house()
    house.server.load([house.specification("m")], isOnDemand: true) { _ in }
    #expect(eventually { house.state(of: "m") == .dormant })
    #expect(house.server.isReady)
    #expect(throws: InferenceFailure.modelNotReady(name: "m", state: .dormant)) {
      try house.entrance.lease(ModelAddress(name: "m"))
    }
    let lease = try #require(try wait(house, "m")?.get())
    let sink = house.ask(lease)
    #expect(eventually { sink.isDone })
    #expect(house.state(of: "m") == .ready)
  }

  @Test func `the least recently used makes room, and comes back when it is asked`() throws {
    let house = house(bytesMax: 2_500)
    house.server.load(
      ["a", "b", "c"].map { house.specification($0) }, isOnDemand: true
    ) { _ in }
    #expect(eventually { house.state(of: "c") == .dormant })
    for name in ["a", "b", "c", "a", "b", "c"] {
      let sink = house.ask(try #require(try wait(house, name)?.get()))
      #expect(eventually { sink.isDone })
      let awake = house.server.statuses.filter { $0.state == .ready }
      #expect(awake.count <= 2)
      #expect(awake.contains { $0.name == name })
    }
  }

  @Test func `a model in use is waited for until it lets go of its memory`() throws {
    let house = house(bytesMax: 1_500)
    house.server.load(
      ["a", "b"].map { house.specification($0) }, isOnDemand: true
    ) { _ in }
    #expect(eventually { house.state(of: "b") == .dormant })
    // The memory that a model takes is known once it was loaded.
    for name in ["a", "b"] { _ = wait(house, name) }
    #expect(eventually { house.server.statuses.count { $0.state == .ready } == 1 })
    var held: ModelLease? = try #require(try wait(house, "a")?.get())
    let late = wait(house, "b", until: MonotonicClock.now().advanced(by: .milliseconds(20)))
    #expect(throws: InferenceFailure.modelNotReady(name: "b", state: .loading)) {
      try late?.get()
    }
    let sink = held.map { house.ask($0) }
    #expect(eventually { sink?.isDone == true })
    held = nil
    let lease = try #require(try wait(house, "b")?.get())
    #expect(lease.name == "b")
  }

  @Test func `a model that cannot be loaded tells everybody who waited`() throws {
    let house = house()
    var bad = house.specification("m")
    bad.loader = broken
    house.server.load([bad], isOnDemand: true) { _ in }
    #expect(eventually { house.state(of: "m") == .dormant })
    guard case .failure(.modelNotReady("m", .failed(let reason)))? = wait(house, "m") else {
      Issue.record("it was not refused")
      return
    }
    #expect(reason.contains("cut off"))
  }

  @Test func `what is larger than all memory for models is refused with the figures`() throws {
    let house = house(bytesMax: 500)
    let model = house.specification("m")
    house.server.load([model], isOnDemand: true) { _ in }
    #expect(eventually { house.state(of: "m") == .dormant })
    // Its size is known after its first load, which takes it out again.
    _ = wait(house, "m")
    #expect(eventually { house.state(of: "m") == .dormant })
    guard case .failure(.modelNotReady(_, .failed(let reason)))? = wait(house, "m") else {
      Issue.record("it was not refused")
      return
    }
    #expect(reason.contains("1000 bytes"))
  }

  @Test func `a thousand models are asked by name at the cost of ten`() throws {
    let house = house()
    let specifications = (0..<1_000).map { house.specification("m\($0)", FakeModel()) }
    let ended = Guarded<[ServerFault]?>(nil)
    house.server.load(specifications) { faults in ended.withLock { $0 = faults } }
    // Beside all other tests and under the thread sanitizer a thousand threads take their time.
    #expect((0..<5).contains { _ in eventually { ended.withLock { $0 } == [] } })
    for place in [0, 10, 500, 999] {
      let lease = try house.entrance.lease(ModelAddress(name: "m\(place)"))
      #expect(lease.name == "m\(place)")
    }
    #expect(house.server.isReady)
  }
}
