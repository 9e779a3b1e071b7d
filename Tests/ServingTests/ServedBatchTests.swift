import Batching
import Inference
import Synchronization
import TestSupport
import Testing

@testable import Serving

/// A server with one model of rows, and requests to it.
private struct RowHouse {
  let server: InferenceServer
  let entrance: Entrance
  let model: RowModel

  init(
    _ model: RowModel = RowModel(), instances: Int = 1,
    _ change: (inout BatchingPolicy) -> Void = { _ in }
  ) throws {
    self.model = model
    server = InferenceServer(
      settings: ServingSettings(coreCount: 2), loopCount: 0, observer: RecordingObserver())
    entrance = server.makeEntrance(isEventLoop: false)
    var specification = ModelSpecification(
      name: "m", source: .file(path: "m"), loader: FakeLoader { model })
    specification.instanceCount = instances
    specification.scheduling.batching = BatchingPolicy(mode: .fixed, rowsMax: 8)
    change(&specification.scheduling.batching)
    try server.load(specification)
  }

  func submit(
    _ inputs: [Tensor?], deadline: Instant = .distantFuture, timeout: UInt64 = 0,
    sink: RecordingSink = RecordingSink(), method: Int = 0
  ) throws -> (sink: RecordingSink, handle: RequestHandle) {
    var context = RequestContext(
      id: "r", caller: Caller(name: "a"), dialect: .embedded, arrival: MonotonicClock.now(),
      deadline: deadline)
    context.timeoutNanoseconds = timeout
    var tensors = TensorRequest(inputs: inputs)
    tensors.method = method
    let request = InferenceRequest(context: context, body: .tensors(tensors))
    let handle = entrance.submit(
      request, to: try entrance.lease(ModelAddress(name: "m")), sink: sink)
    return (sink, handle)
  }

  func submit(_ rows: [[Float]]) throws -> RecordingSink { try submit([matrix(rows)]).sink }

  /// Holds the only instance up, so that what follows waits; the request that does.
  func block() throws -> RecordingSink {
    let sink = try submit([[0]])
    #expect(eventually { model.gate.waiting == 1 })
    return sink
  }
}

private func matrix(_ rows: [[Float]]) -> Tensor {
  Tensor(
    rows.flatMap { $0 }, datatype: .float32, shape: [rows.count, rows.first?.count ?? 0])
}

extension RecordingSink {
  fileprivate var tensor: Tensor? { parts.first?.outputs.first?.tensor }
  fileprivate var values: [Float]? { tensor?.elements(as: Float.self) }
}

