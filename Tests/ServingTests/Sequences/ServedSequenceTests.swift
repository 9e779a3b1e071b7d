import Batching
import Inference
import TestSupport
import Testing

@testable import Serving

/// A server with one model of sequences, and requests to it.
private struct SumHouse {
  let server: InferenceServer
  let entrance: Entrance
  let model: SumModel

  init(
    _ model: SumModel = SumModel(), rows: Int = 4, instances: Int = 1,
    _ change: (inout ModelSpecification) -> Void = { _ in }
  ) throws {
    self.model = model
    server = InferenceServer(
      settings: ServingSettings(coreCount: 2), loopCount: 0, observer: RecordingObserver())
    entrance = server.makeEntrance(isEventLoop: false)
    var specification = ModelSpecification(
      name: "m", source: .file(path: "m"), loader: FakeLoader { model })
    specification.instanceCount = instances
    specification.scheduling.batching.rowsMax = rows
    let idDatatype = model.signature.inputs[4].datatype
    specification.scheduling.sequences = SequencePolicy(
      // Not the second of the default: a busy machine may take that between two requests.
      idleNanosecondsMax: 60_000_000_000,
      controls: [
        .init(input: "START", kind: .start, datatype: .int32),
        .init(input: "END", kind: .end, datatype: .int32),
        .init(input: "READY", kind: .ready, datatype: .int32),
        .init(input: "ID", kind: .correlationID, datatype: idDatatype),
      ],
      states: [.init(input: "STATE_IN", output: "STATE_OUT", datatype: .int32, dimensions: [1])])
    change(&specification)
    try server.load(specification)
  }

  var lease: ModelLease {
    get throws { try entrance.lease(ModelAddress(name: "m")) }
  }

  func submit(
    _ values: [Int32], _ id: SequenceMark.ID?, start: Bool = false, end: Bool = false,
    outputs: [Int] = [], sink: RecordingSink = RecordingSink()
  ) throws -> (sink: RecordingSink, handle: RequestHandle) {
    var context = RequestContext(
      id: "r", caller: Caller(name: "a"), dialect: .embedded, arrival: MonotonicClock.now())
    context.sequence = id.map { SequenceMark(id: $0, isStart: start, isEnd: end) }
    let hasRows = model.signature.hasRowAxis
    let tensor = Tensor(
      values, datatype: .int32, shape: hasRows ? [values.count, 1] : [values.count])
    let request = InferenceRequest(
      context: context, body: .tensors(.init(inputs: [tensor], outputs: outputs)))
    return (sink, entrance.submit(request, to: try lease, sink: sink))
  }

  /// Submits and waits for the end: the answer's value, or `nil` where it failed.
  func ask(
    _ value: Int32, _ id: SequenceMark.ID?, start: Bool = false, end: Bool = false
  ) throws -> Int32? {
    let sink = try submit([value], id, start: start, end: end).sink
    #expect(eventually { !sink.ends.isEmpty })
    return sink.value
  }
}

private let oldest = SequencePolicy.Strategy.oldest(
  candidateSequencesMax: 8, preferredRowCounts: [], delayNanosecondsMax: 0,
  preservesOrdering: true)

extension RecordingSink {
  fileprivate var value: Int32? {
    parts.first?.outputs.first?.tensor.elements(as: Int32.self).first
  }

  fileprivate var problem: InputProblem? {
    guard case .invalidInput(let problem) = failure else { return nil }
    return problem
  }
}

