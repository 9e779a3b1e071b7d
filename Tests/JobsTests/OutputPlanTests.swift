import Testing

@testable import Jobs

@Suite struct OutputPlanTests {
  @Test func `writes one answer where it was told to`() throws {
    let plan = try OutputPlan(output: "out.png", inputs: ["a/bus.jpg"])
    #expect(plan.directory == nil)
    #expect(plan.file(at: 0, isPhoto: true) == "out.png")
  }

  @Test func `names several answers after their inputs`() throws {
    let plan = try OutputPlan(output: "out", inputs: ["a/bus.webp", "b.d/row", "-"])
    #expect(plan.directory == "out")
    #expect(plan.file(at: 0, isPhoto: true) == "out/bus.jpg")
    #expect(plan.file(at: 1, isPhoto: false) == "out/row.json")
    #expect(plan.file(at: 2, isPhoto: false) == "out/stdin.json")
  }

  @Test func `refuses two inputs of one name`() {
    #expect(throws: OutputPlan.Clash(input: "b/x.jpg", name: "x.jpg")) {
      try OutputPlan(output: "out", inputs: ["a/x.jpg", "b/x.jpg"])
    }
  }
}
