/// Fields that say when and where requests run.
extension TritonTable {
  static let scheduling: [(name: String, fields: [Field])] = [
    (
      "ModelDynamicBatching",
      [
        Field(
          "preferred_batch_size", .integer(1...Int64(Int32.max)),
          .honoured("rows at which a batch leaves at once; none above max_batch_size")),
        Field(
          "max_queue_delay_microseconds", microseconds,
          .honoured("how long a request may wait for others")),
        Field(
          "preserve_ordering", .boolean, .honoured("answers leave in the order of requests")),
        Field("priority_levels", .integer(0...1_024), .honoured("1 is the most urgent")),
        Field(
          "default_priority_level", .integer(0...1_024),
          .honoured("of a request that names none; needed beside priority_levels")),
        Field("default_queue_policy", .group("ModelQueuePolicy"), whole),
        Field(
          "priority_queue_policy", .group("ModelQueuePolicy"),
          .honoured("bounds of one level")),
      ]
    ),
    (
      "ModelQueuePolicy",
      [
        Field(
          "timeout_action", word,
          .honoured("what becomes of a request that waited too long")),
        Field(
          "default_timeout_microseconds", microseconds, .honoured("0 is none")),
        Field(
          "allow_timeout_override", .boolean, .honoured("a request's own timeout counts")),
        Field(
          "max_queue_size", uint32,
          .honoured("requests that may wait; 0 takes the server's bound")),
      ]
    ),
    (
      "ModelEnsembling",
      [
        Field("step", .group("Step"), whole),
        Field(
          "max_inflight_requests", uint32, .honoured("asks under way of one step; 0 is any")),
      ]
    ),
    (
      "Step",
      [
        Field("model_name", .text, .honoured("the model that is asked")),
        Field("model_version", int64, .honoured("-1 is the latest")),
        Field("input_map", .text, .honoured("the step's input: the graph's tensor")),
        Field("output_map", .text, .honoured("the step's output: the graph's tensor")),
        Field("model_namespace", .text, .stops("names are unique over all repositories")),
      ]
    ),
  ]

  static let placement: [(name: String, fields: [Field])] = [
    (
      "ModelInstanceGroup",
      [
        Field("name", .text, .warns("instances are numbered")),
        Field(
          "kind", word,
          .honoured("KIND_GPU warns where the model runs on the processor")),
        Field(
          "count", .integer(0...1_024),
          .honoured("callers of the one loaded model; fewer, with a warning, where cores are short")
        ),
        Field(
          "rate_limiter", .group("ModelRateLimiter"),
          .honoured("where the server has --rate-limit execution_count")),
        Field("gpus", count32, .honoured("count on each of them")),
        Field(
          "secondary_devices", .group("SecondaryDevice"),
          .warns("there are none here")),
        Field("profile", .text, .warns("only TensorRT has profiles")),
        Field("passive", .boolean, .honoured("the group gets no instance")),
        Field(
          "host_policy", .text, .honoured("names a --host-policy of the server; cpu without it")),
      ]
    ),
    (
      "ModelRateLimiter",
      [
        Field("resources", .group("Resource"), .honoured("what a run occupies")),
        Field("priority", uint32, .honoured("2 gets half the turns of 1")),
      ]
    ),
    (
      "Resource",
      [
        Field("name", .text, .honoured("the resource")),
        Field("global", .boolean, .honoured("one for all devices")),
        Field("count", uint32, .honoured("how much of it")),
      ]
    ),
    (
      "SecondaryDevice",
      [
        Field("kind", word, .warns("see secondary_devices")),
        Field("device_id", int64, .warns("see secondary_devices")),
      ]
    ),
  ]

  static let optimization: [(name: String, fields: [Field])] = [
    (
      "ModelOptimizationPolicy",
      [
        Field("graph", .group("Graph"), .warns("the runtime optimises as it does by default")),
        Field(
          "priority", word,
          .warns("models share the cores evenly")),
        Field("cuda", .group("Cuda"), .warns("it only concerns CUDA")),
        Field(
          "execution_accelerators", .group("ExecutionAccelerators"),
          .warns("choose with runtime and precision in model.yaml")),
        Field(
          "input_pinned_memory", .group("PinnedMemoryBuffer"), .warns("it only concerns GPUs")),
        Field(
          "output_pinned_memory", .group("PinnedMemoryBuffer"), .warns("it only concerns GPUs")),
        Field("gather_kernel_buffer_threshold", uint32, .warns("it only concerns GPUs")),
        Field("eager_batching", .boolean, .warns("a batch is joined when an instance is free")),
      ]
    ),
    ("Graph", [Field("level", int32, .warns("see graph"))]),
    (
      "Cuda",
      [
        Field("graphs", .boolean, .warns("see cuda")),
        Field("busy_wait_events", .boolean, .warns("see cuda")),
        Field("graph_spec", .group("GraphSpec"), .warns("see cuda")),
        Field("output_copy_stream", .boolean, .warns("see cuda")),
      ]
    ),
    (
      "GraphSpec",
      [
        Field("batch_size", int32, .warns("see cuda")),
        Field("input", .group("Shape"), .warns("see cuda")),
        Field("graph_lower_bound", .group("LowerBound"), .warns("see cuda")),
      ]
    ),
    ("Shape", [Field("dim", int64, .warns("see cuda"))]),
    (
      "LowerBound",
      [
        Field("batch_size", int32, .warns("see cuda")),
        Field("input", .group("Shape"), .warns("see cuda")),
      ]
    ),
    (
      "ExecutionAccelerators",
      [
        Field(
          "gpu_execution_accelerator", .group("Accelerator"),
          .warns("see execution_accelerators")),
        Field(
          "cpu_execution_accelerator", .group("Accelerator"),
          .warns("see execution_accelerators")),
      ]
    ),
    (
      "Accelerator",
      [
        Field("name", .text, .warns("see execution_accelerators")),
        Field("parameters", .text, .warns("see execution_accelerators")),
      ]
    ),
    ("PinnedMemoryBuffer", [Field("enable", .boolean, .warns("it only concerns GPUs"))]),
  ]
}
