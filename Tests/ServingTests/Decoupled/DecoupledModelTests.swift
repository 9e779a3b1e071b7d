import Batching
import Inference
import Synchronization
import TestSupport
import Testing

@testable import Serving

/// A server with one decoupled model, and requests to it.
private struct CountHouse {
  let server: InferenceServer
  let entrance: Entrance
  let model: CountModel

  init(
    _ model: CountModel = CountModel(),
    _ change: (inout ModelSpecification) -> Void = { _ in }
  ) throws {
    self.model = model
    server = InferenceServer(
      settings: ServingSettings(coreCount: 2), loopCount: 1, observer: RecordingObserver())
    entrance = server.makeEntrance(isEventLoop: true)
    var specification = ModelSpecification(
      name: "m", source: .file(path: "m"), loader: FakeLoader { model })
    specification.instanceCount = 1
    specification.scheduling.batching = BatchingPolicy(mode: .fixed, rowsMax: 8)
    change(&specification)
    try server.load(specification)
  }

  func ask(
    _ values: [Int32], deadline: Instant = .distantFuture,
    sink: StreamingSink = StreamingSink()
  ) throws -> (sink: StreamingSink, handle: RequestHandle) {
    let context = RequestContext(
      id: "r", caller: Caller(name: "a"), dialect: .embedded, arrival: MonotonicClock.now(),
      deadline: deadline)
    let tensor = Tensor(values, datatype: .int32, shape: [values.count, 1])
    let request = InferenceRequest(context: context, body: .tensors(.init(inputs: [tensor])))
    let lease = try entrance.lease(ModelAddress(name: "m"))
    sink.server.withLock { $0 = server }
    return (sink, entrance.submit(request, to: lease, sink: sink))
  }
}

