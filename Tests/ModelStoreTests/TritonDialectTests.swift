import Batching
import Inference
import ModelStore
import Testing

@Suite struct TritonDialectTests {
  func tree(_ text: String, _ others: [String: String] = [:]) throws -> Tree {
    var files = others.merging(
      ["m/1/model.onnx": "x", "m/config.pbtxt": text]) { given, _ in given }
    files["m/labels.txt"] = "cat\ndog\n"
    return try Tree(files)
  }

  func plan(
    _ text: String, _ others: [String: String] = [:], flags: [String: String] = [:]
  ) throws -> ModelPlan {
    let tree = try tree(text, others)
    let plans = try ModelPlans.find([tree["m"]], settings: settings(flags))
    return try #require(plans.last)
  }

  static let extras = [
    "m/2/net.onnx": "x", "m/3/net.onnx": "x", "m/1/net.onnx": "x", "m/warmup/scale.bin": "1234",
  ]

  @Test func `a whole configuration reaches the plan`() throws {
    let tree = try tree(TritonSamples.whole, Self.extras)
    let plans = try ModelPlans.find([tree["m"]], settings: settings())
    #expect(plans.map(\.version) == [2, 3])
    let plan = plans[0]
    #expect(plan.runtime == .onnxruntime && plan.source.name.hasSuffix("m/2/net.onnx"))
    #expect(plan.labels == ["cat", "dog"] && plan.options.threadCount == 2)
    #expect(plan.instanceCount == 2 && plan.scheduling.keepsAnswers && plan.warnings.isEmpty)
    #expect(plan.scheduling.instances == [InstanceGroup(count: 2, kind: .cpu)])
    let declared = try #require(plan.declared)
    #expect(declared.rowsMax == 16 && declared.inputs.map(\.name) == ["images", "scale"])
    #expect(declared.inputs[0].dimensions == [3, 640, 640])
    #expect(declared.inputs[1].modelDimensions == [] && declared.inputs[1].isOptional)
    #expect(declared.outputs.first?.dimensions == [-1, 4])
    let warmUp = try #require(plan.warmUps.first)
    #expect(warmUp.name == "zeros" && warmUp.batchSize == 4 && warmUp.count == 3)
    #expect(warmUp.inputs.map(\.content) == [.zero, .file(path: tree["m/warmup/scale.bin"])])
  }

