import Batching
import Inference
import Serving
import Synchronization
import TestSupport
import Testing

/// A server with one model, and requests to it.
struct OneModelHouse {
  let server: InferenceServer
  let entrance: Entrance
  let observer = RecordingObserver()

  init(
    _ model: any LoadedModel, instances: Int = 1, waitingMax: Int = 8, isEventLoop: Bool = false,
    change: (inout ServingSettings) -> Void = { _ in }
  ) throws {
    var settings = ServingSettings(coreCount: 2)
    change(&settings)
    server = InferenceServer(settings: settings, loopCount: 1, observer: observer)
    entrance = server.makeEntrance(isEventLoop: isEventLoop)
    var specification = ModelSpecification(
      name: "m", source: .file(path: "m.fake"), loader: FakeLoader { model })
    specification.instanceCount = instances
    specification.waitingRequestsMax = waitingMax
    try server.load(specification)
  }

  func submit(
    _ values: [Float] = [1], caller: String = "a", deadline: Instant = .distantFuture,
    sink: RecordingSink = RecordingSink()
  ) throws -> (sink: RecordingSink, handle: RequestHandle) {
    let context = RequestContext(
      id: "r", caller: Caller(name: caller), dialect: .embedded, arrival: MonotonicClock.now(),
      deadline: deadline)
    let tensor = Tensor(values, datatype: .float32, shape: TensorShape([values.count]) ?? [])
    let lease = try entrance.lease(ModelAddress(name: "m"))
    let request = InferenceRequest(context: context, body: .tensors(.init(inputs: [tensor])))
    return (sink, entrance.submit(request, to: lease, sink: sink))
  }
}

