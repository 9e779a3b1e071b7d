import Batching
import Inference
import Testing

@testable import ModelStore

@Suite struct ServingChoiceTests {
  private let choice = ServingChoice(
    runtime: .openvino, precision: .auto, instances: 1, threads: 1, rowsMax: 4,
    delayNanoseconds: 2_000_000)

  @Test func `a new file has all that was chosen`() {
    let text = choice.yaml(over: nil, remarks: ["apus tune: fast"], identity: [("name", "m")])
    #expect(
      text == """
        name: m
        # apus tune: fast
        runtime: openvino
        precision: auto
        instances: 1
        runtime-threads: 1
        batching: fixed
        max-batch-size: 4
        batch-delay: 2ms

        """)
  }

  @Test func `an old file keeps everything else, and loses what was chosen before`() {
    let old = """
      # Ours.
      name: kept
      labels:
        - a
        - instances: no key
      target: throughput
      batching: auto
      preferred-batch-sizes:
      - 2
      - 4
      # apus tune: of last week
      task: detect
      """
    let text = choice.yaml(over: old, remarks: [], identity: [("name", "m")]) ?? ""
    #expect(
      text.hasPrefix(
        "# Ours.\nname: kept\nlabels:\n  - a\n  - instances: no key\ntask: detect\nruntime: openvino\n"
      ))
    #expect(!text.contains("target") && !text.contains("preferred") && !text.contains("last week"))
    #expect(choice.yaml(over: text, remarks: [], identity: []) == text)
  }

  @Test(arguments: ["{name: m}", "--- \nname: m", "just text"])
  func `a file that is no plain list of keys is left alone`(old: String) {
    #expect(choice.yaml(over: old, remarks: [], identity: []) == nil)
  }

  @Test func `without batches a bound on rows stays`() {
    var alone = choice
    alone.rowsMax = 1
    let text = alone.yaml(over: "max-batch-size: 8\nbatch-delay: 1ms\n", remarks: [], identity: [])
    #expect(text?.contains("max-batch-size: 8") ?? false)
    #expect(text?.contains("batching: off") ?? false)
    #expect(!(text?.contains("batch-delay") ?? true))
  }

  @Test func `a plan that adopts a choice is served so`() {
    var plan = ModelPlan(name: "m", version: 1, source: .file(path: "m.onnx"))
    let standard = plan.choice(instances: 2)
    #expect(standard.runtime == .onnxruntime && standard.rowsMax == 1)
    plan.adopt(choice)
    #expect(plan.choice(instances: plan.instanceCount ?? 0) == choice)
    #expect(plan.declared?.rowsMax == 4)
    plan.adopt(standard)
    #expect(plan.choice(instances: plan.instanceCount ?? 0) == standard)
    #expect(plan.scheduling.batching.mode == .off)
  }
}
