import Batching
import Inference
import Synchronization
import TestSupport
import Testing

@testable import Serving

/// A server whose models keep their answers, unless told otherwise.
private struct KeepingHouse {
  let server: InferenceServer
  let entrance: Entrance
  let observer = RecordingObserver()

  init(byteCountMax: Int = 1 << 20, isEventLoop: Bool = false) {
    var settings = ServingSettings(coreCount: 2)
    settings.proofRunTimeout = nil
    settings.responseCacheBytesMax = byteCountMax
    server = InferenceServer(settings: settings, loopCount: 1, observer: observer)
    entrance = server.makeEntrance(isEventLoop: isEventLoop)
  }

  func load(
    _ model: any LoadedModel, version: Int64 = 1,
    _ change: (inout SchedulingPolicy) -> Void = { _ in }
  ) throws {
    var specification = ModelSpecification(
      name: "m", version: version, source: .file(path: "m"), loader: FakeLoader { model })
    specification.instanceCount = 1
    specification.scheduling.keepsAnswers = true
    change(&specification.scheduling)
    try server.load(specification)
  }

  /// Asks and waits for the end.
  func ask(
    _ tensors: TensorRequest, version: Int64? = nil,
    _ change: (inout RequestContext) -> Void = { _ in }
  ) throws -> RecordingSink {
    var context = RequestContext(
      id: "r", caller: Caller(name: "a"), dialect: .embedded, arrival: MonotonicClock.now())
    change(&context)
    let sink = RecordingSink()
    let address = ModelAddress(name: "m", version: version.map { .number($0) } ?? .any)
    _ = entrance.submit(
      InferenceRequest(context: context, body: .tensors(tensors)),
      to: try entrance.lease(address), sink: sink)
    #expect(eventually { sink.ends.count == 1 })
    return sink
  }

  func ask(_ values: [Float]) throws -> RecordingSink { try ask(request(values)) }

  var figures: ResponseCacheFigures { server.responseCacheFigures }
}

private func request(_ values: [Float], shape: TensorShape? = nil) -> TensorRequest {
  TensorRequest(inputs: [
    Tensor(values, datatype: .float32, shape: shape ?? TensorShape([values.count]) ?? [])
  ])
}

extension RecordingSink {
  fileprivate var use: CacheUse? { ends.first?.served.cacheUse }
  fileprivate var storage: TensorStorage? { parts.first?.outputs.first?.tensor.storage }
}

extension FakeModel {
  fileprivate var runCount: Int { startedCount.load(ordering: .sequentiallyConsistent) }
}

private final class Tally: Sendable {
  let ended = Atomic(0)
  let wrong = Atomic(0)
}