@Suite(.timeLimit(.minutes(1))) struct DecoupledModelTests {
  @Test(arguments: [0, 1, 5] as [Int32])
  func `a request gets as many parts as the model gives, and one end`(count: Int32) throws {
    let sink = try CountHouse().ask([count]).sink
    #expect(eventually { sink.isOver })
    #expect(sink.values == Array(0..<count) && sink.failure == nil)
    #expect(sink.served?.isDecoupled == true && sink.served?.parts.count == Int(count))
  }

  @Test func `parts leave while the run goes on`() throws {
    let house = try CountHouse(CountModel(heldPart: 2))
    let sink = try house.ask([4]).sink
    #expect(eventually { house.model.gate.waiting == 1 })
    #expect(sink.values == [0, 1] && sink.endCount == 0)
    house.model.gate.open()
    #expect(eventually { sink.isOver })
    #expect(sink.values == [0, 1, 2, 3])
  }

  @Test func `rows that run together each get their own parts`() throws {
    let house = try CountHouse(CountModel(heldPart: 0))
    let first = try house.ask([1]).sink
    #expect(eventually { house.model.gate.waiting == 1 })
    let sinks = try [3, 0, 2, 103].map { try house.ask([$0]).sink }
    house.model.gate.open()
    #expect(eventually { first.isOver && sinks.allSatisfy(\.isOver) })
    #expect(house.model.runs == [1, 4])
    #expect(sinks.map(\.values) == [[0, 1, 2], [], [0, 1], [0, 1, 2]])
    #expect(sinks.map { $0.failure != nil } == [false, false, false, true])
  }

  @Test func `a request ends when its rows are done, though its run goes on`() throws {
    let house = try CountHouse(CountModel(heldPart: 2))
    // Held up, so that those that follow run together.
    let (_, first) = try house.ask([3])
    #expect(eventually { house.model.gate.waiting == 1 })
    let (short, pair, long) = (
      try house.ask([1]).sink, try house.ask([2, 1]).sink, try house.ask([3]).sink
    )
    first.cancel()
    #expect(eventually { short.isOver && pair.isOver })
    #expect(long.endCount == 0 && house.model.runs == [1, 4])
    #expect(short.values == [0] && pair.values == [0, 0, 1])
    house.model.gate.open()
    #expect(eventually { long.isOver })
    #expect(long.values == [0, 1, 2] && long.failure == nil)
    #expect(short.endCount == 1 && pair.endCount == 1)
  }

  @Test func `rows of one request are parts of its answer`() throws {
    let sink = try CountHouse().ask([2, 1]).sink
    #expect(eventually { sink.isOver })
    #expect(sink.values == [0, 0, 1])
  }

  @Test(arguments: [103, 203] as [Int32])
  func `a failure comes behind the parts that were good`(value: Int32) throws {
    let sink = try CountHouse().ask([value]).sink
    #expect(eventually { sink.isOver })
    #expect(sink.values == [0, 1, 2])
    #expect(sink.failure == .runtimeFailed(RuntimeFault(code: .failed, message: "row 0")))
  }

  @Test func `a run that failed after its first part is not tried again`() throws {
    let house = try CountHouse(CountModel(heldPart: 0))
    let first = try house.ask([1]).sink
    #expect(eventually { house.model.gate.waiting == 1 })
    let sinks = try [1, 201].map { try house.ask([$0]).sink }
    house.model.gate.open()
    #expect(eventually { first.isOver && sinks.allSatisfy(\.isOver) })
    #expect(house.model.runs == [1, 2])
    #expect(sinks.allSatisfy { $0.values == [0] })
    // The first was done before the run failed.
    #expect(sinks.map { $0.failure != nil } == [false, true])
  }

  @Test func `cancelling in the middle stops the run and what would follow`() throws {
    let house = try CountHouse(CountModel(heldPart: 2))
    let (sink, handle) = try house.ask([50])
    #expect(eventually { house.model.gate.waiting == 1 })
    handle.cancel()
    #expect(sink.failure == .cancelled && sink.values == [0, 1])
    // The run has seen its flag: the next one starts, though nobody opened the gate.
    let next = try house.ask([1]).sink
    #expect(eventually { next.isOver })
    #expect(sink.endCount == 1 && sink.partsAfterEnd == 0)
    #expect(house.model.partCount.load(ordering: .relaxed) == 3)
  }

  @Test func `a deadline in the middle ends the request`() throws {
    let house = try CountHouse(CountModel(heldPart: 1))
    let sink = try house.ask(
      [2], deadline: MonotonicClock.now().advanced(by: .milliseconds(50))
    ).sink
    #expect(eventually { sink.isOver })
    guard case .deadlineExceeded = sink.failure else {
      Issue.record("got \(String(describing: sink.failure))")
      return
    }
    #expect(sink.values == [0] && sink.partsAfterEnd == 0)
    house.model.gate.open()
    house.server.shutDown()
  }

  @Test func `a sink that waits is given the rest when it resumes`() throws {
    let (sink, handle) = try CountHouse().ask([30], sink: StreamingSink(waitsAfter: 3))
    #expect(eventually { sink.values.count == 3 })
    sink.allow(10)
    handle.resume()
    #expect(eventually { sink.values.count == 13 })
    #expect(sink.endCount == 0)
    sink.allow(.max / 2)
    handle.resume()
    #expect(eventually { sink.isOver })
    #expect(sink.values == Array(0..<30))
    #expect(sink.failure == nil)
  }

  @Test func `a model waits a moment for a client that catches up`() throws {
    let house = try CountHouse()
    let (sink, handle) = try house.ask([99], sink: StreamingSink(waitsAfter: 1))
    // One is with the sink, as many as may be are kept, and the model holds the next.
    let heldMax = ServingSettings.heldPartsMax + 2
    #expect(eventually { house.model.partCount.load(ordering: .relaxed) == heldMax })
    #expect(sink.values == [0])
    sink.allow(.max / 2)
    handle.resume()
    #expect(eventually { sink.isOver })
    #expect(sink.values == Array(0..<99) && sink.failure == nil)
  }

  @Test func `a client that takes nothing is too slow, and its model goes on`() throws {
    let house = try CountHouse()
    let sink = try house.ask([99], sink: StreamingSink(waitsAfter: 1)).sink
    let next = try house.ask([2]).sink
    #expect(eventually { sink.isOver && next.isOver })
    #expect(sink.failure == .clientTooSlow(PartStream.refusal))
    #expect(sink.values == [0] && sink.partsAfterEnd == 0)
    #expect(next.values == [0, 1])
  }

  @Test func `cancelling after the run lets go of what is kept`() throws {
    let house = try CountHouse()
    let (sink, handle) = try house.ask([5], sink: StreamingSink(waitsAfter: 1))
    let next = try house.ask([1]).sink
    #expect(eventually { next.isOver })
    #expect(sink.endCount == 0)
    handle.cancel()
    handle.resume()
    #expect(sink.failure == .cancelled && sink.values == [0] && sink.endCount == 1)
    // Statistics hear of the version and of what it did.
    #expect(sink.served?.version == 1 && sink.served?.rowCount == 1)
    #expect(sink.served?.computed != .never && sink.served?.parts.count == 5)
  }

  @Test func `no answer of it is kept, and none waits for another's`() throws {
    let house = try CountHouse(CountModel(heldPart: 3)) { specification in
      specification.scheduling.keepsAnswers = true
      specification.scheduling.batching.preservesOrdering = true
      specification.scheduling.batching.mode = .off
      specification.instanceCount = 2
    }
    let long = try house.ask([4]).sink
    #expect(eventually { house.model.gate.waiting == 1 })
    for _ in 0..<2 {
      let short = try house.ask([2]).sink
      #expect(eventually { short.isOver })
      #expect(short.served?.cacheUse == CacheUse.none)
    }
    #expect(long.endCount == 0)
    house.model.gate.open()
    #expect(eventually { long.isOver })
    house.server.shutDown()
  }

  // MARK: Iterations

  private static func iterative(_ specification: inout ModelSpecification) {
    var policy = SequencePolicy()
    policy.isIterative = true
    specification.scheduling.sequences = policy
  }

  @Test func `requests of an iterative model join between its runs`() throws {
    let house = try CountHouse(
      CountModel(heldPart: 1, iterates: true), Self.iterative)
    let long = try house.ask([4]).sink
    #expect(eventually { house.model.gate.waiting == 1 })
    let short = try house.ask([2]).sink
    house.model.gate.open()
    #expect(eventually { long.isOver && short.isOver })
    #expect(long.values == [0, 1, 2, 3] && short.values == [0, 1])
    // The newcomer ran beside the one that had begun before it, and left before it.
    #expect(house.model.runs.prefix(4).elementsEqual([1, 1, 2, 2]))
    #expect(long.failure == nil && short.failure == nil)
  }

  @Test func `cancelling between iterations frees the place`() throws {
    let house = try CountHouse(
      CountModel(heldPart: 1, iterates: true)
    ) { specification in
      Self.iterative(&specification)
      specification.scheduling.batching.rowsMax = 1
    }
    let (long, handle) = try house.ask([50])
    let next = try house.ask([1]).sink
    #expect(eventually { house.model.gate.waiting == 1 })
    #expect(long.values == [0] && next.endCount == 0)
    handle.cancel()
    #expect(eventually { next.isOver })
    #expect(next.values == [0] && long.failure == .cancelled && long.partsAfterEnd == 0)
  }

  @Test func `a model that asks to run again without being iterative fails the request`() throws {
    let sink = try CountHouse(CountModel(iterates: true)) { specification in
      specification.scheduling.sequences = nil
    }.ask([2]).sink
    #expect(eventually { sink.isOver })
    #expect(sink.failure == .runtimeFailed(.runsOnce))
  }

  @Test func `draining sees iterations out`() throws {
    let house = try CountHouse(CountModel(heldPart: 1, iterates: true), Self.iterative)
    let sink = try house.ask([3]).sink
    #expect(eventually { house.model.gate.waiting == 1 })
    house.model.gate.open()
    house.server.beginDraining()
    #expect(house.server.drain(until: MonotonicClock.now().advanced(by: .seconds(10))))
    house.server.shutDown()
    #expect(sink.isOver && sink.values == [0, 1, 2] && sink.failure == nil)
  }
}