  @Test func `dynamic batching is read to the last field`() throws {
    let policy = try plan(TritonSamples.whole, Self.extras).scheduling.batching
    #expect(policy.mode == .fixed && policy.rowsMax == 16)
    #expect(policy.preferredRowCounts == [4, 8, 16] && policy.delayNanosecondsMax == 500_000)
    #expect(policy.preservesOrdering && policy.priorityLevelCount == 3)
    #expect(policy.defaultPriorityLevel == 2)
    #expect(
      policy.defaultQueue == QueuePolicy(timeoutAction: .delay, timeoutNanoseconds: 2_000_000))
    #expect(
      policy.queue(ofLevel: 1) == QueuePolicy(allowsTimeoutOverride: true, waitingMax: 16))
  }

  @Test func `sequences are read to the last field`() throws {
    let policy = try #require(
      try plan(TritonSamples.sequence, ["m/initial_state/first.bin": "12345678"]).scheduling
        .sequences)
    #expect(
      policy.strategy
        == .oldest(
          candidateSequencesMax: 4, preferredRowCounts: [2, 4], delayNanosecondsMax: 100_000,
          preservesOrdering: true))
    #expect(policy.idleNanosecondsMax == 5_000_000_000)
    #expect(policy.controls.map(\.kind) == [.start, .end, .ready, .correlationID])
    #expect(policy.controls.map(\.datatype) == [.int32, .float32, .bool, .uint64])
    #expect(policy.controls[1].falseValue == -1 && policy.controls[1].trueValue == 1.5)
    #expect(policy.states.first?.initialBytes == Array("12345678".utf8))
  }

  @Test(arguments: [
    (
      "platform: \"tensorflow_savedmodel\"", "1/model.savedmodel/saved_model.pb",
      "1/model.savedmodel"
    ),
    ("backend: \"openvino\"", "1/model.xml", "1/model.xml"),
    (
      "backend: \"openvino\" default_model_filename: \"net.savedmodel\"",
      "1/net.savedmodel/saved_model.pb", "1/net.savedmodel"
    ),
  ])
  func `other formats are found behind their platform`(
    _ text: String, _ file: String, _ source: String
  ) throws {
    let tree = try Tree(["m/config.pbtxt": text, "m/\(file)": "x", "m/1/model.bin": "x"])
    let plan = try #require(try ModelPlans.find([tree["m"]], settings: settings()).first)
    #expect(plan.runtime == .openvino && plan.source.name == tree["m/\(source)"])
  }

  @Test func `a backend that is all configuration needs no file`() throws {
    let text = """
      backend: "identity" max_batch_size: 4
      input { name: "IN" data_type: TYPE_FP32 dims: -1 }
      output { name: "OUT" data_type: TYPE_FP32 dims: -1 }
      parameters { key: "execute_delay_ms" value { string_value: "20" } }
      """
    let tree = try Tree(["m/config.pbtxt": text, "m/1/notes": ""])
    let plan = try #require(try ModelPlans.find([tree["m"]], settings: settings()).first)
    #expect(plan.chosenRuntime == .identity && plan.source.name == tree["m/1"])
    #expect(plan.backendParameters == ["execute_delay_ms": "20"] && plan.warnings.isEmpty)
  }

  @Test(arguments: [("repeat", ModelPlan.RuntimeKind.repeating), ("square", .square)])
  func `a decoupled backend is served with its parameters`(
    _ name: String, _ runtime: ModelPlan.RuntimeKind
  ) throws {
    let text = """
      backend: "\(name)" model_transaction_policy { decoupled: true }
      input { name: "IN" data_type: TYPE_INT32 dims: 1 }
      output { name: "OUT" data_type: TYPE_INT32 dims: 1 }
      parameters { key: "CUSTOM_FAIL_COUNT" value { string_value: "2" } }
      """
    let tree = try Tree(["m/config.pbtxt": text, "m/1/notes": ""])
    let plan = try #require(try ModelPlans.find([tree["m"]], settings: settings()).first)
    #expect(plan.chosenRuntime == runtime && plan.scheduling.isDecoupled)
    #expect(plan.backendParameters == (runtime == .square ? ["CUSTOM_FAIL_COUNT": "2"] : [:]))
    #expect(plan.warnings.isEmpty == (runtime == .square))
  }

  @Test func `an iterative sequence is understood`() throws {
    let text = """
      backend: "iterative_sequence" max_batch_size: 4
      input { name: "INPUT" data_type: TYPE_INT32 dims: 1 }
      output { name: "OUTPUT" data_type: TYPE_INT32 dims: 1 }
      sequence_batching { iterative_sequence: true }
      """
    let tree = try Tree(["m/config.pbtxt": text, "m/1/notes": ""])
    let plan = try #require(try ModelPlans.find([tree["m"]], settings: settings()).first)
    #expect(plan.chosenRuntime == .iterativeSequence && !plan.scheduling.isDecoupled)
    #expect(plan.scheduling.sequences?.isIterative == true && plan.warnings.isEmpty)
  }

  @Test(arguments: ["-1", "soon", "3600001"])
  func `a delay that is none is refused`(_ delay: String) throws {
    let text = """
      backend: "identity"
      parameters { key: "execute_delay_ms" value { string_value: "\(delay)" } }
      """
    let tree = try Tree(["m/config.pbtxt": text, "m/1/notes": ""])
    let fault = #expect(throws: ServerFault.self) {
      _ = try ModelPlans.find([tree["m"]], settings: settings())
    }
    #expect(fault.map { "\($0)" }?.contains("execute_delay_ms") == true)
  }

  @Test func `an ensemble becomes a graph`() throws {
    let plan = try plan(TritonSamples.ensemble)
    let graph = try #require(plan.graph)
    #expect(graph.steps.map(\.name) == ["decode", "classify"] && graph.inFlightRequestsMax == 4)
    #expect(
      graph.models == [
        ModelAddress(name: "decode"), ModelAddress(name: "classify", version: .number(3)),
      ])
    #expect(graph.steps[1].inputs == [.init(port: "x", tensor: "pixels")])
    #expect(graph.steps[0].line == 7)
  }

  @Test(
    arguments: [
      ("", .off, 0), ("max_batch_size: 8", .off, 8), ("dynamic_batching {}", .fixed, 4),
      ("max_batch_size: 8 dynamic_batching {}", .fixed, 8),
      ("max_batch_size: 0 dynamic_batching {}", .off, 0),
      ("dynamic_batching { preferred_batch_size: 12 }", .fixed, 12),
    ] as [(String, BatchingPolicy.Mode, Int)])
  func `the batch size follows what is written`(
    _ text: String, _ mode: BatchingPolicy.Mode, _ rowsMax: Int
  ) throws {
    let policy = try plan(text).scheduling.batching
    #expect(policy.mode == mode && policy.rowsMax == rowsMax)
  }

  @Test(
    arguments: [
      ("version_policy { all {} }", [1, 2, 10]), ("version_policy: { latest {} }", [10]),
      ("version_policy { latest { num_versions: 2 } }", [2, 10]),
      ("version_policy { specific { versions: [1, 10] } }", [1, 10]),
    ] as [(String, [Int64])])
  func `versions are chosen`(_ text: String, _ versions: [Int64]) throws {
    let tree = try tree(text, ["m/2/model.onnx": "x", "m/10/model.onnx": "x"])
    let plans = try ModelPlans.find([tree["m"]], settings: settings())
    #expect(plans.map(\.version) == versions)
  }

  @Test(arguments: [
    ("optimization { cuda { graphs: true } }", "optimization.cuda"),
    ("optimization { graph { level: 1 } }", "optimization.graph"),
    ("optimization { priority: PRIORITY_MAX }", "optimization.priority"),
    ("optimization { input_pinned_memory { enable: true } }", "input_pinned_memory"),
    (
      "optimization { execution_accelerators { cpu_execution_accelerator { name: \"openvino\" } } }",
      "execution_accelerators"
    ),
    ("instance_group { kind: KIND_GPU gpus: 0 }", "GPU"),
    ("instance_group { count: 100 }", "there are 4"),
    ("instance_group { host_policy: \"numa\" }", "host_policy"),
    ("instance_group { rate_limiter { priority: 2 } }", "rate_limiter"),
    ("parameters { key: \"execution_mode\" value { string_value: \"1\" } }", "execution_mode"),
    ("metric_tags { key: \"team\" value: \"a\" }", "metric_tags"),
    ("cc_model_filenames { key: \"7.5\" value: \"x\" }", "cc_model_filenames"),
    ("runtime: \"libx.so\"", "runtime"),
    ("max_batch_size: 0 dynamic_batching {}", "no requests are joined"),
  ])
  func `what only concerns speed warns, with its line`(_ text: String, _ what: String) throws {
    let plan = try plan("\n\(text)")
    #expect(plan.warnings.count == 1, "\(plan.warnings)")
    let warning = try #require(plan.warnings.first)
    #expect(warning.contains(what) && warning.contains("config.pbtxt: line 2"), "\(warning)")
  }

  @Test func `resources and host policies of groups are taken where the server has them`() throws {
    let text = """
      instance_group { count: 1 host_policy: "fast"
        rate_limiter { resources [ { name: "R1" count: 4 }, { name: "R2" global: true count: 2 } ]
          priority: 2 } }
      instance_group { count: 2 kind: KIND_CPU }
      """
    let flags = ["rate-limit": "execution_count", "host-policy": "fast,cpu-cores=0-1"]
    let plan = try plan(text, flags: flags)
    #expect(plan.warnings.isEmpty, "\(plan.warnings)")
    let groups = plan.scheduling.instances
    #expect(groups.map(\.hostPolicy) == ["fast", nil])
    #expect(
      groups.map(\.limit) == [
        RateLimitPolicy(
          claims: [
            ResourceClaim(name: "R1", count: 4),
            ResourceClaim(name: "R2", isGlobal: true, count: 2),
          ], priority: 2), RateLimitPolicy(),
      ])
  }

  @Test(arguments: [(TritonSamples.ensemble, "graph"), (TritonSamples.sequence, "sequence")])
  func `answers that cannot be kept are a warning`(_ text: String, _ what: String) throws {
    let warning = try #require(
      try plan(
        text + "\nresponse_cache { enable: true }", ["m/initial_state/first.bin": "12345678"]
      ).warnings.first { $0.contains("response_cache") })
    #expect(warning.contains("\(what)"), "\(warning)")
  }

  @Test(arguments: [
    "optimization { cuda { graphs: false } priority: PRIORITY_DEFAULT }",
    "model_transaction_policy { decoupled: false }", "response_cache { enable: false }",
    "input { name: \"x\" data_type: TYPE_FP32 dims: 1 is_shape_tensor: false }",
    "parameters: []",
  ])
  func `defaults that are written out say nothing`(_ text: String) throws {
    #expect(throws: Never.self) { try plan(text) }
  }

  static let refused: [(String, String)] = [
    ("name: \"other\"", "the directory is m"), ("max_batch_size: -1", "from 0"),
    ("max_batch_size: \"8\"", "got \"8\""), ("max_batch_sise: 1", "did you mean max_batch_size?"),
    ("max_batch_size: 1 max_batch_size: 2", "given twice"),
    ("backend: \"tensorrt\"", "engine was built from"),
    ("platform: \"pytorch_libtorch\"", "export"),
    ("backend: \"mine\"", "not served here"),
    ("backend: onnxruntime", "expected a text"), ("platform: \"ensemble\"", "ensemble_scheduling"),
    ("batch_input { kind: BATCH_ITEM_SHAPE target_name: \"x\" }", "batch_input is not done here"),
    ("batch_output { target_name: \"x\" }", "batch_output"),
    ("model_operations { op_library_filename: \"x.so\" }", "op_library_filename"),
    ("model_repository_agents { agents { name: \"checksum\" } }", "agents"),
    ("input { name: \"x\" data_type: TYPE_FP32 dims: 1 allow_ragged_batch: true }", "ragged"),
    ("input { name: \"x\" data_type: TYPE_FP32 dims: 1 is_shape_tensor: true }", "shape tensors"),
    ("input { name: \"x\" dims: 1 }", "TYPE_BOOL"), ("input { data_type: TYPE_FP32 }", "a name"),
    ("input { name: \"x\" data_type: TYPE_FP32 dims: [0] }", "1 or more"),
    ("input { name: \"x\" data_type: TYPE_FP33 dims: 1 }", "TYPE_FP32"),
    ("input { name: \"x\" data_type: TYPE_FP32 dims: 2 format: FORMAT_NHWC }", "three lengths"),
    (
      "input { name: \"x\" data_type: TYPE_FP32 dims: [6] reshape { shape: [2, 2] } }",
      "same elements"
    ),
    (
      "input { name: \"x\" data_type: TYPE_FP32 dims: 1 } input { name: \"x\" data_type: TYPE_FP32 dims: 1 }",
      "listed twice"
    ),
    ("output { name: \"x\" data_type: TYPE_FP32 dims: 1 label_filename: \"gone\" }", "gone"),
    ("max_batch_size: 4 dynamic_batching { preferred_batch_size: 8 }", "above max_batch_size"),
    ("dynamic_batching { priority_levels: 2 }", "level from 1 to 2"),
    (
      "dynamic_batching { priority_levels: 2 default_priority_level: 1 priority_queue_policy { key: 3 value {} } }",
      "no level"
    ),
    ("dynamic_batching {} sequence_batching {}", "exclude each other"),
    ("version_policy { all {} latest {} }", "exclude each other"),
    ("version_policy { specific { versions: 7 } }", "no version 7; there are 1"),
    ("version_policy { specific {} }", "expected versions"),
    ("default_model_filename: \"../x\"", "version's directory"),
    ("default_model_filename: \"x.onnx\"", "which is not here"),
    ("instance_group { kind: KIND_CPU gpus: 0 }", "without gpus"),
    ("instance_group { count: many }", "a whole number"),
    ("parameters { key: \"intra_op_thread_count\" value { string_value: \"x\" } }", "whole number"),
    ("parameters { key: \"a\" key: \"b\" }", "one key and one value"),
    ("model_warmup { inputs { key: \"x\" value { zero_data: true } } }", "TYPE_BOOL"),
    (
      "model_warmup { inputs { key: \"x\" value { data_type: TYPE_FP32 input_data_file: \"f\" } } }",
      "there is no"
    ),
    ("sequence_batching { control_input { name: \"S\" } }", "expected a control"),
    (
      "sequence_batching { control_input { name: \"S\" control { int32_false_true: [0] } } }",
      "two values"
    ),
    (
      "sequence_batching { control_input { name: \"S\" control { kind: CONTROL_SEQUENCE_CORRID data_type: TYPE_FP32 } } }",
      "correlation id"
    ),
    ("sequence_batching { state { input_name: \"a\" } }", "output_name"),
    ("sequence_batching { direct { minimum_slot_utilization: 2 } }", "from 0 to 1"),
    ("ensemble_scheduling { step { model_name: \"a\" } }", "needs input and output"),
    ("name: \"m", "column 7"), ("input: 1", "a group of keys"),
  ]

  @Test(arguments: refused)
  func `what cannot be done or is wrong stops the load, with its place`(
    _ text: String, _ expected: String
  ) throws {
    let tree = try tree(text)
    let said = try #require(try refusal(tree["m"]), "accepted: \(text)")
    #expect(said.contains(expected), "\(said)")
    #expect(said.contains("config.pbtxt") || said.contains("m/"), "\(said)")
  }

  @Test func `a graph that cannot run is refused in words`() throws {
    let circle = TritonSamples.ensemble.replacing("value: \"PHOTO\"", with: "value: \"CLASS\"")
    let tree = try tree(circle)
    let said = try #require(try refusal(tree["m"]))
    #expect(said.contains("decode -> classify -> decode"), "\(said)")
    #expect(said.contains("line 7"), "\(said)")
  }

  @Test func `all that stops is counted, and explained with its lines`() throws {
    let tree = try tree("max_batch_size: -1\nnmae: \"m\"\nbatch_output { target_name: \"x\" }")
    #expect(try #require(try refusal(tree["m"])).contains("and 2 more"))
    let notes = try #require(
      try ModelPlans.explanations(tree.path, settings: settings()).first
    ).notes
    #expect(notes.stops.compactMap(\.place?.line) == [1, 2, 3])
  }
}

