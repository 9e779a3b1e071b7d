/// Fields that say when and where requests run.
extension TritonTable {
  static let scheduling: [(name: String, fields: [Field])] = [
    (
      "ModelDynamicBatching",
      [
        Field(
          "preferred_batch_size", 1, .integer(1...Int64(Int32.max)), .repeated,
          .honoured("rows at which a batch leaves at once; none above max_batch_size")),
        Field(
          "max_queue_delay_microseconds", 2, microseconds,
          .honoured("how long a request may wait for others")),
        Field(
          "preserve_ordering", 3, .boolean, .honoured("answers leave in the order of requests")),
        Field("priority_levels", 4, .integer(0...1_024), .honoured("1 is the most urgent")),
        Field(
          "default_priority_level", 5, .integer(0...1_024),
          .honoured("of a request that names none; needed beside priority_levels")),
        Field("default_queue_policy", 6, .group("ModelQueuePolicy"), whole),
        Field(
          "priority_queue_policy", 7, .group("ModelQueuePolicy"), .keyed,
          .honoured("bounds of one level")),
      ]
    ),
    (
      "ModelQueuePolicy",
      [
        Field(
          "timeout_action", 1, .choice(["REJECT", "DELAY"]),
          .honoured("what becomes of a request that waited too long")),
        Field(
          "default_timeout_microseconds", 2, microseconds, .honoured("0 is none")),
        Field(
          "allow_timeout_override", 3, .boolean, .honoured("a request's own timeout counts")),
        Field(
          "max_queue_size", 4, uint32,
          .honoured("requests that may wait; 0 takes the server's bound")),
      ]
    ),
    (
      "ModelEnsembling",
      [
        Field("step", 1, .group("Step"), .repeated, whole),
        Field(
          "max_inflight_requests", 2, uint32, .honoured("asks under way of one step; 0 is any")),
      ]
    ),
    (
      "Step",
      [
        Field("model_name", 1, .text, .honoured("the model that is asked")),
        Field("model_version", 2, int64, .honoured("-1 is the latest")),
        Field("input_map", 3, .text, .keyed, .honoured("the step's input: the graph's tensor")),
        Field("output_map", 4, .text, .keyed, .honoured("the step's output: the graph's tensor")),
        Field("model_namespace", 5, .text, .stops("names are unique over all repositories")),
      ]
    ),
  ]

  static let placement: [(name: String, fields: [Field])] = [
    (
      "ModelInstanceGroup",
      [
        Field("name", 1, .text, .warns("instances are numbered")),
        Field(
          "kind", 4, .choice(["KIND_AUTO", "KIND_GPU", "KIND_CPU", "KIND_MODEL"]),
          .honoured("KIND_GPU warns where the model runs on the processor")),
        Field(
          "count", 2, .integer(0...1_024),
          .honoured("callers of the one loaded model; fewer, with a warning, where cores are short")
        ),
        Field(
          "rate_limiter", 6, .group("ModelRateLimiter"),
          .honoured("where the server has --rate-limit execution_count")),
        Field("gpus", 3, count32, .repeated, .honoured("count on each of them")),
        Field(
          "secondary_devices", 8, .group("SecondaryDevice"), .repeated,
          .warns("there are none here")),
        Field("profile", 5, .text, .repeated, .warns("only TensorRT has profiles")),
        Field("passive", 7, .boolean, .honoured("the group gets no instance")),
        Field(
          "host_policy", 9, .text, .honoured("names a --host-policy of the server; cpu without it")),
      ]
    ),
    (
      "ModelRateLimiter",
      [
        Field("resources", 1, .group("Resource"), .repeated, .honoured("what a run occupies")),
        Field("priority", 2, uint32, .honoured("2 gets half the turns of 1")),
      ]
    ),
    (
      "Resource",
      [
        Field("name", 1, .text, .honoured("the resource")),
        Field("global", 2, .boolean, .honoured("one for all devices")),
        Field("count", 3, uint32, .honoured("how much of it")),
      ]
    ),
    (
      "SecondaryDevice",
      [
        Field("kind", 1, .choice(["KIND_NVDLA"]), .warns("see secondary_devices")),
        Field("device_id", 2, int64, .warns("see secondary_devices")),
      ]
    ),
  ]

  static let optimization: [(name: String, fields: [Field])] = [
    (
      "ModelOptimizationPolicy",
      [
        Field("graph", 1, .group("Graph"), .warns("the runtime optimises as it does by default")),
        Field(
          "priority", 2, .choice(["PRIORITY_DEFAULT", "PRIORITY_MAX", "PRIORITY_MIN"]),
          .warns("models share the cores evenly")),
        Field("cuda", 3, .group("Cuda"), .warns("it only concerns CUDA")),
        Field(
          "execution_accelerators", 4, .group("ExecutionAccelerators"),
          .warns("choose with runtime and precision in model.yaml")),
        Field(
          "input_pinned_memory", 5, .group("PinnedMemoryBuffer"), .warns("it only concerns GPUs")),
        Field(
          "output_pinned_memory", 6, .group("PinnedMemoryBuffer"), .warns("it only concerns GPUs")),
        Field("gather_kernel_buffer_threshold", 7, uint32, .warns("it only concerns GPUs")),
        Field("eager_batching", 8, .boolean, .warns("a batch is joined when an instance is free")),
      ]
    ),
    ("Graph", [Field("level", 1, int32, .warns("see graph"))]),
    (
      "Cuda",
      [
        Field("graphs", 1, .boolean, .warns("see cuda")),
        Field("busy_wait_events", 2, .boolean, .warns("see cuda")),
        Field("graph_spec", 3, .group("GraphSpec"), .repeated, .warns("see cuda")),
        Field("output_copy_stream", 4, .boolean, .warns("see cuda")),
      ]
    ),
    (
      "GraphSpec",
      [
        Field("batch_size", 1, int32, .warns("see cuda")),
        Field("input", 2, .group("Shape"), .keyed, .warns("see cuda")),
        Field("graph_lower_bound", 3, .group("LowerBound"), .warns("see cuda")),
      ]
    ),
    ("Shape", [Field("dim", 1, int64, .repeated, .warns("see cuda"))]),
    (
      "LowerBound",
      [
        Field("batch_size", 1, int32, .warns("see cuda")),
        Field("input", 2, .group("Shape"), .keyed, .warns("see cuda")),
      ]
    ),
    (
      "ExecutionAccelerators",
      [
        Field(
          "gpu_execution_accelerator", 1, .group("Accelerator"), .repeated,
          .warns("see execution_accelerators")),
        Field(
          "cpu_execution_accelerator", 2, .group("Accelerator"), .repeated,
          .warns("see execution_accelerators")),
      ]
    ),
    (
      "Accelerator",
      [
        Field("name", 1, .text, .warns("see execution_accelerators")),
        Field("parameters", 2, .text, .keyed, .warns("see execution_accelerators")),
      ]
    ),
    ("PinnedMemoryBuffer", [Field("enable", 1, .boolean, .warns("it only concerns GPUs"))]),
  ]
}
