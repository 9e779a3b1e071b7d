import Inference
import TestSupport
import Testing

@testable import Serving

@Suite(.timeLimit(.minutes(1))) struct GraphFailureTests {
  private func failure(_ house: GraphHouse, _ name: String = "g") throws -> InferenceFailure? {
    let sink = try house.submit([row([1])], to: name).sink
    #expect(eventually { !sink.ends.isEmpty })
    return sink.failure
  }

  @Test func `a failing step fails the request and is named`() throws {
    let house = GraphHouse()
    try house.load("a", .failing())
    try house.load(graph: "g", .floats([.model("a", "IN", "OUT")]))
    let fault = RuntimeFault(code: .failed, message: "step a: as told")
    #expect(try failure(house) == .runtimeFailed(fault))
  }

  @Test func `a step is tried again as often as it says`() throws {
    let house = GraphHouse()
    try house.load("a", .failing(2, thenAdding: 1))
    try house.load(graph: "g", .floats([.model("a", "IN", "OUT") { $0.retryCount = 2 }]))
    #expect(try house.ask([1]) == [2])
  }

  @Test func `tries wait longer and longer, and not past the request's deadline`() throws {
    let house = GraphHouse()
    let failing = StepModel.failing()
    try house.load("a", failing)
    try house.load(graph: "g", .floats([.model("a", "IN", "OUT") { $0.retryCount = 100 }]))
    let begin = MonotonicClock.now()
    let deadline = begin.advanced(by: .milliseconds(300))
    let sink = try house.submit([row([1])], deadline: deadline).sink
    #expect(eventually { !sink.ends.isEmpty })
    #expect(MonotonicClock.now() < deadline.advanced(by: .milliseconds(250)), "nobody waited on")
    #expect(sink.failure != nil)
    // 10 to 20 ms, 20 to 40, 40 to 80, 80 to 160: no more than five fit, and two do surely.
    #expect((3...6).contains(failing.runs.count), "\(failing.runs.count) runs")
  }

  @Test func `a request that is cancelled between two tries is not tried again`() throws {
    let house = GraphHouse()
    let failing = StepModel.failing()
    try house.load("a", failing)
    try house.load(graph: "g", .floats([.model("a", "IN", "OUT") { $0.retryCount = 100 }]))
    let (sink, handle) = try house.submit([row([1])])
    #expect(eventually { failing.runs.count >= 2 })
    handle.cancel()
    #expect(eventually { !sink.ends.isEmpty })
    let count = failing.runs.count
    // A pause after another one has passed: what was due was left alone.
    let later = GraphWorkers(count: 1, waitingMax: 8)
    let isOver = Signal(false)
    let due = MonotonicClock.now().advanced(by: .milliseconds(60))
    #expect(later.give(at: due) { isOver.update { $0 = true } })
    _ = isOver.sleepUntilReady { $0 ? true : nil }
    later.stop()
    #expect(failing.runs.count <= count + 1)
  }

  @Test(arguments: [(1, 10, 20), (2, 20, 40), (3, 40, 80), (7, 500, 1_000), (60, 500, 1_000)])
  func `pauses double up to a second, half of each by chance`(
    attempt: Int, least: UInt64, most: UInt64
  ) {
    #expect(RetryPause.nanoseconds(before: attempt, chance: 0) == least * 1_000_000)
    #expect(RetryPause.nanoseconds(before: attempt, chance: 1) == most * 1_000_000)
    #expect(RetryPause.nanoseconds(before: attempt, chance: 0.5) == (least + most) * 500_000)
  }

  @Test func `work for later is done in its order, and at the end without waiting`() {
    let workers = GraphWorkers(count: 1, waitingMax: 3)
    let done = Signal<[Int]>([])
    let now = MonotonicClock.now()
    let note = { (number: Int) in { @Sendable in done.update { $0.append(number) } } }
    #expect(workers.give(at: now.advanced(by: .milliseconds(30)), note(3)))
    #expect(workers.give(at: now.advanced(by: .milliseconds(10)), note(2)))
    #expect(workers.give(note(1)))
    _ = done.sleepUntilReady { $0.count == 3 ? true : nil }
    #expect(done.withValue { $0 } == [1, 2, 3])
    #expect(workers.give(at: now.advanced(by: .seconds(3_600)), note(4)))
    workers.stop()
    #expect(done.withValue { $0 } == [1, 2, 3, 4])
  }

  @Test func `the fallback is asked with the same inputs`() throws {
    let house = GraphHouse()
    try house.load("a", .failing())
    try house.load("b", .adding(5))
    try house.load(
      graph: "g",
      .floats([.model("a", "IN", "OUT") { $0.fallback = ModelAddress(name: "b") }]))
    #expect(try house.ask([1]) == [6])
  }

  @Test func `a soft step that fails leaves its output empty and fails nothing else`() throws {
    let house = GraphHouse()
    try house.load("a", .failing())
    try house.load("b", .adding(1))
    var graph = GraphDescription.floats([
      .model("a", "IN", "MORE") { $0.isSoft = true }, .model("b", "IN", "OUT"),
    ])
    graph.outputs.append(DeclaredTensor(name: "MORE", datatype: .float32, dimensions: [-1]))
    try house.load(graph: "g", graph)
    let sink = try house.submit([row([1])]).sink
    #expect(eventually { sink.isDone })
    #expect(sink.parts[0].outputs.map(\.tensor.shape) == [[1], [0]])
  }

  @Test func `what follows a soft step that failed is left out, or goes on without it`() throws {
    let house = GraphHouse()
    try house.load("a", .failing())
    let rest = StepModel.adding(1)
    try house.load("b", rest)
    let two = ModelSignature(
      inputs: ModelSignature.floats.inputs + [
        TensorDescription(
          name: "more", datatype: .float32, dimensions: [.any(name: nil)], isOptional: true)
      ], outputs: ModelSignature.floats.outputs, hasRowAxis: false)
    let optional = StepModel(two) { [$0[0] ?? row([])] }
    try house.load("c", optional)
    var last = GraphDescription.Step.model("c", "IN", "OUT")
    last.inputs.append(.init(port: "more", tensor: "t"))
    try house.load(
      graph: "g",
      .floats([.model("a", "IN", "s") { $0.isSoft = true }, .model("b", "s", "t"), last]))
    #expect(try house.ask([1]) == [1])
    #expect(rest.runs.isEmpty)
    #expect(optional.runs.count == 1 && optional.runs[0][1] == nil)
  }

  @Test func `a step that is over its timeout fails, and its model is not kept`() throws {
    let house = GraphHouse()
    let gate = Gate()
    try house.load("a", .adding(1, gate: gate))
    try house.load("b", .adding(5))
    try house.load(
      graph: "g", .floats([.model("a", "IN", "OUT") { $0.timeoutNanoseconds = 300_000_000 }]))
    let sink = try house.submit([row([1])]).sink
    #expect(eventually { gate.waiting == 1 })
    #expect(eventually { !sink.ends.isEmpty })
    let text = sink.failure.map(FailureMessage.text) ?? ""
    #expect(text.contains("step a: no answer within its timeout of 300 ms"), "\(text)")
    #expect(eventually { gate.waiting == 0 })
  }

  @Test func `a timeout leads to the fallback`() throws {
    let house = GraphHouse()
    let gate = Gate()
    try house.load("a", .adding(1, gate: gate))
    try house.load("b", .adding(5))
    try house.load(
      graph: "g",
      .floats([
        .model("a", "IN", "OUT") {
          // The fallback has as long, on however busy a machine.
          $0.timeoutNanoseconds = 300_000_000
          $0.fallback = ModelAddress(name: "b")
        }
      ]))
    #expect(try house.ask([1]) == [6])
  }

  @Test func `the request's deadline is that of its steps`() throws {
    let house = GraphHouse()
    let gate = Gate()
    try house.load("a", .adding(1, gate: gate))
    try house.load(graph: "g", .floats([.model("a", "IN", "OUT") { $0.retryCount = 5 }]))
    let sink = try house.submit([row([1])], timeout: 300_000_000).sink
    #expect(eventually { gate.waiting == 1 })
    #expect(eventually { !sink.ends.isEmpty })
    guard case .deadlineExceeded = sink.failure else {
      Issue.record("got \(String(describing: sink.failure))")
      return
    }
    #expect(eventually { gate.waiting == 0 })
  }

  @Test func `cancelling the request stops what its steps run`() throws {
    let house = GraphHouse()
    let gate = Gate()
    try house.load("a", .adding(1, gate: gate))
    try house.load(graph: "g", .floats([.model("a", "IN", "OUT")]))
    let (sink, handle) = try house.submit([row([1])])
    #expect(eventually { gate.waiting == 1 })
    handle.cancel()
    #expect(eventually { sink.failure == .cancelled })
    #expect(eventually { gate.waiting == 0 })
    gate.open()
    #expect(try house.ask([1]) == [2])
  }

  @Test func `a step's full queue is the request's refusal`() throws {
    let house = GraphHouse()
    let gate = Gate()
    var specification = ModelSpecification(
      name: "a", source: .file(path: "a"), loader: FakeLoader { StepModel.adding(1, gate: gate) })
    specification.instanceCount = 1
    specification.waitingRequestsMax = 1
    try house.server.load(specification)
    try house.load(graph: "g", .floats([.model("a", "IN", "OUT")]))
    let sinks = try (0..<3).map { _ in try house.submit([row([1])]).sink }
    #expect(eventually { sinks.contains { !$0.ends.isEmpty } })
    guard case .overloaded(.waitingRequests(1), _) = sinks.compactMap(\.failure).first else {
      Issue.record("got \(sinks.map(\.failure))")
      return
    }
    gate.open()
    #expect(eventually { sinks.count(where: \.isDone) == 2 })
  }

  @Test func `a model that gives what its types did not promise fails the step in words`() throws {
    let house = GraphHouse()
    let fixed = ModelSignature(
      inputs: [TensorDescription(name: "x", datatype: .float32, dimensions: [.fixed(2)])],
      outputs: ModelSignature.floats.outputs, hasRowAxis: false)
    try house.load("a", .adding(1))
    try house.load("b", StepModel(fixed) { $0.compactMap { $0 } })
    try house.load(graph: "g", .floats([.model("a", "IN", "t"), .model("b", "t", "OUT")]))
    let text = try failure(house).map(FailureMessage.text) ?? ""
    #expect(text.contains("the input x of b takes FP32 [2], and is given FP32 [1]"), "\(text)")
  }

  @Test func `a graph without one of its models is not ready, and says which`() throws {
    let house = GraphHouse()
    try house.load("a", .adding(1))
    try house.load(graph: "g", .floats([.model("a", "IN", "OUT")]))
    #expect(try house.entrance.lease(ModelAddress(name: "g")).obstacle == nil)
    house.server.unload(name: "a")
    let obstacle = try house.entrance.lease(ModelAddress(name: "g")).obstacle
    #expect(obstacle?.hasPrefix("step a: no model `a`") == true, "\(obstacle ?? "")")
    #expect(!house.server.isReady)
    #expect(house.server.statuses.map(\.state) == [.failed(reason: obstacle ?? "")])
    guard case .modelNotReady("g", .failed(let reason)) = try failure(house) else {
      Issue.record("the request was answered")
      return
    }
    #expect(reason.hasPrefix("step a: no model `a`"))
    try house.load("a", .adding(2))
    #expect(try house.ask([1]) == [3])
    #expect(house.server.isReady)
  }

  // MARK: At load

  private func refusal(_ house: GraphHouse, _ graph: GraphDescription) -> String {
    do throws(ServerFault) {
      try house.load(graph: "g", graph)
      return "loaded"
    } catch {
      return "\(error)"
    }
  }

  @Test func `what cannot work is refused at load with the path in words`() throws {
    let house = GraphHouse()
    try house.load("a", .adding(1))
    try house.load("bytes", StepModel(.floats(rank: 1, output: .bytes)) { _ in [] })
    try house.load("matrix", StepModel(.floats(rank: 2)) { _ in [] })
    let cases: [(GraphDescription, String)] = [
      (.floats([.model("gone", "IN", "OUT")]), "step gone: it asks gone: no model `gone`"),
      (
        .floats([.model("bytes", "IN", "t"), .model("a", "t", "OUT")]),
        "step a: t, made by step bytes, is BYTES [-1], and the input x of a takes FP32 [-1]"
      ),
      (
        .floats([.model("matrix", "IN", "OUT")]),
        "step matrix: IN, made by an input of the graph, is FP32 [-1], and the input x of matrix "
          + "takes FP32 [-1,-1]"
      ),
      (
        .floats([.model("a", "IN", "t")]), "the output OUT of the graph is made by no step"
      ),
      (
        .floats([.model("a", "s", "t"), .model("bytes", "t", "s"), .model("a", "IN", "OUT")]),
        "two steps are called a"
      ),
      (
        .floats([.model("a", "s", "OUT"), .model("bytes", "OUT", "s")]),
        "steps wait for each other in a circle"
      ),
      (
        .floats([.model("bytes", "IN", "OUT")]),
        "step bytes -> output of the graph: OUT is BYTES [-1], and is declared as FP32 [-1]"
      ),
      (
        .floats([.work("top", .builtIn(.topK, settings: [:]), "IN", "OUT")]),
        "step top: only scaler is here"
      ),
    ]
    for (graph, text) in cases {
      let refused = refusal(house, graph)
      #expect(refused.contains(text), "\(refused)")
    }
  }

  @Test func `a port that the model has not is named beside those that it has`() throws {
    let house = GraphHouse()
    try house.load("a", .adding(1))
    let step = GraphDescription.Step(
      name: "s", work: .model(ModelAddress(name: "a")), inputs: [.init(port: "z", tensor: "IN")],
      outputs: [.init(port: "y", tensor: "OUT")])
    #expect(refusal(house, .floats([step])).contains("step s: a has no input z; it has x"))
  }

  @Test func `graphs that ask each other are refused`() throws {
    let house = GraphHouse()
    try house.load("a", .adding(1))
    try house.load(graph: "g", .floats([.model("a", "IN", "OUT")]))
    func asking(_ name: String) -> GraphDescription {
      .floats([
        GraphDescription.Step(
          name: name, work: .model(ModelAddress(name: name)),
          inputs: [.init(port: "IN", tensor: "IN")], outputs: [.init(port: "OUT", tensor: "OUT")])
      ])
    }
    try house.load(graph: "h", asking("g"))
    #expect(refusal(house, asking("h")).contains("g -> h -> g: the graphs ask each other"))
    #expect(refusal(house, asking("g")).contains("g -> g: a graph cannot ask itself"))
    #expect(try house.ask([1], of: "h") == [2])
  }
}