@Suite(.timeLimit(.minutes(1))) struct ServedBatchTests {
  @Test func `requests to a method run by themselves and get the method's outputs`() throws {
    let other = ModelSignature(
      inputs: RowModel.vectors.inputs,
      outputs: [
        TensorDescription(
          name: "Z", datatype: .float32, dimensions: [.any(name: nil), .any(name: nil)])
      ], hasRowAxis: true)
    let signature = ModelSignature(
      inputs: RowModel.vectors.inputs, outputs: RowModel.vectors.outputs, hasRowAxis: true,
      methods: [ModelMethod(name: "other", signature: other)])
    let house = try RowHouse(RowModel(signature: signature, gate: Gate()))
    _ = try house.block()
    let sinks = try [0, 1, 1].map { try house.submit([matrix([[1]])], method: $0).sink }
    house.model.gate.open()
    #expect(eventually { sinks.allSatisfy { $0.ends.count == 1 } })
    #expect(sinks.map { $0.parts.first?.outputs.first?.name } == ["Y", "Z", "Z"])
    #expect(house.model.runs.map(\.rowCount).sorted() == [1, 1, 2])
  }

  @Test func `what waited is joined and each caller gets exactly its rows`() throws {
    let house = try RowHouse(RowModel(gate: Gate()))
    _ = try house.block()
    let sinks = try [[[1], [2]], [[3]], [[4], [5], [6]]].map { try house.submit($0) }
    house.model.gate.open()
    #expect(eventually { sinks.allSatisfy(\.isDone) })
    #expect(sinks.map(\.values) == [[2, 4], [6], [8, 10, 12]])
    #expect(house.model.runs.map(\.rowCount) == [1, 6])
    #expect(sinks.map { $0.ends.first?.served.rowCount } == [2, 1, 3])
    #expect(sinks.allSatisfy { $0.ends.first?.served.batchRowCount == 6 })
  }

  @Test func `answers are ranges of the joined output`() throws {
    let house = try RowHouse(RowModel(gate: Gate()))
    _ = try house.block()
    let sinks = try [[[1]], [[2]]].map { try house.submit($0) }
    house.model.gate.open()
    #expect(eventually { sinks.allSatisfy(\.isDone) })
    #expect(sinks[0].tensor?.storage === sinks[1].tensor?.storage)
  }

  @Test func `a request alone runs on its own tensor`() throws {
    let model = RowModel(signature: RowModel.strings)
    let house = try RowHouse(model)
    let tensor = Tensor(strings: ["a", "bc"], shape: [2])
    let sink = try house.submit([tensor]).sink
    #expect(eventually { sink.isDone })
    #expect(sink.tensor?.storage === tensor.storage)
  }

  @Test func `strings are joined and cut by rows too`() throws {
    let house = try RowHouse(RowModel(signature: RowModel.strings, gate: Gate()))
    let first = try house.submit([Tensor(strings: ["x"], shape: [1])]).sink
    #expect(eventually { house.model.gate.waiting == 1 })
    let sinks = try [["a", "bcd"], [""], ["ef"]].map {
      try house.submit([Tensor(strings: $0, shape: [$0.count])]).sink
    }
    house.model.gate.open()
    #expect(eventually { first.isDone && sinks.allSatisfy(\.isDone) })
    #expect(sinks.map { $0.tensor?.strings } == [["a", "bcd"], [""], ["ef"]])
    #expect(house.model.runs.map(\.rowCount) == [1, 4])
  }

  @Test func `different shapes, parameters and outputs do not share a run`() throws {
    let house = try RowHouse(RowModel(gate: Gate()))
    _ = try house.block()
    let sinks = try [[[1]], [[2, 3]], [[4]]].map { try house.submit($0) }
    house.model.gate.open()
    #expect(eventually { sinks.allSatisfy(\.isDone) })
    #expect(sinks.map(\.values) == [[2], [4, 6], [8]])
    #expect(house.model.runs.map(\.shapes) == [[[1, 1]], [[2, 1]], [[1, 2]]])
  }

  @Test func `a bad request fails alone`() throws {
    let house = try RowHouse(RowModel(gate: Gate()))
    _ = try house.block()
    let sinks = try [[[1]], [[-1]], [[3]]].map { try house.submit($0) }
    house.model.gate.open()
    #expect(eventually { sinks.allSatisfy { $0.ends.count == 1 } })
    #expect(sinks.map(\.values) == [[2], nil, [6]])
    #expect(
      sinks[1].failure == .runtimeFailed(.init(code: .invalidArgument, message: "poison")))
  }

  @Test func `a bad row fails its request and no other`() throws {
    let house = try RowHouse(RowModel(gate: Gate()))
    _ = try house.block()
    let sinks = try [[[1]], [[2], [-2]], [[3]]].map { try house.submit($0) }
    house.model.gate.open()
    #expect(eventually { sinks.allSatisfy { $0.ends.count == 1 } })
    #expect(sinks.map(\.isDone) == [true, false, true])
    #expect(house.model.runs.map(\.rowCount) == [1, 4])
  }

  @Test func `a delay gathers requests of an idle model`() throws {
    let house = try RowHouse {
      $0.preferredRowCounts = [3]
      $0.delayNanosecondsMax = 60_000_000_000
    }
    let sinks = try (1...3).map { try house.submit([[Float($0)]]) }
    #expect(eventually { sinks.allSatisfy(\.isDone) })
    #expect(house.model.runs.map(\.rowCount) == [3])
  }

  @Test func `a delay that passes without company ends in a run`() throws {
    let house = try RowHouse { $0.delayNanosecondsMax = 500_000 }
    let sink = try house.submit([[1]])
    #expect(eventually { sink.isDone })
    let served = sink.ends.first?.served
    #expect(served.map { $0.started.nanoseconds(since: $0.admitted) >= 500_000 } == true)
  }

  // MARK: Larger than a run

  @Test(arguments: 1...2) func `a request larger than a run is split and its answer joined`(
    instances: Int
  ) throws {
    let house = try RowHouse(instances: instances)
    let rows = (0..<20).map { [Float($0), 100] }
    let sink = try house.submit(rows)
    #expect(eventually { sink.isDone })
    #expect(sink.parts.count == 1)
    #expect(sink.tensor?.shape == [20, 2])
    #expect(sink.values == rows.flatMap { $0 }.map { $0 * 2 })
    #expect(house.model.runs.map(\.rowCount).sorted() == [4, 8, 8])
  }

  @Test func `a bad row of a split request fails the whole of it, once`() throws {
    let house = try RowHouse()
    let sink = try house.submit((0..<20).map { [$0 == 3 ? -1 : Float($0)] })
    #expect(eventually { sink.ends.count == 1 })
    #expect(!sink.isDone && sink.parts.isEmpty)
    let next = try house.submit([[1]])
    #expect(eventually { next.isDone })
    #expect(sink.ends.count == 1)
    #expect(house.model.runs.count == 2, "its other rows are not run")
  }

  @Test func `a stateful model refuses what is larger than a run, as Triton does`() throws {
    let house = try RowHouse(RowModel { $0.isStateful = true })
    let sink = try house.submit((0..<9).map { [Float($0)] })
    let problem = InputProblem.tooManyRows(model: "m", limit: 8, got: 9)
    #expect(sink.failure == .invalidInput(problem))
    #expect(
      FailureMessage.text(for: problem).hasPrefix(
        "inference request batch-size must be <= 8 for 'm'"))
  }

  // MARK: Order, priority, time

  @Test func `answers leave in the order of their requests`() throws {
    let gate = Gate()
    let house = try RowHouse(RowModel(gate: gate), instances: 2) {
      $0.preservesOrdering = true
      $0.mode = .off
    }
    let ended = Guarded<[Int]>([])
    let sinks = (0..<40).map { number in
      RecordingSink { ended.withLock { $0.append(number) } }
    }
    for (number, sink) in sinks.enumerated() {
      _ = try house.submit([matrix([[Float(number)]])], sink: sink)
    }
    gate.open()
    #expect(eventually { sinks.allSatisfy(\.isDone) })
    #expect(ended.withLock { $0 } == Array(0..<40))
  }

  @Test func `an answer that is held for others can still be cancelled`() throws {
    let house = try RowHouse(RowModel(gate: Gate(), heldValue: 0), instances: 2) {
      $0.preservesOrdering = true
    }
    let first = try house.block()
    let held = try (1...2).map { try house.submit([matrix([[Float($0)]])]) }
    #expect(eventually { house.model.runs.count == 3 })
    held[0].handle.cancel()
    #expect(held[0].sink.failure == .cancelled)
    #expect(held[1].sink.ends.isEmpty, "it came after the one that still runs")
    house.model.gate.open()
    #expect(eventually { first.isDone && held[1].sink.isDone })
    #expect(held[0].sink.ends.count == 1)
  }

  @Test func `a run that nobody waits for is told to stop, and the next is not`() throws {
    let house = try RowHouse(RowModel(gate: Gate()))
    let (sink, handle) = try house.submit([matrix([[1]])])
    #expect(eventually { house.model.gate.waiting == 1 })
    handle.cancel()
    #expect(sink.failure == .cancelled)
    #expect(eventually { house.model.stoppedCount.load(ordering: .relaxed) == 1 })
    house.model.gate.open()
    let next = try house.submit([[2]])
    #expect(eventually { next.isDone })
    #expect(next.values == [4])
  }

  @Test func `a run goes on while one of its requests is wanted`() throws {
    let house = try RowHouse(RowModel(gate: Gate())) {
      $0.preferredRowCounts = [2]
      $0.delayNanosecondsMax = 60_000_000_000
    }
    let left = try house.submit([matrix([[1]])])
    let staying = try house.submit([[2]])
    #expect(eventually { house.model.gate.waiting == 1 })
    left.handle.cancel()
    house.model.gate.open()
    #expect(eventually { staying.isDone })
    #expect(staying.values == [4])
    #expect(house.model.stoppedCount.load(ordering: .relaxed) == 0)
  }

  @Test(arguments: [false, true])
  func `the request's own timeout ends its wait, as a deadline or by the queue's policy`(
    isOverride: Bool
  ) throws {
    let house = try RowHouse(RowModel(gate: Gate())) {
      $0.defaultQueue.allowsTimeoutOverride = isOverride
    }
    let first = try house.block()
    let late = try house.submit([matrix([[1]])], timeout: 2_000_000).sink
    #expect(eventually { late.ends.count == 1 })
    #expect(late.failure == .deadlineExceeded(.milliseconds(2)))
    house.model.gate.open()
    #expect(eventually { first.isDone })
    #expect(house.model.runs.count == 1)
  }

  // MARK: Instances

  private func load(_ groups: [InstanceGroup], most: Int? = nil) throws -> Int? {
    let server = InferenceServer(
      settings: ServingSettings(coreCount: 2), loopCount: 0, observer: RecordingObserver())
    var specification = ModelSpecification(
      name: "m", source: .file(path: "m"), loader: FakeLoader { RowModel() })
    specification.instanceCount = most
    specification.scheduling.instances = groups
    try server.load(specification)
    return server.statuses.first?.instanceCount
  }

  @Test func `instance groups say how many instances there are`() throws {
    #expect(try load([]) == 2)
    #expect(try load([], most: 1) == 1)
    let groups = [InstanceGroup(count: 2, kind: .cpu), InstanceGroup(count: 1)]
    #expect(try load(groups) == 3)
    #expect(try load(groups, most: 2) == 2, "as many as the operator was told that there are")
  }

  @Test func `a group on a GPU is refused where the runtime has none`() {
    #expect {
      try load([InstanceGroup(count: 1, kind: .gpu([0]))])
    } throws: { error in
      guard case .modelLoadFailed("m", _, let fault) = error as? ServerFault else { return false }
      return fault.code == .runtimeMissing && fault.message.contains("GPU")
    }
  }
}
