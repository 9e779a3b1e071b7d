import Batching
import Inference
import ModelStore
import Testing

@Suite struct OwnDialectTests {
  func plan(_ yaml: String, _ files: [String: String] = [:]) throws -> ModelPlan {
    let tree = try Tree(
      files.merging(["m/1/model.onnx": "x", "m/model.yaml": yaml]) { given, _ in given })
    return try #require(try ModelPlans.find([tree["m"]], settings: settings()).first)
  }

  @Test func `scheduling is read to the last key`() throws {
    let plan = try plan(
      """
      max-batch-size: 16
      batching: fixed
      preferred-batch-sizes: [8, 4]
      batch-delay: 500us
      preserve-ordering: true
      priority-levels: 3
      default-priority: 2
      queue-size: 9
      queue-timeout: 2ms
      timeout-action: delay
      timeout-override: yes
      padding: {value: -1, mask: attention, buckets: [128, 64]}
      response-cache: true
      aliases: {stable: 1}
      """)
    let policy = plan.scheduling.batching
    #expect(policy.mode == .fixed && policy.rowsMax == 16 && policy.preferredRowCounts == [4, 8])
    #expect(policy.delayNanosecondsMax == 500_000 && policy.preservesOrdering)
    #expect(policy.priorityLevelCount == 3 && policy.defaultPriorityLevel == 2)
    #expect(
      policy.defaultQueue
        == QueuePolicy(
          timeoutAction: .delay, timeoutNanoseconds: 2_000_000, allowsTimeoutOverride: true,
          waitingMax: 9))
    #expect(
      policy.padding
        == PaddingPolicy(value: -1, maskInput: "attention", lengthBuckets: [64, 128]))
    #expect(plan.scheduling.keepsAnswers && plan.aliases == ["stable"])
    #expect(plan.declared?.rowsMax == 16)
  }

  @Test(arguments: ["", "instances: 1\n"])
  func `what runs occupy and where they run is read, however many instances there are`(
    _ instances: String
  ) throws {
    let plan = try plan(
      instances + """
        host-policy: fast
        rate-limit:
          priority: 2
          resources: [{name: R1, count: 4}, {name: R2, global: true}]
        """)
    let group = try #require(plan.scheduling.groups.first)
    #expect(group.hostPolicy == "fast" && plan.scheduling.groups.count == 1)
    #expect(
      group.limit
        == RateLimitPolicy(
          claims: [
            ResourceClaim(name: "R1", count: 4),
            ResourceClaim(name: "R2", isGlobal: true, count: 1),
          ], priority: 2))
    // Neither is obeyed by a server that was not told of them.
    #expect(plan.warnings.contains { $0.contains("rate-limit execution_count") })
    #expect(plan.warnings.contains { $0.contains("called fast") })
  }

  @Test func `model.yaml beside a Triton configuration changes all of its groups`() throws {
    let groups = "instance_group { count: 1 }\ninstance_group { count: 1 host_policy: \"slow\" }"
    let plan = try plan("host-policy: fast\n", ["m/config.pbtxt": groups])
    #expect(plan.scheduling.groups.map(\.hostPolicy) == ["fast", "fast"])
    let document = plan.configuration(
      of: ConfiguredModel(
        name: "m", signature: ModelSignature(inputs: [], outputs: [], hasRowAxis: false),
        platformName: "onnxruntime_onnx", instanceCount: 2))
    guard case .repeated(let written)? = document["instance_group"] else {
      Issue.record("got \(String(describing: document["instance_group"]))")
      return
    }
    let policies = written.map { value -> ModelConfigDocument.Value? in
      if case .message(let group) = value { group["host_policy"] } else { nil }
    }
    #expect(policies == [.text("fast"), .text("fast")])
  }

  @Test func `a resource without a name stops the load`() throws {
    #expect(throws: ServerFault.self) {
      try plan("rate-limit: {resources: [{count: 4}]}\n")
    }
  }

  @Test(
    arguments: [
      ("", .off), ("batching: off\nbatch-delay: 1ms\n", .off), ("batch-delay: 1ms\n", .fixed),
      ("preferred-batch-sizes: 4\n", .fixed), ("batching: auto\n", .automatic(.throughput)),
      ("batching: auto\ntarget: throughput\n", .automatic(.throughput)),
      ("batching: auto\ntarget: p99 20ms\n", .automatic(.p99(nanoseconds: 20_000_000))),
      ("batching: auto\ntarget: 'p99: 1s'\n", .automatic(.p99(nanoseconds: 1_000_000_000))),
    ] as [(String, BatchingPolicy.Mode)])
  func `who chooses follows what is written`(
    _ yaml: String, _ mode: BatchingPolicy.Mode
  ) throws {
    #expect(try plan(yaml).scheduling.batching.mode == mode)
  }

  @Test func `tensors, warm-ups and sequences are read`() throws {
    let plan = try plan(
      """
      inputs: [{name: x, datatype: FP32, shape: [4], model-shape: [2, 2], optional: true}]
      outputs: [{name: y, datatype: BYTES, shape: [-1]}]
      warm-up:
        - {name: first, count: 2, batch-size: 4, inputs: {x: {datatype: FP32, shape: 4, content: random}}}
        - {inputs: {x: {datatype: FP32, shape: 4, content: x.bin}}}
      sequence:
        strategy: oldest
        idle-timeout: 5s
        candidates: 8
        delay: 1ms
        controls: [{input: start, kind: start, datatype: INT32}]
        states: [{input: a, output: b, datatype: FP32, shape: [2]}]
      """, ["m/x.bin": "1"])
    let input = try #require(plan.declared?.inputs.first)
    #expect(input.modelDimensions == [2, 2] && input.isOptional)
    #expect(plan.warmUps.map(\.name) == ["first", "warm-up 2"])
    #expect(plan.warmUps[0].inputs.first?.content == .random && plan.warmUps[0].count == 2)
    guard case .file(let path)? = plan.warmUps[1].inputs.first?.content else {
      return #expect(Bool(false), "no file")
    }
    #expect(path.hasSuffix("m/x.bin"))
    let policy = try #require(plan.scheduling.sequences)
    #expect(policy.idleNanosecondsMax == 5_000_000_000 && policy.controls.count == 1)
    #expect(plan.declared?.serverTensors == ["start", "a", "b"])
  }

  @Test func `every kind of step is read`() throws {
    let graph = try #require(
      try plan(
        """
        graph:
          inputs: [{name: photo, datatype: UINT8, shape: [-1]}]
          outputs: [{name: classes, datatype: FP32, shape: [-1]}]
          max-in-flight: 8
          steps:
            - built-in: decode
              settings: {size: 640, mean: [0, 0.5]}
              inputs: {bytes: photo}
              outputs: {pixels: pixels}
            - {model: yolo@stable, inputs: {images: pixels}, outputs: {boxes: boxes}, fallback: old,
               timeout: 20ms, retries: 2}
            - name: classify
              ensemble: {models: [a, b], combine: weighted, weights: [1, 3]}
              inputs: {x: boxes, photo: pixels}
              outputs: {y: votes}
              each: [boxes]
              soft: true
            - name: route
              switch: {parameter: mode, cases: {fast: small, good: large@2}, otherwise: small}
              inputs: {x: votes}
              outputs: {y: routed}
            - name: trial
              split: {one: 0.9, two: 0.1}
              inputs: {x: routed}
              outputs: {y: classes}
        """
      ).graph)
    #expect(graph.steps.map(\.name) == ["decode", "yolo@stable", "classify", "route", "trial"])
    #expect(
      graph.steps[0].work
        == .builtIn(.decode, settings: ["size": ["640"], "mean": ["0", "0.5"]]))
    #expect(graph.steps[1].fallback == ModelAddress(name: "old") && graph.steps[1].retryCount == 2)
    #expect(graph.steps[1].timeoutNanoseconds == 20_000_000)
    #expect(
      graph.steps[2].work
        == .ensemble(
          [
            .init(model: ModelAddress(name: "a"), weight: 1),
            .init(model: ModelAddress(name: "b"), weight: 3),
          ], .weighted))
    #expect(graph.steps[2].isSoft && graph.steps[2].each == ["boxes"])
    #expect(
      graph.steps[3].work
        == .switched(
          on: .parameter("mode"),
          cases: [
            .init(value: "fast", model: ModelAddress(name: "small")),
            .init(value: "good", model: ModelAddress(name: "large", version: .number(2))),
          ], otherwise: ModelAddress(name: "small")))
    #expect(graph.steps[4].models.map(\.name) == ["one", "two"])
  }

  @Test(arguments: [
    ("batching: sometimes\n", "off or fixed or auto"), ("target: p50 1ms\n", "p99 20ms"),
    ("target: throughput\n", "batching: auto"), ("batch-delay: 5\n", "with its unit"),
    ("max-batch-size: 4\npreferred-batch-sizes: 8\n", "above the batch size 4"),
    ("priority-levels: 2\ndefault-priority: 3\n", "from 1 to 2"),
    ("padding: 0\n", "a group of keys"), ("padding: {vlaue: 0}\n", "did you mean value?"),
    ("aliases: {7: 1}\n", "all digits"), ("aliases: {stable: 9}\n", "which is not served"),
    ("aliases: {stable: x}\n", "whole number"), ("warm-up: [{inputs: {x: {}}}]\n", "a datatype"),
    ("inputs: [{datatype: FP32}]\n", "a name"), ("inputs: [{name: x}]\n", "a datatype"),
    (
      "inputs: [{name: x, datatype: FP32, shape: 4, model-shape: 5}]\n", "hold the elements"
    ),
    ("sequence: {controls: [{input: x}]}\n", "kind"),
    (
      "graph: {inputs: [{name: x, datatype: FP32}], outputs: [{name: x, datatype: FP32}]}\n",
      "no step"
    ),
    ("graph: {steps: [{name: a}]}\n", "expected model, built-in"),
    ("graph: {steps: [{model: a, built-in: crop}]}\n", "exclude each other"),
    ("graph: {steps: [{built-in: corp}]}\n", "decode or letterbox"),
    ("graph: {steps: [{name: a, ensemble: {models: [b], weights: [1]}}]}\n", "combine: weighted"),
    (
      "graph: {steps: [{name: a, ensemble: {models: [b], combine: weighted}}]}\n", "1 weights"
    ),
    ("graph: {steps: [{name: a, switch: {cases: {x: y}}}]}\n", "tensor or parameter"),
    ("graph: {steps: [{name: a, split: {b: 0}}]}\n", "above 0"),
    ("graph: {steps: [{model: a, each: [x]}]}\n", "no tensor among"),
    ("graph: {steps: [{model: a, settings: {x: 1}}]}\n", "go with built-in"),
    (
      "graph:\n  inputs: [{name: x, datatype: FP32}]\n  outputs: [{name: x, datatype: FP32}]\n"
        + "  steps:\n  - {model: a, inputs: {x: gone}}\n", "line 5"
    ),
  ])
  func `what is wrong is refused with its place`(_ yaml: String, _ expected: String) throws {
    let tree = try Tree(["m/1/model.onnx": "x", "m/model.yaml": yaml])
    let said = try #require(try refusal(tree["m"]), "accepted: \(yaml)")
    #expect(said.contains(expected), "\(said)")
  }
}