@Suite(.timeLimit(.minutes(1))) struct InferenceServerTests {
  @Test func `a request gets one part and one end`() throws {
    let house = try OneModelHouse(FakeModel())
    let sink = try house.submit([1, 2, 3]).sink
    #expect(eventually { sink.ends.count == 1 })
    #expect(sink.isDone)
    #expect(sink.parts.count == 1)
    #expect(sink.parts[0].outputs[0].name == "OUTPUT0")
    #expect(sink.parts[0].outputs[0].tensor.elements(as: Float.self) == [1, 2, 3])
    #expect(sink.ends[0].served.version == 1)
  }

  @Test func `a cheap model answers before submit returns`() throws {
    let house = try OneModelHouse(FakeModel(isCheap: true), isEventLoop: true)
    let sink = try house.submit().sink
    #expect(sink.isDone)
  }

  @Test func `a cheap model runs on its thread where the caller is no event loop`() throws {
    let house = try OneModelHouse(FakeModel(isCheap: true), isEventLoop: false)
    let sink = try house.submit().sink
    #expect(eventually { sink.isDone })
  }

  @Test func `a full queue refuses and says when to retry`() throws {
    let gate = Gate()
    let model = FakeModel(.gated(gate))
    let house = try OneModelHouse(model, waitingMax: 2)
    defer { gate.open() }
    let running = try house.submit().sink
    #expect(eventually { gate.waiting == 1 })
    let waiting = [try house.submit().sink, try house.submit().sink]
    let refused = try house.submit().sink
    guard case .overloaded(.waitingRequests(2), let retryAfter) = refused.failure else {
      Issue.record("got \(String(describing: refused.failure))")
      return
    }
    #expect(retryAfter >= .seconds(1))
    gate.open()
    #expect(eventually { running.isDone && waiting.allSatisfy(\.isDone) })
  }

  @Test func `a flooding caller is pushed out by one that holds less`() throws {
    let gate = Gate()
    let house = try OneModelHouse(FakeModel(.gated(gate)), waitingMax: 3)
    defer { gate.open() }
    _ = try house.submit(caller: "flood")
    #expect(eventually { gate.waiting == 1 })
    let flood = try (0..<3).map { _ in try house.submit(caller: "flood").sink }
    let light = try house.submit(caller: "light").sink
    #expect(light.ends.isEmpty)
    #expect(flood.map(\.ends.count) == [0, 0, 1])
  }

  @Test func `a request whose client left costs no run`() throws {
    let gate = Gate()
    let model = FakeModel(.gated(gate))
    let house = try OneModelHouse(model)
    _ = try house.submit()
    #expect(eventually { gate.waiting == 1 })
    let (sink, handle) = try house.submit()
    handle.cancel()
    handle.cancel()
    #expect(sink.failure == .cancelled)
    gate.open()
    let last = try house.submit().sink
    #expect(eventually { last.isDone })
    #expect(model.startedCount.load(ordering: .relaxed) == 2)
    #expect(sink.ends.count == 1)
  }

  @Test func `a request that is cancelled while it runs ends at once and only once`() throws {
    let gate = Gate()
    let house = try OneModelHouse(FakeModel(.gated(gate)))
    let (sink, handle) = try house.submit()
    #expect(eventually { gate.waiting == 1 })
    handle.cancel()
    #expect(sink.failure == .cancelled)
    gate.open()
    let next = try house.submit().sink
    #expect(eventually { next.isDone })
    #expect(sink.ends.count == 1)
    #expect(sink.parts.isEmpty)
  }

  @Test func `a deadline that passes in the queue is answered without a run`() throws {
    let gate = Gate()
    let model = FakeModel(.gated(gate))
    let house = try OneModelHouse(model)
    defer { gate.open() }
    _ = try house.submit()
    #expect(eventually { gate.waiting == 1 })
    let deadline = MonotonicClock.now().advanced(by: .milliseconds(20))
    let late = try house.submit(deadline: deadline).sink
    #expect(eventually { late.ends.count == 1 })
    guard case .deadlineExceeded = late.failure else {
      Issue.record("got \(String(describing: late.failure))")
      return
    }
    #expect(model.startedCount.load(ordering: .relaxed) == 1)
  }

  @Test func `two instances run two requests at once`() throws {
    let gate = Gate()
    let house = try OneModelHouse(FakeModel(.gated(gate)), instances: 2)
    let sinks = try (0..<2).map { _ in try house.submit().sink }
    #expect(eventually { gate.waiting == 2 })
    gate.open()
    #expect(eventually { sinks.allSatisfy(\.isDone) })
  }

  @Test func `a failing run fails its request and the next goes on`() throws {
    let fault = RuntimeFault(code: .failed, message: "no")
    let house = try OneModelHouse(FakeModel(.failing(fault)))
    for _ in 0..<3 {
      let sink = try house.submit().sink
      #expect(eventually { sink.failure == .runtimeFailed(fault) })
    }
  }

  @Test func `a client that takes nothing is cut off after so many parts`() throws {
    let house = try OneModelHouse(FakeModel(.repeating(200)))
    let sink = try house.submit(sink: RecordingSink(demand: .wait)).sink
    #expect(eventually { sink.ends.count == 1 })
    #expect(
      sink.failure
        == .clientTooSlow(
          .taking(
            heldPartsMax: ServingSettings.heldPartsMax, heldBytesMax: ServingSettings.heldBytesMax))
    )
    #expect(sink.parts.count < 100)
    let taking = try house.submit().sink
    #expect(eventually { taking.isDone })
    #expect(taking.parts.count == 200)
  }

  @Test func `too many waiting bytes are refused`() throws {
    let gate = Gate()
    let house = try OneModelHouse(FakeModel(.gated(gate))) { $0.waitingBytesMax = 100 }
    defer { gate.open() }
    _ = try house.submit([Float](repeating: 0, count: 20))
    let second = try house.submit([Float](repeating: 0, count: 20)).sink
    guard case .overloaded(.waitingBytes(100), _) = second.failure else {
      Issue.record("got \(String(describing: second.failure))")
      return
    }
  }

  @Test(
    arguments: [
      ("x", .any, ModelAddress(name: "x"), ["m"]),
      ("x", .number(7), ModelAddress(name: "x"), ["m"]),
      ("m", .number(7), ModelAddress(name: "m", version: .number(7)), ["1"]),
      ("m", .alias("live"), ModelAddress(name: "m", version: .alias("live")), ["stable"]),
    ] as [(String, ModelAddress.Version, ModelAddress, [String])])
  func `an unknown name, version or alias is told with those that there are`(
    _ name: String, _ version: ModelAddress.Version, _ told: ModelAddress, _ known: [String]
  ) throws {
    let house = try OneModelHouse(FakeModel())
    try house.server.setAliases(["stable": 1], of: "m")
    #expect(throws: InferenceFailure.modelNotFound(told, known: known)) {
      try house.entrance.lease(ModelAddress(name: name, version: version))
    }
  }

  @Test(arguments: [(.off, 1, 0), (.fixed, 8, 2_000_000)] as [(BatchingPolicy.Mode, Int, UInt64)])
  func `a status says how many rows run together, and how long they wait`(
    _ mode: BatchingPolicy.Mode, _ rows: Int, _ delay: UInt64
  ) throws {
    let server = InferenceServer(
      settings: ServingSettings(coreCount: 1), loopCount: 1, observer: RecordingObserver())
    var specification = ModelSpecification(
      name: "m", source: .file(path: "m.fake"), loader: FakeLoader { FakeModel() })
    specification.scheduling.batching = BatchingPolicy(mode: mode, rowsMax: 8)
    specification.scheduling.batching.delayNanosecondsMax = 2_000_000
    try server.load(specification)
    defer { server.shutDown() }
    let status = try #require(server.statuses.first)
    #expect(status.runRowsMax == rows && status.runDelayNanoseconds == delay)
  }

  @Test func `generation is refused where no model generates`() throws {
    let house = try OneModelHouse(FakeModel())
    let context = RequestContext(
      id: "r", caller: .embedded, dialect: .embedded, arrival: MonotonicClock.now())
    let body = GenerationRequest(prompt: "hi", sampling: .init(temperature: 0, tokensMax: 1))
    let sink = RecordingSink()
    _ = house.entrance.submit(
      InferenceRequest(context: context, body: .generation(body)),
      to: try house.entrance.lease(ModelAddress(name: "m")), sink: sink)
    #expect(sink.failure == .unsupported(.generation))
  }
}
