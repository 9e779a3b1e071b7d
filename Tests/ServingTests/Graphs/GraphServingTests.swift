import Inference
import TestSupport
import Testing

@testable import Serving

@Suite(.timeLimit(.minutes(1))) struct GraphServingTests {
  @Test func `a request passes through the steps in the order of their tensors`() throws {
    let house = GraphHouse()
    try house.load("a", .adding(1))
    try house.load("b", .adding(10))
    try house.load(graph: "g", .floats([.model("b", "t", "OUT"), .model("a", "IN", "t")]))
    #expect(try house.ask([1, 2]) == [12, 13])
  }

  @Test func `tensors pass between steps without a copy`() throws {
    let house = GraphHouse()
    let second = StepModel { inputs in inputs.compactMap { $0 } }
    let first = StepModel { inputs in inputs.compactMap { $0 } }
    try house.load("a", first)
    try house.load("b", second)
    try house.load(graph: "g", .floats([.model("a", "IN", "t"), .model("b", "t", "OUT")]))
    let tensor = row([1, 2, 3])
    let sink = try house.submit([tensor]).sink
    #expect(eventually { sink.isDone })
    #expect(second.runs[0][0]?.storage === tensor.storage)
    #expect(sink.parts[0].outputs[0].tensor.storage === tensor.storage)
    #expect(sink.parts[0].outputs[0].name == "OUT")
  }

  @Test func `a built-in step does its work between models`() throws {
    let house = GraphHouse()
    try house.load("a", .adding(1))
    try house.load(
      graph: "g",
      .floats([
        .model("a", "IN", "t"), .work("double", .builtIn(.scaler, settings: [:]), "t", "OUT"),
      ]))
    #expect(try house.ask([1, 2]) == [4, 6])
  }

  @Test(arguments: [
    (GraphDescription.Combination.mean, [Float(5)]), (.weighted, [Float(3.5)]), (.vote, [Float(2)]),
  ])
  func `an ensemble combines its models' answers`(
    combination: GraphDescription.Combination, expected: [Float]
  ) throws {
    let house = GraphHouse()
    try house.load("a", .adding(1))
    try house.load("b", .adding(1))
    try house.load("c", .adding(10))
    let members = [
      GraphDescription.Member(model: ModelAddress(name: "a"), weight: 3),
      .init(model: ModelAddress(name: "b"), weight: 2),
      .init(model: ModelAddress(name: "c"), weight: 1),
    ]
    try house.load(
      graph: "g", .floats([.work("all", .ensemble(members, combination), "IN", "OUT")]))
    #expect(try house.ask([1]) == expected)
  }

  @Test func `a switch asks the model of the tensor's value or of the parameter's`() throws {
    let house = GraphHouse()
    try house.load("a", .adding(1))
    try house.load("b", .adding(10))
    func work(on selector: GraphDescription.Selector) -> GraphDescription.Work {
      .switched(
        on: selector, cases: [.init(value: "7", model: ModelAddress(name: "a"))],
        otherwise: ModelAddress(name: "b"))
    }
    try house.load(
      graph: "g", .floats([.work("by tensor", work(on: .tensor("IN")), "IN", "OUT")]))
    #expect(try house.ask([7, 0]) == [8, 1])
    #expect(try house.ask([0, 7]) == [10, 17])
    try house.load(
      graph: "p", .floats([.work("by parameter", work(on: .parameter("way")), "IN", "OUT")]))
    let way = Parameter(name: "way", value: .integer(7))
    #expect(try house.ask([0], of: "p", parameters: [way]) == [1])
    #expect(try house.ask([0], of: "p") == [10])
  }

  @Test func `a switch without a case for the value fails and names the cases`() throws {
    let house = GraphHouse()
    try house.load("a", .adding(1))
    let work = GraphDescription.Work.switched(
      on: .tensor("IN"), cases: [.init(value: "7", model: ModelAddress(name: "a"))], otherwise: nil)
    try house.load(graph: "g", .floats([.work("choose", work, "IN", "OUT")]))
    let sink = try house.submit([row([3])]).sink
    #expect(eventually { !sink.ends.isEmpty })
    let text = sink.failure.map(FailureMessage.text) ?? ""
    #expect(text.contains("step choose: no case for `3`; cases: 7"), "\(text)")
  }

  @Test func `a split keeps a routing key with its model and follows the weights`() throws {
    let house = GraphHouse()
    try house.load("a", .adding(1))
    try house.load("b", .adding(10))
    let work = GraphDescription.Work.split([
      .init(model: ModelAddress(name: "a"), weight: 80),
      .init(model: ModelAddress(name: "b"), weight: 20),
    ])
    try house.load(graph: "g", .floats([.work("split", work, "IN", "OUT")]))
    var count = 0
    for number in 0..<300 {
      let first = try house.ask([0], id: "id\(number)")
      if first == [1] { count += 1 }
      if number < 5 { #expect(try house.ask([0], id: "id\(number)") == first) }
    }
    #expect((210...270).contains(count), "\(count) of 300")
  }

  @Test func `elements are asked one by one and gathered in their order`() throws {
    let house = GraphHouse()
    try house.load("a", .adding(1))
    try house.load(
      graph: "g",
      .floats([.model("a", "IN", "OUT") { $0.each = ["IN"] }], input: [-1, -1], output: [-1, -1]))
    let tensor = Tensor([Float(1), 2, 3, 4, 5, 6], datatype: .float32, shape: [3, 2])
    let sink = try house.submit([tensor]).sink
    #expect(eventually { sink.isDone })
    let answer = sink.parts.first?.outputs.first?.tensor
    #expect(answer?.shape == [3, 2])
    #expect(answer?.elements(as: Float.self) == [2, 3, 4, 5, 6, 7])
  }

  @Test func `elements of a model with rows are rows`() throws {
    let house = GraphHouse()
    let model = StepModel(.floats(rank: 2, hasRowAxis: true)) { $0.compactMap { $0 } }
    try house.load("a", model)
    try house.load(
      graph: "g",
      .floats([.model("a", "IN", "OUT") { $0.each = ["IN"] }], input: [-1, -1], output: [-1, -1]),
      rowsMax: 0)
    let tensor = Tensor([Float(1), 2, 3, 4], datatype: .float32, shape: [2, 2])
    let sink = try house.submit([tensor]).sink
    #expect(eventually { sink.isDone })
    #expect(sink.parts.first?.outputs.first?.tensor.elements(as: Float.self) == [1, 2, 3, 4])
    #expect(model.runs.allSatisfy { $0[0]?.shape == [1, 2] && $0[0]?.storage === tensor.storage })
  }

  @Test func `no element gives an answer without elements`() throws {
    let house = GraphHouse()
    let model = StepModel.adding(1)
    try house.load("a", model)
    try house.load(
      graph: "g",
      .floats([.model("a", "IN", "OUT") { $0.each = ["IN"] }], input: [-1, 2], output: [-1, -1]))
    let empty = Tensor([Float](), datatype: .float32, shape: [0, 2])
    let sink = try house.submit([empty]).sink
    #expect(eventually { sink.isDone })
    #expect(sink.parts.first?.outputs.first?.tensor.shape[0] == 0)
    #expect(model.runs.isEmpty)
  }

  @Test func `too many elements are refused`() throws {
    var limits = GraphLimits()
    limits.elementsMax = 2
    let house = GraphHouse(limits: limits)
    try house.load("a", .adding(1))
    try house.load(
      graph: "g",
      .floats([.model("a", "IN", "OUT") { $0.each = ["IN"] }], input: [-1, 1], output: [-1, -1]))
    let sink = try house.submit([Tensor([Float(1), 2, 3], datatype: .float32, shape: [3, 1])]).sink
    #expect(eventually { !sink.ends.isEmpty })
    let text = sink.failure.map(FailureMessage.text) ?? ""
    #expect(text.contains("3 elements are more than the limit of 2"), "\(text)")
  }

  @Test func `a graph asks graphs`() throws {
    let house = GraphHouse()
    try house.load("a", .adding(1))
    try house.load(graph: "inner", .floats([.model("a", "IN", "OUT")]))
    let outer = GraphDescription.Step(
      name: "inner", work: .model(ModelAddress(name: "inner")),
      inputs: [.init(port: "IN", tensor: "IN")], outputs: [.init(port: "OUT", tensor: "OUT")])
    try house.load(graph: "g", .floats([outer]))
    #expect(try house.ask([1]) == [2])
  }

  @Test func `a replaced model is asked from then on, in its version where one is named`() throws {
    let house = GraphHouse()
    try house.load("a", .adding(1))
    let fixed = GraphDescription.Step.work(
      "fixed", .model(ModelAddress(name: "a", version: .number(1))), "IN", "OUT")
    try house.load(graph: "g", .floats([.model("a", "IN", "OUT")]))
    try house.load(graph: "f", .floats([fixed]))
    #expect(try house.ask([1]) == [2])
    var next = ModelSpecification(
      name: "a", version: 2, source: .file(path: "a"),
      loader: FakeLoader { StepModel.adding(100) })
    next.instanceCount = 1
    try house.server.load(next)
    #expect(try house.ask([1]) == [101])
    #expect(try house.ask([1], of: "f") == [2])
  }

  @Test func `many requests of one graph are under way at once`() throws {
    let house = GraphHouse()
    let gate = Gate()
    try house.load("a", .adding(1, gate: gate), instances: 4)
    try house.load(graph: "g", .floats([.model("a", "IN", "OUT")]))
    let sinks = try (0..<20).map { try house.submit([row([Float($0)])]).sink }
    #expect(eventually { gate.waiting == 4 })
    gate.open()
    #expect(eventually { sinks.allSatisfy(\.isDone) })
    let answers = sinks.compactMap { $0.parts.first?.outputs.first?.tensor }
    #expect(answers.map { $0.elements(as: Float.self) } == (1...20).map { [Float($0)] })
  }

  @Test func `only the outputs that are wanted are given, in their order`() throws {
    let house = GraphHouse()
    try house.load("a", .adding(1))
    try house.load("b", .adding(10))
    var graph = GraphDescription.floats([.model("a", "IN", "OUT"), .model("b", "IN", "MORE")])
    graph.outputs.append(DeclaredTensor(name: "MORE", datatype: .float32, dimensions: [-1]))
    try house.load(graph: "g", graph)
    let sink = try house.submit([row([1])], outputs: [1, 0]).sink
    #expect(eventually { sink.isDone })
    #expect(sink.parts[0].outputs.map(\.name) == ["MORE", "OUT"])
    #expect(sink.parts[0].outputs.map { $0.tensor.elements(as: Float.self) } == [[11], [2]])
  }

  @Test func `draining answers what graphs took before their models refuse`() throws {
    let house = GraphHouse()
    let gate = Gate()
    try house.load("a", .adding(1, gate: gate))
    try house.load("b", .adding(10))
    try house.load(graph: "g", .floats([.model("a", "IN", "t"), .model("b", "t", "OUT")]))
    let sink = try house.submit([row([1])]).sink
    #expect(eventually { gate.waiting == 1 })
    Thread.start { gate.open() }
    #expect(house.server.drain(until: .distantFuture))
    #expect(sink.parts.first?.outputs.first?.tensor.elements(as: Float.self) == [12])
  }
}