@Suite struct YAMLBombTests {
  @Test func `aliases cannot make a small file a large one`() throws {
    var yaml = "a0: &a0 [x, x, x, x, x, x, x, x, x, x]\n"
    for level in 1...9 {
      let inner = Array(repeating: "*a\(level - 1)", count: 10).joined(separator: ", ")
      yaml += "a\(level): &a\(level) [\(inner)]\n"
    }
    let tree = try Tree(["m/1/model.onnx": "x", "m/model.yaml": yaml])
    #expect(try #require(try refusal(tree["m"])).contains("more than 200000 values"))
  }
}

@Suite struct DialectPrecedenceTests {
  @Test func `ours is laid over a foreign file, key by key`() throws {
    let tree = try Tree([
      "m/1/model.onnx": "x",
      "m/config.pbtxt": "max_batch_size: 8 dynamic_batching { max_queue_delay_microseconds: 100 }",
      "m/model.yaml": "batch-delay: 2ms\n",
    ])
    let plan = try #require(try ModelPlans.find([tree["m"]], settings: settings()).first)
    let policy = plan.scheduling.batching
    #expect(policy.rowsMax == 8 && policy.mode == .fixed && policy.delayNanosecondsMax == 2_000_000)
    #expect(
      plan.notes.facts.map { $0.file.hasSuffix("config.pbtxt") } == [true, true, false])
  }

  @Test func `two foreign files are refused, and both are named`() throws {
    let tree = try Tree([
      "m/1/model.onnx": "x", "m/config.pbtxt": "", "m/model-settings.json": "{}",
    ])
    let said = try #require(try refusal(tree["m"]))
    #expect(said.contains("config.pbtxt") && said.contains("model-settings.json"))
  }
}