@Suite(.timeLimit(.minutes(1))) struct ResponseCacheTests {
  @Test(arguments: [false, true])
  func `an equal request gets the same memory and no run`(_ isEventLoop: Bool) throws {
    let model = FakeModel(isCheap: isEventLoop)
    let house = KeepingHouse(isEventLoop: isEventLoop)
    try house.load(model)
    let first = try house.ask([1, 2, 3])
    let second = try house.ask([1, 2, 3])
    #expect(first.use == .miss && second.use == .hit && second.isDone)
    #expect(second.parts.count == 1 && second.storage === first.storage)
    #expect(second.parts[0].outputs[0].name == "OUTPUT0")
    #expect(model.runCount == 1)
    let served = try #require(second.ends.first?.served)
    #expect(served.version == 1 && served.started == .never && served.computed != .never)
    #expect(house.figures.entryCount == 1)
    #expect(house.figures.byteCount == 24 + ResponseCache.entryOverheadBytes)
  }

  @Test func `a hit needs no place in the queue`() throws {
    let gate = Gate()
    let model = RowModel(gate: gate, heldValue: 0)
    let house = KeepingHouse()
    try house.load(model)
    _ = try house.ask(request([5], shape: [1, 1]))
    let blocked = RecordingSink()
    let context = RequestContext(
      id: "r", caller: .embedded, dialect: .embedded, arrival: MonotonicClock.now())
    _ = house.entrance.submit(
      InferenceRequest(context: context, body: .tensors(request([0], shape: [1, 1]))),
      to: try house.entrance.lease(ModelAddress(name: "m")), sink: blocked)
    #expect(eventually { gate.waiting == 1 })
    #expect(try house.ask(request([5], shape: [1, 1])).use == .hit)
    gate.open()
    #expect(eventually { blocked.isDone })
  }

  @Test func `whatever an answer depends on makes another request`() throws {
    let model = FakeModel()
    let house = KeepingHouse()
    try house.load(model)
    var asked = [
      request([0, 1]), request([-0.0, 1]), request([1, 0]), request([0, 1, 0]),
      request([0, 1], shape: [2, 1]), request([]), TensorRequest(inputs: [nil]),
      TensorRequest(inputs: [Tensor([0, 1] as [Int32], datatype: .int32, shape: [2])]),
    ]
    asked.append(TensorRequest(inputs: asked[0].inputs, outputs: [0]))
    let values: [ParameterValue] = [
      .number(0), .number(-0.0), .integer(0), .bool(false), .string("0"),
    ]
    for value in values {
      asked.append(
        TensorRequest(inputs: asked[0].inputs, parameters: [Parameter(name: "a", value: value)]))
    }
    // One key may be shared, and a question then replaces another: each is asked again at once.
    for request in asked {
      #expect(try house.ask(request).use == .miss)
      #expect(try house.ask(request).use == .hit)
    }
    #expect(model.runCount == asked.count)
  }

  @Test func `a version loaded anew knows nothing of the one before, nor do others`() throws {
    let house = KeepingHouse()
    let models = (0..<3).map { _ in FakeModel() }
    try house.load(models[0])
    _ = try house.ask([1])
    try house.load(models[1], version: 2)
    #expect(try house.ask(request([1]), version: 2).use == .miss)
    #expect(try house.ask(request([1]), version: 1).use == .hit)
    try house.load(models[2])
    #expect(try house.ask(request([1]), version: 1).use == .miss)
    #expect(models.map(\.runCount) == [1, 1, 1])
  }

  @Test func `what was kept goes with its version`() throws {
    let house = KeepingHouse()
    try house.load(FakeModel())
    try house.load(FakeModel(), version: 2)
    for value in 0..<1_500 {
      _ = try house.ask(request([Float(value)]), version: value < 500 ? 2 : 1)
    }
    #expect(house.figures.entryCount > 500)
    house.server.unload(name: "m", version: 1)
    #expect(house.figures.entryCount == 500 - house.figures.evictedCount)
    house.server.unload(name: "m")
    #expect(house.figures.entryCount == 0 && house.figures.byteCount == 0)
  }

  @Test func `failures and answers of several parts are not kept`() throws {
    let fault = RuntimeFault(code: .failed, message: "no")
    let behaviours: [(FakeModel.Behaviour, CacheUse)] = [
      (.failing(fault), .miss), (.repeating(2), .none),
    ]
    for (behaviour, use) in behaviours {
      let model = FakeModel(behaviour)
      let house = KeepingHouse()
      try house.load(model)
      for _ in 0..<2 { #expect(try house.ask([1]).use == use) }
      #expect(model.runCount == 2 && house.figures.entryCount == 0)
    }
  }

  @Test func `a row that failed alone is not kept`() throws {
    let house = KeepingHouse()
    try house.load(RowModel())
    for _ in 0..<2 {
      #expect(try house.ask(request([-2, 1], shape: [2, 1])).use == .miss)
    }
    #expect(house.figures.entryCount == 0)
  }

  @Test func `old answers make room, and large requests are not looked up`() throws {
    let model = FakeModel()
    let house = KeepingHouse(byteCountMax: 32 << 10)
    try house.load(model)
    for value in 0..<100 { _ = try house.ask([Float(value)]) }
    let figures = house.figures
    #expect(figures.byteCount <= 32 << 10 && figures.evictedCount == 100 - figures.entryCount)
    #expect(try house.ask([99]).use == .hit)
    #expect(try house.ask([0]).use == .miss)
    let large = [Float](repeating: 1, count: 257)
    #expect(try house.ask(large).use == CacheUse.none)
    #expect(house.figures.skippedCount == 1)
    // Its inputs are within the bound of 2 KiB, and with its outputs it is above.
    for _ in 0..<2 { #expect(try house.ask([Float](repeating: 1, count: 200)).use == .miss) }
  }

  @Test func `a kept answer does not hold the rest of its batch`() throws {
    let gate = Gate()
    let model = RowModel(gate: gate)
    let house = KeepingHouse()
    try house.load(model) { $0.batching = BatchingPolicy(mode: .fixed, rowsMax: 8) }
    let lease = try house.entrance.lease(ModelAddress(name: "m"))
    let sinks = (0..<4).map { value in
      let sink = RecordingSink()
      let context = RequestContext(
        id: "r", caller: .embedded, dialect: .embedded, arrival: MonotonicClock.now())
      _ = house.entrance.submit(
        InferenceRequest(
          context: context, body: .tensors(request([Float(value)], shape: [1, 1]))),
        to: lease, sink: sink)
      return sink
    }
    gate.open()
    #expect(eventually { sinks.allSatisfy(\.isDone) })
    #expect(model.runs.count < 4)
    for value in 0..<4 {
      let hit = try house.ask(request([Float(value)], shape: [1, 1]))
      #expect(hit.use == .hit && hit.storage?.byteCount == 4)
      #expect(hit.parts[0].outputs[0].tensor.elements(as: Float.self) == [Float(value) * 2])
    }
  }

  @Test func `memory that may change, and sequences, are left alone`() throws {
    let house = KeepingHouse()
    try house.load(FakeModel())
    let bytes = UnsafeMutableRawPointer.allocate(byteCount: 4, alignment: 64)
    bytes.storeBytes(of: 1, as: Float.self)
    let shared = TensorStorage(
      base: bytes, byteCount: 4, location: .sharedMemory(region: "r")
    ) { $0.deallocate() }
    let tensor = Tensor(datatype: .float32, shape: [1], storage: shared)
    var placed = request([1])
    placed.outputMemory = PooledMemory()
    for _ in 0..<2 {
      #expect(try house.ask(TensorRequest(inputs: [tensor])).use == CacheUse.none)
      #expect(try house.ask(placed).use == CacheUse.none)
      let sequence = SequenceMark(id: .number(1), isStart: true, isEnd: false)
      #expect(try house.ask(request([1])) { $0.sequence = sequence }.use == CacheUse.none)
    }
    #expect(house.figures.entryCount == 0 && house.figures.skippedCount == 6)
  }

  @Test func `models with state, of several answers or with sequences keep none`() throws {
    let changes: [@Sendable (inout ModelCapabilities) -> Void] = [
      { $0.isStateful = true }, { $0.isDecoupled = true },
    ]
    for change in changes {
      let house = KeepingHouse()
      try house.load(RowModel(change: change))
      for _ in 0..<2 {
        #expect(try house.ask(request([1], shape: [1, 1])).use == CacheUse.none)
      }
      #expect(house.server.statuses.first?.keepsAnswers == false)
    }
  }

  @Test func `nothing is kept where nobody asked for it, or the cache has no room at all`() throws {
    let house = KeepingHouse()
    try house.load(FakeModel()) { $0.keepsAnswers = false }
    let empty = KeepingHouse(byteCountMax: 0)
    try empty.load(FakeModel())
    for house in [house, empty] {
      for _ in 0..<2 { #expect(try house.ask([1]).use == CacheUse.none) }
    }
  }

  @Test func `many threads get their own answers while others are given up and unloaded`() throws {
    let house = KeepingHouse(byteCountMax: 32 << 10)
    try house.load(RowModel())
    let tally = Tally()
    for thread in 0..<4 {
      Thread.start {
        for step in 0..<300 {
          let value = Float((step * (thread * 2 + 1)) % 40)
          let sink = try? house.ask(request([value], shape: [1, 1]))
          let answer = sink?.parts.first?.outputs[0].tensor.elements(as: Float.self)
          if answer != [value * 2] { tally.wrong.add(1, ordering: .relaxed) }
        }
        tally.ended.add(1, ordering: .relaxed)
      }
    }
    for _ in 0..<5 { try house.load(RowModel()) }
    #expect(eventually { tally.ended.load(ordering: .relaxed) == 4 })
    #expect(tally.wrong.load(ordering: .relaxed) == 0)
    house.server.unload(name: "m")
    #expect(house.figures.entryCount == 0)
  }

  @Test func `a server that drains refuses what it knows, too`() throws {
    let house = KeepingHouse()
    try house.load(FakeModel())
    _ = try house.ask([1])
    #expect(house.server.drain(until: MonotonicClock.now().advanced(by: .seconds(5))))
    #expect(try house.ask([1]).failure == .draining)
  }
}