@Suite struct TritonOverrideTests {
  @Test func `a given config stands in place of the file`() throws {
    let tree = try Tree([
      "r/m/1/model.onnx": "x", "r/m/2/model.onnx": "x", "r/m/config.pbtxt": "max_batch_size: 8",
      "r/m/model.yaml": "instances: 3\n", "r/broken/config.pbtxt": "{", "r/bare.onnx": "x",
    ])
    func plans(_ name: String, _ json: String?) throws -> [ModelPlan] {
      let place = try #require(RepositoryPlace.list([tree["r"]]).first { $0.name == name })
      return try ModelPlans.find(
        place, settings: settings(), override: json.map { Array($0.utf8) })
    }
    #expect(try plans("m", nil).first?.scheduling.batching.rowsMax == 8)
    let given = try plans(
      "m",
      """
      {"name": "m", "maxBatchSize": "2", "versionPolicy": {"specific": {"versions": ["1"]}},
       "input": [{"name": "x", "data_type": "TYPE_FP32", "dims": ["3"]}],
       "parameters": {"intra_op_thread_count": {"string_value": "1"}},
       "dynamic_batching": {"priority_levels": 1, "default_priority_level": 1,
         "priority_queue_policy": {"1": {"timeout_action": "DELAY"}}}}
      """)
    #expect(given.map(\.version) == [1] && given[0].scheduling.batching.rowsMax == 2)
    #expect(given[0].scheduling.batching.queues[1]?.timeoutAction == .delay)
    #expect(given[0].declared?.inputs.first?.dimensions == [3] && given[0].instanceCount == 3)
    #expect(try plans("bare", nil).map(\.name) == ["bare"])
    for (name, json) in [("m", "{"), ("m", "{\"nam\": 1}"), ("bare", "{}")] {
      #expect(throws: ServerFault.self) { try plans(name, json) }
    }
    #expect(throws: ServerFault.self) { try plans("broken", nil) }
  }
}