@Suite struct MLServerDialectTests {
  func tree(_ json: String) throws -> Tree {
    try Tree(["m/nets/a.onnx": "x", "m/model-settings.json": json])
  }

  @Test func `a whole file reaches the plan`() throws {
    let tree = try tree(
      """
      {"name": "iris", "implementation": "mlserver_onnx.OnnxModel",
       "parameters": {"uri": "./nets/a.onnx", "version": "7", "content_type": "np"},
       "max_batch_size": 32, "max_batch_time": 0.25, "cache_enabled": true, "parallel_workers": 2,
       "inputs": [{"name": "X", "datatype": "FP32", "shape": [-1, 4]}],
       "outputs": [{"name": "label", "datatype": "INT64", "shape": [-1]}]}
      """)
    let plan = try #require(try ModelPlans.find([tree["m"]], settings: settings()).first)
    #expect(plan.name == "iris" && plan.version == 7)
    #expect(plan.source.name == tree["m/nets/a.onnx"])
    let policy = plan.scheduling.batching
    #expect(policy.mode == .fixed && policy.rowsMax == 32)
    #expect(policy.delayNanosecondsMax == 250_000_000 && plan.scheduling.keepsAnswers)
    #expect(plan.declared?.inputs.first?.dimensions == [4] && plan.declared?.rowsMax == nil)
    #expect(plan.warnings.count == 2 && plan.warnings[0].contains("content_type"))
  }

  @Test(arguments: [
    ("{\"nmae\": \"x\"}", "did you mean name?"), ("{", "line 1"),
    ("{\"parameters\": {\"uri\": \"../x.onnx\"}}", "below this directory"),
    ("{\"parameters\": {\"uri\": \"s3://b/x.onnx\"}}", "below this directory"),
    ("{\"parameters\": {\"uri\": \"gone.onnx\"}}", "which is not here"),
    ("{\"max_batch_size\": 2, \"max_batch_time\": -1}", "seconds"),
    ("{\"inputs\": [{\"name\": \"x\"}]}", "name and datatype"), ("{}", "no model.onnx here"),
  ])
  func `what is wrong is refused`(_ json: String, _ expected: String) throws {
    let tree = try tree(json)
    let said = try #require(try refusal(tree["m"]), "accepted: \(json)")
    #expect(said.contains(expected), "\(said)")
  }
}
