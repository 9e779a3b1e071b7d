import Inference
import Testing

@Suite struct GraphDescriptionTests {
  func step(_ name: String, _ inputs: [String], _ outputs: [String]) -> GraphDescription.Step {
    GraphDescription.Step(
      name: name, work: .model(ModelAddress(name: name)),
      inputs: inputs.map { .init(port: $0, tensor: $0) },
      outputs: outputs.map { .init(port: $0, tensor: $0) }, line: 5)
  }

  func problem(_ steps: [GraphDescription.Step], output: String = "out") -> String? {
    let graph = GraphDescription(
      inputs: [DeclaredTensor(name: "in", datatype: .float32, dimensions: [1])],
      outputs: [DeclaredTensor(name: output, datatype: .float32, dimensions: [1])], steps: steps)
    do {
      try graph.check()
      return nil
    } catch {
      return "\(error.line): \(error.sentence)"
    }
  }

  @Test func `steps may stand in any order`() {
    #expect(problem([step("b", ["mid"], ["out"]), step("a", ["in"], ["mid"])]) == nil)
    #expect(
      problem([
        step("a", ["in"], ["x"]), step("b", ["in"], ["y"]), step("c", ["x", "y"], ["out"]),
      ]) == nil)
  }

  @Test func `names clash, tensors come from nowhere or twice`() {
    #expect(problem([])?.contains("no step") ?? false)
    #expect(
      problem([step("a", ["in"], ["x"]), step("a", ["in"], ["out"])])?
        .contains("two steps are called a, first in line 5") ?? false)
    #expect(problem([step("a", ["gone"], ["out"])])?.contains("5: step a needs") ?? false)
    #expect(problem([step("a", ["in"], ["x"])])?.contains("made by no step") ?? false)
    #expect(problem([step("a", ["in"], ["in", "out"])])?.contains("is an input") ?? false)
    #expect(
      problem([step("a", ["in"], ["out"]), step("b", ["in"], ["out"])])?
        .contains("made twice: by step a and by step b") ?? false)
  }

  @Test func `a circle is told as a path`() {
    let said = problem([
      step("a", ["in"], ["x"]), step("b", ["x", "z"], ["y"]), step("c", ["y"], ["z", "out"]),
    ])
    #expect(said == "5: steps wait for each other in a circle: b -> c -> b", "\(said ?? "")")
    #expect(problem([step("a", ["out"], ["out"])])?.contains("a -> a") ?? false)
  }

  @Test func `a switch needs the tensor that decides`() {
    var step = step("a", ["in"], ["out"])
    step.work = .switched(
      on: .tensor("gone"), cases: [.init(value: "1", model: ModelAddress(name: "m"))],
      otherwise: nil)
    #expect(problem([step])?.contains("needs the tensor gone") ?? false)
    step.fallback = ModelAddress(name: "f")
    #expect(step.models.map(\.name) == ["m", "f"])
  }
}