@Suite(.timeLimit(.minutes(1))) struct ServedSequenceTests {
  @Test(arguments: [true, false])
  func `a sequence has its own state from start to end`(hasRows: Bool) throws {
    let house = try SumHouse(SumModel(hasRows: hasRows)) {
      // Without rows an instance has one place for a direct sequence.
      if !hasRows { $0.scheduling.sequences?.strategy = oldest }
    }
    #expect(try house.ask(1, .number(7), start: true) == 1)
    #expect(try house.ask(100, .text("other"), start: true) == 100)
    #expect(try house.ask(2, .number(7)) == 3)
    #expect(try house.ask(200, .text("other"), end: true) == 300)
    #expect(try house.ask(3, .number(7), end: true) == 6)
    #expect(try house.ask(5, .number(7), start: true) == 5)
  }

  @Test func `the server fills the controls and hides them`() throws {
    let house = try SumHouse()
    #expect(try house.lease.signature.inputs.map(\.name) == ["X"])
    #expect(try house.lease.signature.outputs.map(\.name) == ["Y"])
    _ = try house.ask(1, .number(7), start: true)
    _ = try house.ask(2, .number(7), end: true)
    let runs = house.model.runs.suffix(2)
    #expect(runs.map(\.starts) == [[1], [0]])
    #expect(runs.map(\.ends) == [[0], [1]])
    #expect(runs.map(\.readies) == [[1], [1]])
    #expect(runs.map(\.ids) == [["7"], ["7"]])
  }

  @Test func `requests that are ready share a run and each gets its own sum`() throws {
    let house = try SumHouse(SumModel(gate: Gate())) { $0.warmUps = [] }
    house.model.gate.open()
    for id in 1...3 as ClosedRange<UInt64> {
      _ = try house.ask(Int32(id), .number(id), start: true)
    }
    let before = house.model.runs.count
    house.model.gate.close()
    let first = try house.submit([10], .number(1)).sink
    #expect(eventually { house.model.gate.waiting == 1 })
    let others = try [3, 2].map { try house.submit([Int32($0) * 10], .number(UInt64($0))).sink }
    let next = try house.submit([100], .number(1)).sink
    house.model.gate.open()
    #expect(eventually { next.isDone && others.allSatisfy(\.isDone) && first.isDone })
    #expect([first.value, others[0].value, others[1].value, next.value] == [11, 33, 22, 111])
    #expect(house.model.runs.dropFirst(before).map(\.rowCount) == [1, 3])
  }

  @Test func `a direct slot without a request is zeros and not ready`() throws {
    let house = try SumHouse()
    for id in 1...3 as ClosedRange<UInt64> {
      _ = try house.ask(Int32(id), .number(id), start: true)
    }
    #expect(try house.ask(30, .number(3)) == 33)
    let run = try #require(house.model.runs.last)
    #expect(run.values == [0, 0, 30])
    #expect(run.readies == [0, 0, 1])
    #expect(run.states == [0, 0, 3])
    #expect(run.ids == ["", "", "3"])
  }

  @Test func `the oldest strategy runs no empty rows`() throws {
    let house = try SumHouse {
      $0.scheduling.sequences?.strategy = oldest
    }
    for id in 1...3 as ClosedRange<UInt64> {
      _ = try house.ask(Int32(id), .number(id), start: true)
    }
    #expect(try house.ask(30, .number(3)) == 33)
    #expect(house.model.runs.last?.values == [30])
  }

  @Test func `a state begins with the bytes that the operator gave`() throws {
    let house = try SumHouse { $0.scheduling.sequences?.states[0].initialBytes = [40, 0, 0, 0] }
    #expect(try house.ask(2, .number(7), start: true) == 42)
    #expect(try house.ask(3, .number(7)) == 45)
    #expect(try house.ask(2, .number(7), start: true) == 42)
  }

  @Test func `a failed run leaves the state as it was`() throws {
    let house = try SumHouse()
    _ = try house.ask(1, .number(7), start: true)
    #expect(try house.ask(SumModel.poison, .number(7)) == nil)
    #expect(try house.ask(2, .number(7)) == 3)
  }

  @Test func `one that fails does not fail the others of its run`() throws {
    let house = try SumHouse(SumModel(gate: Gate()))
    house.model.gate.open()
    _ = try house.ask(1, .number(1), start: true)
    _ = try house.ask(2, .number(2), start: true)
    house.model.gate.close()
    let first = try house.submit([0], .number(1)).sink
    #expect(eventually { house.model.gate.waiting == 1 })
    let bad = try house.submit([SumModel.poison], .number(1)).sink
    let good = try house.submit([20], .number(2)).sink
    house.model.gate.open()
    #expect(eventually { !bad.ends.isEmpty && !good.ends.isEmpty && first.isDone })
    #expect(bad.failure != nil)
    #expect(good.value == 22)
  }

  @Test func `requests that fit no sequence are refused with the reason`() throws {
    let house = try SumHouse(SumModel(idDatatype: .int32))
    func problem(
      _ values: [Int32], _ id: SequenceMark.ID?, start: Bool = true
    ) throws -> InputProblem? {
      try house.submit(values, id, start: start).sink.problem
    }
    #expect(try problem([1], nil) == .sequenceIDMissing(model: "m"))
    #expect(try problem([1], .number(0)) == .sequenceIDMissing(model: "m"))
    #expect(try problem([1], .text("")) == .sequenceIDMissing(model: "m"))
    #expect(try problem([1, 2], .number(7)) == .sequenceRows(model: "m", got: 2))
    #expect(
      try problem([1], .number(7), start: false) == .sequenceNotStarted(model: "m", id: "7"))
    let unfit = InputProblem.sequenceIDUnfit(model: "m", id: "a", datatype: .int32)
    #expect(try problem([1], .text("a")) == unfit)
  }

  @Test func `a state leaves only as an output that is declared and named`() throws {
    let house = try SumHouse {
      $0.declared = DeclaredSignature(
        inputs: [DeclaredTensor(name: "X", datatype: .int32, dimensions: [1])],
        outputs: [
          DeclaredTensor(name: "Y", datatype: .int32, dimensions: [1]),
          DeclaredTensor(name: "STATE_OUT", datatype: .int32, dimensions: [1]),
        ], rowsMax: 4, serverTensors: ["START", "END", "READY", "ID", "STATE_IN", "STATE_OUT"])
    }
    let plain = try house.submit([1], .number(7), start: true).sink
    #expect(eventually { plain.isDone })
    #expect(plain.parts.first?.outputs.map(\.name) == ["Y"])
    let named = try house.submit([2], .number(7), outputs: [1, 0]).sink
    #expect(eventually { named.isDone })
    #expect(named.parts.first?.outputs.map(\.name) == ["STATE_OUT", "Y"])
    #expect(named.parts.first?.outputs.map { $0.tensor.elements(as: Int32.self) } == [[3], [3]])
  }

  @Test func `an idle sequence is forgotten`() throws {
    let house = try SumHouse(rows: 1) { $0.scheduling.sequences?.idleNanosecondsMax = 1_000_000 }
    _ = try house.ask(1, .number(7), start: true)
    #expect(
      try house.ask(5, .number(8), start: true) == 5, "the only place becomes free by itself")
    #expect(
      try house.submit([1], .number(7)).sink.problem == .sequenceNotStarted(model: "m", id: "7"))
  }

  @Test func `draining answers what waits`() throws {
    let house = try SumHouse(SumModel(gate: Gate()), rows: 1)
    let sinks = try [1, 2, 3].map {
      try house.submit([Int32($0)], .number(7), start: $0 == 1).sink
    }
    let core = try house.lease.model.core
    core.beginDraining()
    house.model.gate.open()
    #expect(core.drain(until: MonotonicClock.now().advanced(by: .seconds(20))))
    #expect(sinks.map(\.value) == [1, 3, 6])
  }

  enum Misfit: CaseIterable {
    case input, datatype, initialBytes

    func apply(to policy: inout SequencePolicy) {
      switch self {
      case .input: policy.controls[0].input = "NONE"
      case .datatype: policy.controls[0].datatype = .float32
      case .initialBytes: policy.states[0].initialBytes = [1]
      }
    }

    var reason: String {
      switch self {
      case .input: "it has no input 'NONE' for a control"
      case .datatype: "'START' is INT32 in the model and FP32 in its settings"
      case .initialBytes: "'STATE_IN' cannot begin with 1 bytes of shape [1]"
      }
    }
  }

  @Test(arguments: Misfit.allCases)
  func `settings that do not fit the model stop the load`(misfit: Misfit) throws {
    #expect {
      _ = try SumHouse { specification in
        guard var policy = specification.scheduling.sequences else { return }
        misfit.apply(to: &policy)
        specification.scheduling.sequences = policy
      }
    } throws: { error in
      "\(error)".contains(misfit.reason)
    }
  }
}
